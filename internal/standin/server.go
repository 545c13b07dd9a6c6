package standin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Options tune the stand-in; the zero value is a good one.
type Options struct {
	Keep    int              // mails kept; default 2,000
	Key     string           // the only API key that is accepted; empty: any Bearer key
	Now     func() time.Time // stamps mails, events and webhooks, e.g. with time-lapse time; default time.Now
	Faults  []Fault          // set from the start
	Webhook Webhook          // where events are reported; zero: nowhere
	Readers Readers          // simulated recipients; zero: none
	Account Account          // permissions of the key; zero: it may only send
	// After is how readers wait, such as in time-lapse; default time.After.
	After func(d time.Duration) <-chan time.Time
}

// Server is the stand-in. It is an http.Handler; Start gives it a port of its own.
type Server struct {
	key     string
	now     func() time.Time
	after   func(time.Duration) <-chan time.Time
	readers Readers
	mails   *mailStore
	faults  faultQueue
	lists   *suppressionLists
	hook    *webhookPoster
	tasks   *backgroundTasks
	client  *http.Client
	mux     *http.ServeMux
	handler http.Handler
}

// New returns a stand-in with an empty inbox.
func New(o Options) *Server {
	if o.Keep <= 0 {
		o.Keep = 2000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	s := &Server{
		key:     o.Key,
		now:     o.Now,
		after:   o.After,
		readers: o.Readers,
		mails:   newMailStore(o.Keep),
		lists:   newSuppressionLists(),
		tasks:   newTasks(),
		client:  newLoopbackClient(),
		mux:     http.NewServeMux(),
	}
	s.hook = newWebhookPoster(o.Webhook, o.Now, s.client, s.tasks)
	s.faults.addFaults(o.Faults...)
	s.mux.HandleFunc("/v3/mail/send", s.handleSend)
	s.addAccountRoutes(o.Account)
	s.mux.HandleFunc("/v3/", func(w http.ResponseWriter, _ *http.Request) {
		answerErrors(w, http.StatusNotFound, apiError{Message: "not found: the stand-in knows POST /v3/mail/send, and GET /v3/scopes, whitelabel/domains, verified_senders and suppression"})
	})
	s.addControlRoutes()
	s.addPageRoutes()
	// Pages of other sites that a developer visits cannot post to the stand-in.
	s.handler = http.NewCrossOriginProtection().Handler(s.mux)
	return s
}

// Close ends the background tasks: webhooks and readers. Further calls do nothing.
func (s *Server) Close() {
	s.tasks.closeAll()
	s.client.CloseIdleConnections()
}

// ServeHTTP answers as the API, the inbox or the test controls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Messages returns the kept mails that match the query (empty: all), newest first.
func (s *Server) Messages(query string) []Message { return s.mails.findMessages(query) }

// Counts returns the counts so far.
func (s *Server) Counts() Counts {
	counts, _, _ := s.mails.readCounts()
	return counts
}

// Wait returns when the counts satisfy done, or with the context's error.
func (s *Server) Wait(ctx context.Context, done func(Counts) bool) error {
	for {
		counts, _, changed := s.mails.readCounts()
		if done(counts) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the stand-in SendGrid saw %+v: %w", counts, ctx.Err())
		}
	}
}

// Fail adds faults for the next requests, after those already set.
func (s *Server) Fail(list ...Fault) { s.faults.addFaults(list...) }

// ClearFaults drops the faults that no request has met yet and releases held requests.
func (s *Server) ClearFaults() {
	s.faults.clearQueue()
	s.faults.releaseHeld()
}

// Release lets all held requests continue.
func (s *Server) Release() { s.faults.releaseHeld() }

// Forget drops all mails and counts.
func (s *Server) Forget() { s.mails.forgetAll() }

// handleSend serves POST /v3/mail/send: it reads the request, checks it, applies a fault, accepts the mails and answers.
func (s *Server) handleSend(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	s.mails.updateCounts(func(c *Counts) { c.Requests++ })
	answer := s.answerTo(r, body, err)
	fault := s.faults.takeNext()
	if fault.Taken {
		s.acceptMails(&answer)
	}
	if !s.delayAnswer(r.Context(), fault) {
		s.countStatus(0)
		return
	}
	switch {
	case fault.Reset:
		s.countStatus(0)
		resetConnection(w)
		return
	case fault.Status != 0:
		if fault.Status < 300 {
			answer = sendAnswer{id: answer.id, status: fault.Status}
		} else {
			answer = sendAnswer{status: fault.Status, errs: []apiError{{Message: http.StatusText(fault.Status)}}}
		}
	default:
		s.acceptMails(&answer)
	}
	for name, value := range fault.Headers {
		w.Header().Set(name, value)
	}
	s.countStatus(answer.status)
	answer.writeTo(w)
}

// sendAnswer is the API's answer to a request, with the mails that it accepts.
type sendAnswer struct {
	id       string
	status   int
	errs     []apiError
	messages []Message
}

func (s *Server) answerTo(r *http.Request, body []byte, readErr error) sendAnswer {
	refuse := func(status int, message string) sendAnswer {
		return sendAnswer{status: status, errs: []apiError{{Message: message}}}
	}
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	var tooLarge *http.MaxBytesError
	switch {
	case r.Method != http.MethodPost:
		return refuse(http.StatusMethodNotAllowed, "method not allowed: mail is sent with POST")
	case errors.As(readErr, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "The JSON payload you have included in your request is too large: 30 MB at most.")
	case readErr != nil:
		return refuse(http.StatusBadRequest, "Bad Request: the body ended early")
	case !bearer || strings.TrimSpace(key) == "":
		return refuse(http.StatusUnauthorized, "authorization required: send the API key as a Bearer token")
	case s.key != "" && key != s.key:
		return refuse(http.StatusUnauthorized, "The provided authorization grant is invalid, expired, or revoked")
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return refuse(http.StatusUnsupportedMediaType, "Content-Type should be application/json.")
	}
	request, errs := parseRequest(body, s.now())
	if len(errs) > 0 {
		return sendAnswer{status: http.StatusBadRequest, errs: errs}
	}
	if request.MailSettings.Sandbox.Enable {
		return sendAnswer{status: http.StatusOK}
	}
	id := newID()
	return sendAnswer{id: id, status: http.StatusAccepted, messages: request.toMessages(id)}
}

// acceptMails stores the answer's mails. A second call with the same answer does nothing.
func (s *Server) acceptMails(a *sendAnswer) {
	if a.status == http.StatusOK {
		s.mails.updateCounts(func(c *Counts) { c.Sandboxed++ })
	}
	if len(a.messages) == 0 {
		return
	}
	now := s.now()
	for i := range a.messages {
		a.messages[i].At = now
	}
	s.mails.addMessages(a.messages)
	for _, m := range a.messages {
		if reason := s.lists.dropReason(m.To[0].Email); reason != "" {
			s.mails.updateCounts(func(c *Counts) { c.Suppressed++ })
			s.reportEventsOf(m, Event{Kind: Dropped, Reason: reason})
			continue
		}
		if s.hook.isOn() && !s.hook.o.Quiet {
			s.reportEventsOf(m, Event{Kind: Processed}, Event{Kind: Delivered})
		}
		s.startReader(m)
	}
	a.messages = nil
}

// delayAnswer waits as the fault says. It returns false if the client disconnected meanwhile.
func (s *Server) delayAnswer(ctx context.Context, f Fault) bool {
	if f.Latency > 0 {
		timer := time.NewTimer(f.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	if !f.Hold {
		return true
	}
	gate := s.faults.releaseGate()
	s.mails.updateCounts(func(c *Counts) { c.Held++ })
	defer func() {
		s.mails.updateCounts(func(c *Counts) { c.Held = max(0, c.Held-1) })
	}()
	select {
	case <-gate:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Server) countStatus(status int) {
	s.mails.updateCounts(func(c *Counts) { c.Statuses[status]++ })
}

func (a sendAnswer) writeTo(w http.ResponseWriter) {
	if a.id != "" {
		w.Header().Set("X-Message-Id", a.id)
	}
	if len(a.errs) > 0 {
		answerErrors(w, a.status, a.errs...)
		return
	}
	w.WriteHeader(a.status)
}

func answerErrors(w http.ResponseWriter, status int, errs ...apiError) {
	answerJSON(w, status, map[string][]apiError{"errors": errs})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

// newID returns an X-Message-Id in the API's form: 22 characters of base64url.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}
