package standin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The headers of a signed webhook.
const (
	SignatureHeader = "X-Twilio-Email-Event-Webhook-Signature"
	TimestampHeader = "X-Twilio-Email-Event-Webhook-Timestamp"
)

// Webhook says where events are posted. All durations are real time.
type Webhook struct {
	URL     string        // on this machine; empty: nothing is posted until SetWebhook
	Batch   time.Duration // how long events are gathered for one post; default 200 ms (the real one: 30 s or 768 KB)
	Tries   int           // posts of one batch, the first included; default 8 (the real one retries for 24 hours)
	Backoff time.Duration // before the second try, doubled with each further one up to 5 s; default 100 ms
	Quiet   bool          // report no processed and delivered events by itself, only those of Report
}

// Disorder repeats, drops, reorders or holds events, as the real webhook may. Shares are of events, from 0 to 1; the
// event's id decides.
type Disorder struct {
	Duplicate float64 `json:"duplicate"` // this share is posted a second time, in a later post
	Drop      float64 `json:"drop"`      // this share is never posted
	Reorder   bool    `json:"reorder"`   // a post's events come newest first, and so do posts that wait
	Hold      bool    `json:"hold"`      // nothing is posted until Hold is false again
}

// WebhookCounts counts what the webhook did so far, in events except for Posts and Retries.
type WebhookCounts struct {
	Events     int `json:"events"`     // added to be posted
	Accepted   int `json:"accepted"`   // posted and answered with 2xx, duplicates included
	Duplicated int `json:"duplicated"` // posted, or to be posted, a second time
	Dropped    int `json:"dropped"`    // lost on purpose
	Failed     int `json:"failed"`     // given up after the last try
	Waiting    int `json:"waiting"`    // not posted yet, on their way, or to be tried again
	Posts      int `json:"posts"`      // requests made
	Retries    int `json:"retries"`    // of these, repeats of one that was not answered with 2xx
	LastStatus int `json:"last_status"`
}

const (
	maxPost    = 768 << 10 // bytes
	maxBackoff = 5 * time.Second
)

// webhookItem is one event, ready to be posted.
type webhookItem struct {
	id    string
	json  []byte
	again bool // posted before, and now a deliberate duplicate
}

// randomShare is a number in [0, 1) by which a share of events is chosen for something.
func (i webhookItem) randomShare(question string) float64 {
	sum := sha256.Sum256([]byte(question + i.id))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// webhookPoster posts events. No goroutine runs while the queue is empty.
type webhookPoster struct {
	o      Webhook
	now    func() time.Time
	key    *ecdsa.PrivateKey
	client *http.Client
	tasks  *backgroundTasks

	mu       sync.Mutex
	url      string
	disorder Disorder
	queue    []webhookItem
	posting  bool // a task is gathering or posting
	counts   WebhookCounts
	changed  chan struct{} // closed with every change
}

func newWebhookPoster(o Webhook, now func() time.Time, client *http.Client, tasks *backgroundTasks) *webhookPoster {
	if o.Batch <= 0 {
		o.Batch = 200 * time.Millisecond
	}
	if o.Tries <= 0 {
		o.Tries = 8
	}
	if o.Backoff <= 0 {
		o.Backoff = 100 * time.Millisecond
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the system has no randomness; rand.Read would have crashed too
	}
	return &webhookPoster{o: o, now: now, key: key, client: client, tasks: tasks, url: o.URL, changed: make(chan struct{})}
}

// PublicKey is the key that webhooks are verified with, as SendGrid's settings page shows it: base64 of DER.
func (s *Server) PublicKey() string {
	der, err := x509.MarshalPKIXPublicKey(&s.hook.key.PublicKey)
	if err != nil {
		panic(err) // of P-256 it never fails
	}
	return base64.StdEncoding.EncodeToString(der)
}

// SetWebhook sets where events are posted from now on; empty: nowhere. It refuses addresses of other machines.
func (s *Server) SetWebhook(url string) error {
	if url != "" && !isLoopback(url) {
		return fmt.Errorf("webhook %s: %w", url, errOtherMachine)
	}
	s.hook.changeAndNotify(func() { s.hook.url = url })
	return nil
}

// SetDisorder sets the disorder from now on. The zero Disorder ends it and posts what was held.
func (s *Server) SetDisorder(d Disorder) { s.hook.changeAndNotify(func() { s.hook.disorder = d }) }

// Webhooks returns the webhook's counts so far.
func (s *Server) Webhooks() WebhookCounts {
	s.hook.mu.Lock()
	defer s.hook.mu.Unlock()
	return s.hook.counts
}

// WaitReported returns when the webhook's counts satisfy done, or with the context's error.
func (s *Server) WaitReported(ctx context.Context, done func(WebhookCounts) bool) error {
	for {
		s.hook.mu.Lock()
		counts := s.hook.counts
		changed := s.hook.changed
		s.hook.mu.Unlock()
		if done(counts) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the stand-in SendGrid's webhook did %+v: %w", counts, ctx.Err())
		}
	}
}

// changeAndNotify runs do with the lock held, wakes those who wait for a change, and starts posting if there is something
// to post.
func (h *webhookPoster) changeAndNotify(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	do()
	close(h.changed)
	h.changed = make(chan struct{})
	if !h.posting && len(h.queue) > 0 && !h.disorder.Hold {
		h.posting = true
		h.tasks.startTask(h.postQueue)
	}
}

// isOn reports whether events are posted anywhere.
func (h *webhookPoster) isOn() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.url != ""
}

// addItems queues events to be posted, except those that Disorder.Drop selects.
func (h *webhookPoster) addItems(items ...webhookItem) {
	h.changeAndNotify(func() {
		if h.url == "" {
			return
		}
		for _, i := range items {
			h.counts.Events++
			if i.randomShare("drop") < h.disorder.Drop {
				h.counts.Dropped++
				continue
			}
			h.queue = append(h.queue, i)
			h.counts.Waiting++
		}
	})
}

// postQueue gathers events and posts them until the queue is empty.
func (h *webhookPoster) postQueue() {
	for {
		if !h.sleepReal(h.o.Batch) {
			return
		}
		batch := h.takeBatch()
		if len(batch) == 0 {
			return
		}
		if !h.postOnce(batch) {
			h.tasks.startTask(func() { h.retryBatch(batch) }) // in the background, so that other batches do not wait
		}
	}
}

// takeBatch takes the next post's events from the queue. It returns none if the task is done.
func (h *webhookPoster) takeBatch() (batch []webhookItem) {
	h.changeAndNotify(func() {
		size := 0
		n := 0
		if h.disorder.Reorder {
			slices.Reverse(h.queue)
		}
		for n < len(h.queue) && (n == 0 || size+len(h.queue[n].json) <= maxPost) && !h.disorder.Hold {
			size += len(h.queue[n].json) + 3
			n++
		}
		batch = slices.Clone(h.queue[:n])
		h.queue = slices.Delete(h.queue, 0, n)
		for _, i := range batch {
			if !i.again && i.randomShare("duplicate") < h.disorder.Duplicate {
				i.again = true
				h.queue = append(h.queue, i)
				h.counts.Duplicated++
				h.counts.Waiting++
			}
		}
		h.posting = n > 0
	})
	return batch
}

// sleepReal waits in real time. It returns false if the server is closed meanwhile.
func (h *webhookPoster) sleepReal(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-h.tasks.ctx.Done():
		return false
	}
}

// retryBatch posts a batch again until it is accepted or Webhook.Tries is reached.
func (h *webhookPoster) retryBatch(batch []webhookItem) {
	wait := h.o.Backoff
	for range h.o.Tries - 1 {
		if !h.sleepReal(wait) {
			return
		}
		h.changeAndNotify(func() { h.counts.Retries++ })
		if h.postOnce(batch) {
			return
		}
		wait = min(2*wait, maxBackoff)
	}
	h.changeAndNotify(func() {
		h.counts.Failed += len(batch)
		h.counts.Waiting -= len(batch)
	})
}
