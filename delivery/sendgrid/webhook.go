package sendgrid

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"homeroom/delivery"
)

// WebhookPath is where SendGrid posts to, below the public URL.
const WebhookPath = "/webhooks/sendgrid"

// WebhookOptions are what a Webhook needs. All are required unless they say otherwise.
type WebhookOptions struct {
	Reports delivery.Reports
	Key     *ecdsa.PublicKey // that SendGrid signs with, see [ParsePublicKey]; nil: every post is answered with 404
	MaxAge  time.Duration    // of a post's timestamp; 0: any age
	// Client returns the address that a request comes from, behind whatever proxy there is. Requests of one client
	// have the same.
	Client func(*http.Request) string
	Now    func() time.Time
	Log    *slog.Logger // optional: silence
}

const (
	maxPost     = 2 << 20 // bytes; SendGrid posts at 768 KB
	maxPosts    = 16      // handled at once, each in memory as a whole
	maxOfOne    = 4       // of them from one client address: nobody keeps SendGrid out by posting slowly
	maxAtOnce   = 8       // sends of one post that are worked on at once
	maxFailures = 16      // after so many the store is away, and there is no use in trying the rest
	// tryAgain is the Retry-After of a refused post, in seconds. SendGrid tries for 24 hours, in its own rhythm.
	tryAgain = "30"
)

// Webhook is SendGrid's event webhook. It may be used concurrently. A post is answered when everything in it is taken in, or with 503, so that it
// comes again as a whole.
type Webhook struct {
	o        WebhookOptions
	slots    chan struct{}
	mu       sync.Mutex
	inFlight map[string]int // posts, by client
	refusals sparse         // that anybody can cause
	delays   sparse         // that our own stores cause
	hint     sync.Once
}

// NewWebhook returns a Webhook; the error says what the options lack.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	for _, need := range []struct {
		name string
		ok   bool
	}{
		{"Client", o.Client != nil},
		{"Now", o.Now != nil},
		{"Reports (there is a Key)", o.Reports != nil || o.Key == nil},
	} {
		if !need.ok {
			return nil, fmt.Errorf("the webhook needs WebhookOptions.%s", need.name)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Webhook{
		o:        o,
		slots:    make(chan struct{}, maxPosts),
		inFlight: map[string]int{},
	}, nil
}

// takeSlot counts one more post of a client. It returns false if maxOfOne of them are being handled already.
func (h *Webhook) takeSlot(client string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inFlight[client] >= maxOfOne {
		return false
	}
	h.inFlight[client]++
	return true
}

func (h *Webhook) freeSlot(client string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inFlight[client]--; h.inFlight[client] == 0 {
		delete(h.inFlight, client)
	}
}

// ServeHTTP takes a post in: 204, or 401 if it is not SendGrid's, 400 if it is no batch, 413 if it is too big, and 503
// if it is to be posted again.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.o.Key == nil {
		h.hint.Do(func() {
			h.o.Log.Warn("a webhook was refused because there is no key to verify it with; turn on signature verification in SendGrid's event webhook settings and configure the key shown there")
		})
		w.WriteHeader(http.StatusNotFound)
		return
	}
	client := h.o.Client(r)
	if !h.takeSlot(client) {
		h.askToRetry(w, "too many posts of one client at once", nil)
		return
	}
	defer h.freeSlot(client)
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		h.askToRetry(w, "too many posts at once", nil)
		return
	}
	received := h.o.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPost))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		h.refusePost(w, http.StatusRequestEntityTooLarge, "it is too big")
		return
	case err != nil:
		w.WriteHeader(http.StatusBadRequest) // it broke off; nobody hears the answer
		return
	}
	if err := verifySignature(h.o.Key, r.Header.Get(signatureHeader), r.Header.Get(timestampHeader), body, received, h.o.MaxAge); err != nil {
		h.refusePost(w, http.StatusUnauthorized, err.Error())
		return
	}
	b, err := parseItems(body, received)
	if err != nil {
		h.refusePost(w, http.StatusBadRequest, err.Error())
		return
	}
	took, err := h.handleReports(r.Context(), b.reports)
	h.logPost(b, took)
	if err != nil {
		h.askToRetry(w, "what is in it could not all be taken in", err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// tally counts what became of reports.
type tally struct{ taken, again, unknown, nothing, failed atomic.Int64 }

func (t *tally) countEffect(what delivery.Effect) {
	switch what {
	case delivery.EffectNew:
		t.taken.Add(1)
	case delivery.EffectAgain:
		t.again.Add(1)
	case delivery.EffectUnknown:
		t.unknown.Add(1)
	case delivery.EffectNothing:
		t.nothing.Add(1)
	}
}

// handleReports takes reports in, several sends at once and each send's reports one after the other. A report that fails does not
// keep the others from being taken in; the error is the first one.
func (h *Webhook) handleReports(ctx context.Context, reports []delivery.ProviderReport) (*tally, error) {
	var (
		t     = new(tally)
		wg    sync.WaitGroup
		once  sync.Once
		first error
		sends = make(chan []delivery.ProviderReport)
	)
	for range min(maxAtOnce, len(reports)) {
		wg.Go(func() {
			for send := range sends {
				for _, rep := range send {
					if t.failed.Load() >= maxFailures {
						break
					}
					what, err := h.o.Reports.Take(ctx, rep)
					if err != nil {
						t.failed.Add(1)
						once.Do(func() { first = err })
						continue
					}
					t.countEffect(what)
				}
			}
		})
	}
	for _, send := range bySend(reports) {
		sends <- send
	}
	close(sends)
	wg.Wait()
	return t, first
}

// bySend puts the reports of each send together, so that they do not race for its ledger entry.
func bySend(reports []delivery.ProviderReport) [][]delivery.ProviderReport {
	var sends [][]delivery.ProviderReport
	at := map[string]int{}
	for _, rep := range reports {
		i, known := at[rep.SendID]
		if !known || rep.SendID == "" {
			i = len(sends)
			at[rep.SendID] = i
			sends = append(sends, nil)
		}
		sends[i] = append(sends[i], rep)
	}
	return sends
}

func (h *Webhook) logPost(b items, t *tally) {
	for _, status := range b.warnings {
		h.o.Log.Warn("SendGrid changed the status of the account; look into its console", "status", status)
	}
	level := slog.LevelDebug
	if b.bad > 0 || b.ignored > len(b.warnings) {
		level = slog.LevelInfo
	}
	h.o.Log.Log(context.Background(), level, "webhook", "taken", t.taken.Load(), "known", t.again.Load(), "nothing_new", t.nothing.Load(),
		"unknown_sends", t.unknown.Load(), "failed", t.failed.Load(), "ignored", b.ignored, "bad", b.bad, "notes", b.notes)
}

// refusePost answers a post that is not handled. At most one refusal a minute is logged, because anybody can post.
func (h *Webhook) refusePost(w http.ResponseWriter, status int, why string) {
	if missed, ok := h.refusals.shouldLog(h.o.Now()); ok {
		h.o.Log.Warn("a webhook was refused", "status", status, "why", why, "refused_before_unlogged", missed)
	}
	w.WriteHeader(status)
}

// askToRetry asks for the post to come again.
func (h *Webhook) askToRetry(w http.ResponseWriter, why string, err error) {
	if missed, ok := h.delays.shouldLog(h.o.Now()); ok {
		h.o.Log.Error("a webhook has to be posted again", "why", why, "error", err, "refused_before_unlogged", missed)
	}
	w.Header().Set("Retry-After", tryAgain)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// sparse lets one thing a minute through.
type sparse struct {
	mu     sync.Mutex
	last   time.Time
	missed int
}

// shouldLog reports whether it is time again, and how many were not let through since.
func (s *sparse) shouldLog(now time.Time) (missed int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.IsZero() && now.Sub(s.last) < time.Minute {
		s.missed++
		return 0, false
	}
	missed = s.missed
	s.last = now
	s.missed = 0
	return missed, true
}
