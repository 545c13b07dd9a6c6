package targetstandin

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxBody is more than any message has, in bytes.
	maxBody = 1 << 20
	// maxAge is how far the time of a signature may be from the target's own, as Standard Webhooks advises.
	maxAge = 5 * time.Minute
)

// Options configure a target.
type Options struct {
	Secret string           // "whsec_…"; empty: [Secret]
	Now    func() time.Time // default: the machine's clock
}

// Secret is that of targets that are given none.
const Secret = "whsec_c3RhbmQtaW4gZm9yIGRldmVsb3BtZW50IG9ubHk="

// Fault is what the target does to posts instead of taking them.
type Fault struct {
	Status     int    // of its answer
	RetryAfter string // the header of that name; may be empty
	Location   string // the header of that name; may be empty
	Times      int    // to how many posts; 0: one
	Taken      bool   // it takes the message all the same
	Hold       bool   // it answers only when the client has gone or [Target.Release] is called
	Reset      bool   // it drops the connection instead of answering
}

// Post is what the target knows of one id.
type Post struct {
	ID      string          `json:"id"`
	Path    string          `json:"path"`
	Body    json.RawMessage `json:"body"`
	Repeats int             `json:"repeats"` // how often it came after the target took it
}

// Counts are of all posts.
type Counts struct {
	Requests int `json:"requests"`
	Taken    int `json:"taken"`   // ids
	Repeats  int `json:"repeats"` // posts of ids that were taken before
	Refused  int `json:"refused"` // with a bad signature or body
}

// Target is a stand-in target. It is an http.Handler and may be used concurrently.
type Target struct {
	key []byte
	now func() time.Time

	mu      sync.Mutex
	counts  Counts
	posts   map[string]*Post
	order   []string
	faults  []Fault
	release chan struct{}
}

// New returns a target.
func New(o Options) (*Target, error) {
	encoded := strings.TrimPrefix(cmp.Or(o.Secret, Secret), "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("the target's secret is not base64: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Target{key: key, now: o.Now, posts: map[string]*Post{}, release: make(chan struct{})}, nil
}

// ServeHTTP implements http.Handler.
func (t *Target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == "/posts" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct {
			Counts Counts `json:"counts"`
			Posts  []Post `json:"posts"`
		}{t.Counts(), t.Posts()})
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "post messages here, and look at them at /posts", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return
	}
	status, why := t.checkPost(r.Header, body)
	t.mu.Lock()
	t.counts.Requests++
	if status != 0 {
		t.counts.Refused++
		t.mu.Unlock()
		http.Error(w, why, status)
		return
	}
	fault := t.nextFault()
	if fault == (Fault{}) || fault.Taken {
		t.recordPost(r.Header.Get("webhook-id"), r.URL.Path, body)
	}
	release := t.release
	t.mu.Unlock()
	answerPost(w, r, fault, release)
}

// nextFault returns the fault of the next post. The caller holds the lock.
func (t *Target) nextFault() Fault {
	if len(t.faults) == 0 {
		return Fault{}
	}
	fault := t.faults[0]
	if t.faults[0].Times--; t.faults[0].Times <= 0 {
		t.faults = t.faults[1:]
	}
	return fault
}

// recordPost keeps a message, or counts a repeat. The caller holds the lock.
func (t *Target) recordPost(id, path string, body []byte) {
	if known := t.posts[id]; known != nil {
		known.Repeats++
		t.counts.Repeats++
		return
	}
	t.posts[id] = &Post{ID: id, Path: path, Body: body}
	t.order = append(t.order, id)
	t.counts.Taken++
}

// answerPost answers a post, or does what its fault says.
func answerPost(w http.ResponseWriter, r *http.Request, fault Fault, release <-chan struct{}) {
	if fault.Hold {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}
	if fault.Reset {
		panic(http.ErrAbortHandler)
	}
	for name, value := range map[string]string{"Retry-After": fault.RetryAfter, "Location": fault.Location} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(cmp.Or(fault.Status, http.StatusNoContent))
}

// checkPost says why a post is refused; 0: it is not.
func (t *Target) checkPost(h http.Header, body []byte) (status int, why string) {
	id := h.Get("webhook-id")
	seconds, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	age := t.now().Sub(time.Unix(seconds, 0))
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte(id + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	signed := slices.ContainsFunc(strings.Fields(h.Get("webhook-signature")), func(s string) bool { return hmac.Equal([]byte(s), want) })
	switch {
	case id == "" || err != nil || !signed:
		return http.StatusUnauthorized, "the signature is not this target's"
	case age > maxAge || age < -maxAge:
		return http.StatusUnauthorized, "the signature is of another time"
	}
	var event struct{ SpecVersion, ID, Source, Type, Subject string }
	switch err := json.Unmarshal(body, &event); {
	case err != nil:
		return http.StatusBadRequest, "the body is not JSON"
	case !strings.HasPrefix(h.Get("Content-Type"), "application/cloudevents+json"):
		return http.StatusUnsupportedMediaType, "the body is no CloudEvent"
	case event.SpecVersion != "1.0" || event.ID != id || event.Source == "" || event.Type == "":
		return http.StatusBadRequest, "the body lacks what a CloudEvent has, or its id is not the post's"
	}
	return 0, ""
}

// Fail lets the next posts meet faults, in turn; posts that are refused meet none.
func (t *Target) Fail(faults ...Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, faults...)
}

// Release answers the posts that are held.
func (t *Target) Release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.release)
	t.release = make(chan struct{})
}

// Counts returns how many posts came.
func (t *Target) Counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}

// Posts returns what was taken, in order.
func (t *Target) Posts() []Post {
	t.mu.Lock()
	defer t.mu.Unlock()
	posts := make([]Post, 0, len(t.order))
	for _, id := range t.order {
		posts = append(posts, *t.posts[id])
	}
	return posts
}

// Post returns what is known of an id.
func (t *Target) Post(id string) (Post, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.posts[id]; p != nil {
		return *p, true
	}
	return Post{}, false
}
