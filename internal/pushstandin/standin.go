package pushstandin

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Project is the project of stand-ins that are given none.
const Project = "academy-dev"

// email is who the service account is.
const email = "homeroom@academy-dev.iam.gserviceaccount.example"

// tokenLife is how long an access token is valid.
const tokenLife = time.Hour

// maxBody is more than any request has, in bytes.
const maxBody = 1 << 20

// Options configure a stand-in.
type Options struct {
	Project string           // empty: [Project]
	Key     *rsa.PrivateKey  // of the service account; nil: a new one
	Now     func() time.Time // default: the machine's clock
}

// Fault is what the stand-in does to messages instead of taking them.
type Fault struct {
	Status     int    // of its answer
	Code       string // Firebase's error code, such as QUOTA_EXCEEDED; empty: none
	RetryAfter string // the header of that name; may be empty
	Times      int    // to how many messages; 0: one
	Taken      bool   // it takes the message all the same
	Hold       bool   // it answers only when the client has gone or [Standin.Release] is called
	Reset      bool   // it drops the connection instead of answering
	AtToken    bool   // it is the token server that fails, not Firebase
}

// Push is a message that was taken for one app.
type Push struct {
	Name    string          `json:"name"` // as Firebase names it
	Token   string          `json:"token"`
	SendID  string          `json:"send_id"`
	Message json.RawMessage `json:"message"`
	At      time.Time       `json:"at"`
}

// Counts are of all requests.
type Counts struct {
	Requests     int `json:"requests"` // of messages
	Taken        int `json:"taken"`
	Repeats      int `json:"repeats"`      // messages for an app that had one of the same send
	Refused      int `json:"refused"`      // with a bad access token or a bad message
	Unregistered int `json:"unregistered"` // to tokens that expired
	AccessTokens int `json:"access_tokens"`
}

// Standin is a stand-in Firebase. It is an http.Handler and may be used concurrently.
type Standin struct {
	project string
	now     func() time.Time
	key     *rsa.PrivateKey

	mu      sync.Mutex
	counts  Counts
	pushes  []Push
	sent    map[string]bool      // "token send" pairs
	expired map[string]bool      // tokens of apps
	access  map[string]time.Time // access tokens, and when they end
	faults  []Fault
	release chan struct{}
}

// New returns a stand-in.
func New(o Options) (*Standin, error) {
	if o.Key == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("make the key of a service account: %w", err)
		}
		o.Key = key
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Standin{
		project: cmp.Or(o.Project, Project),
		now:     o.Now,
		key:     o.Key,
		sent:    map[string]bool{},
		expired: map[string]bool{},
		access:  map[string]time.Time{},
		release: make(chan struct{}),
	}, nil
}

// Account returns the file of a service account whose token server is the stand-in, which listens at a base address.
func (s *Standin) Account(url string) ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return nil, fmt.Errorf("write the key of a service account: %w", err)
	}
	return json.Marshal(map[string]string{
		"type":           "service_account",
		"project_id":     s.project,
		"private_key_id": "stand-in",
		"private_key":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"client_email":   email,
		"token_uri":      strings.TrimSuffix(url, "/") + "/token",
	})
}

// ServeHTTP implements http.Handler.
func (s *Standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	switch {
	case err != nil:
	case r.Method == http.MethodGet && r.URL.Path == "/pushes":
		writeJSON(w, http.StatusOK, struct {
			Counts Counts `json:"counts"`
			Pushes []Push `json:"pushes"`
		}{s.Counts(), s.Pushes()})
	case r.Method == http.MethodPost && r.URL.Path == "/expire":
		s.Expire(strings.Fields(string(body))...)
	case r.Method == http.MethodPost && r.URL.Path == "/token":
		s.serveToken(w, r, body)
	case r.Method == http.MethodPost && r.URL.Path == "/v1/projects/"+s.project+"/messages:send":
		s.serveMessage(w, r, body)
	default:
		writeError(w, http.StatusNotFound, "NOT_FOUND", "", "")
	}
}

// serveMessage takes a message, or refuses it as Firebase does.
func (s *Standin) serveMessage(w http.ResponseWriter, r *http.Request, body []byte) {
	m, refusal := s.checkRequest(r.Header, body)
	s.mu.Lock()
	s.counts.Requests++
	if refusal != nil {
		s.counts.Refused++
		s.mu.Unlock()
		writeError(w, refusal.status, refusal.word, refusal.code, refusal.field)
		return
	}
	fault := s.nextFault(false)
	gone := s.expired[m.Token]
	var name string
	switch {
	case fault != (Fault{}) && !fault.Taken:
	case gone:
		s.counts.Unregistered++
	default:
		name = s.recordPush(m, body)
	}
	release := s.release
	s.mu.Unlock()
	if fault != (Fault{}) {
		answerFault(w, r, fault, release)
		return
	}
	if gone {
		writeError(w, http.StatusNotFound, "NOT_FOUND", "UNREGISTERED", "")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"name": name})
}

// recordPush keeps a message. The caller holds the lock.
func (s *Standin) recordPush(m *message, body []byte) string {
	s.counts.Taken++
	p := Push{
		Name:    fmt.Sprintf("projects/%s/messages/%d", s.project, s.counts.Taken),
		Token:   m.Token,
		SendID:  m.Data["send_id"],
		Message: json.RawMessage(body),
		At:      s.now(),
	}
	pair := p.Token + " " + p.SendID
	if s.sent[pair] {
		s.counts.Repeats++
	}
	s.sent[pair] = true
	s.pushes = append(s.pushes, p)
	return p.Name
}

// nextFault returns the fault of the next request of a kind. The caller holds the lock.
func (s *Standin) nextFault(atToken bool) Fault {
	for i, fault := range s.faults {
		if fault.AtToken != atToken {
			continue
		}
		if s.faults[i].Times--; s.faults[i].Times <= 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return fault
	}
	return Fault{}
}

// answerFault does what a fault says.
func answerFault(w http.ResponseWriter, r *http.Request, fault Fault, release <-chan struct{}) {
	if fault.Hold {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}
	if fault.Reset {
		panic(http.ErrAbortHandler)
	}
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	if status := cmp.Or(fault.Status, http.StatusOK); status >= http.StatusBadRequest {
		writeError(w, status, "", fault.Code, "")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{})
}

// writeError answers as Google's APIs do. code is of Firebase's own codes; field is what of the request is wrong; both may be empty.
func writeError(w http.ResponseWriter, status int, word, code, field string) {
	details := []map[string]any{}
	if code != "" {
		details = append(details, map[string]any{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code})
	}
	words := "refused by the stand-in"
	switch field {
	case "":
	case "message.token": // Firebase says it in words only
		words = "The registration token is not a valid FCM registration token"
	default:
		details = append(details, map[string]any{
			"@type":           "type.googleapis.com/google.rpc.BadRequest",
			"fieldViolations": []map[string]string{{"field": field, "description": "it is not valid"}},
		})
	}
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": status, "message": words, "status": word, "details": details}})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// newAccessToken makes an access token.
func newAccessToken() (string, error) {
	raw := make([]byte, 24)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("make an access token: %w", err)
	}
	return "ya29." + hex.EncodeToString(raw), nil
}
