package standin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options tune the stand-in; the zero value is a good one.
type Options struct {
	Keep   int              // mails kept; default 2,000
	Key    string           // the API key to insist on; empty: any Bearer key will do
	Now    func() time.Time // stamps mails, e.g. with time-lapse time; default time.Now
	Faults []Fault          // what goes wrong from the start
}

// Server is the stand-in. It is an http.Handler; Start gives it a port of its own.
type Server struct {
	key    string
	now    func() time.Time
	box    *box
	faults faults
	mux    *http.ServeMux
}

// New returns a stand-in with an empty inbox.
func New(o Options) *Server {
	if o.Keep <= 0 {
		o.Keep = 2000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{key: o.Key, now: o.Now, box: newBox(o.Keep), mux: http.NewServeMux()}
	s.faults.add(o.Faults...)
	s.mux.HandleFunc("/v3/mail/send", s.send)
	s.mux.HandleFunc("/v3/", func(w http.ResponseWriter, _ *http.Request) {
		answerErrors(w, http.StatusNotFound, apiError{Message: "not found: the stand-in knows POST /v3/mail/send only"})
	})
	s.mux.HandleFunc("GET /_standin/messages", s.listMessages)
	s.mux.HandleFunc("DELETE /_standin/messages", func(w http.ResponseWriter, _ *http.Request) {
		s.Forget()
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("GET /_standin/faults", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, s.faults.list())
	})
	s.mux.HandleFunc("POST /_standin/faults", s.addFaults)
	s.mux.HandleFunc("DELETE /_standin/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("POST /_standin/release", func(w http.ResponseWriter, _ *http.Request) {
		s.Release()
		w.WriteHeader(http.StatusNoContent)
	})
	s.pages()
	return s
}

// ServeHTTP answers as the API, the inbox or the test controls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Messages returns the kept mails that match the query (empty: all), newest first.
func (s *Server) Messages(query string) []Message { return s.box.find(query) }

// Counts says what happened so far.
func (s *Server) Counts() Counts {
	counts, _, _ := s.box.look()
	return counts
}

// Wait returns when the counts satisfy done, or with the context's error.
func (s *Server) Wait(ctx context.Context, done func(Counts) bool) error {
	for {
		counts, _, changed := s.box.look()
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

// Fail lets the next requests meet these faults, after those already set.
func (s *Server) Fail(list ...Fault) { s.faults.add(list...) }

// ClearFaults forgets the faults that were not met yet and releases what is held.
func (s *Server) ClearFaults() {
	s.faults.clear()
	s.faults.release()
}

// Release lets every held request go on.
func (s *Server) Release() { s.faults.release() }

// Forget empties the inbox and starts counting anew.
func (s *Server) Forget() { s.box.forget() }

// send is POST /v3/mail/send: read, meet a fault, judge, take, answer.
func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	s.box.update(func(c *Counts) { c.Requests++ })
	answer := s.judge(r, body, err)
	fault := s.faults.next()
	if fault.Taken {
		s.take(&answer)
	}
	if !s.linger(r.Context(), fault) {
		s.counted(0)
		return
	}
	switch {
	case fault.Reset:
		s.counted(0)
		reset(w)
		return
	case fault.Status != 0:
		if fault.Status < 300 {
			answer = answered{id: answer.id, status: fault.Status}
		} else {
			answer = answered{status: fault.Status, errs: []apiError{{Message: http.StatusText(fault.Status)}}}
		}
	default:
		s.take(&answer)
	}
	for name, value := range fault.Headers {
		w.Header().Set(name, value)
	}
	s.counted(answer.status)
	answer.write(w)
}

// answered is what the API would say to a request, and the mails it would take.
type answered struct {
	id       string
	status   int
	errs     []apiError
	messages []Message
}

func (s *Server) judge(r *http.Request, body []byte, readErr error) answered {
	refuse := func(status int, message string) answered {
		return answered{status: status, errs: []apiError{{Message: message}}}
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
	request, errs := parse(body, s.now())
	if len(errs) > 0 {
		return answered{status: http.StatusBadRequest, errs: errs}
	}
	if request.MailSettings.Sandbox.Enable {
		return answered{status: http.StatusOK}
	}
	id := newID()
	return answered{id: id, status: http.StatusAccepted, messages: request.messages(id)}
}

// take puts the answer's mails in the box, once.
func (s *Server) take(a *answered) {
	if a.status == http.StatusOK {
		s.box.update(func(c *Counts) { c.Sandboxed++ })
	}
	if len(a.messages) == 0 {
		return
	}
	now := s.now()
	for i := range a.messages {
		a.messages[i].At = now
	}
	s.box.take(a.messages)
	a.messages = nil
}

// linger is the slow part of a fault; false: the client went away meanwhile.
func (s *Server) linger(ctx context.Context, f Fault) bool {
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
	gate := s.faults.wait()
	s.box.update(func(c *Counts) { c.Held++ })
	defer func() {
		s.box.update(func(c *Counts) { c.Held = max(0, c.Held-1) })
	}()
	select {
	case <-gate:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Server) counted(status int) {
	s.box.update(func(c *Counts) { c.Statuses[status]++ })
}

func (a answered) write(w http.ResponseWriter) {
	if a.id != "" {
		w.Header().Set("X-Message-Id", a.id)
	}
	if len(a.errs) > 0 {
		answerErrors(w, a.status, a.errs...)
		return
	}
	w.WriteHeader(a.status)
}

func (s *Server) listMessages(w http.ResponseWriter, r *http.Request) {
	messages := s.Messages(r.URL.Query().Get("q"))
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && limit >= 0 && limit < len(messages) {
		messages = messages[:limit]
	}
	answerJSON(w, http.StatusOK, struct {
		Counts   Counts    `json:"counts"`
		Messages []Message `json:"messages"`
	}{s.Counts(), messages})
}

func (s *Server) addFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var list []Fault
	if err == nil {
		if strings.HasPrefix(strings.TrimSpace(string(body)), "[") {
			err = json.Unmarshal(body, &list)
		} else {
			list = make([]Fault, 1)
			err = json.Unmarshal(body, &list[0])
		}
	}
	if err != nil {
		answerErrors(w, http.StatusBadRequest, apiError{Message: "a fault is written like {\"times\":2,\"status\":429}: " + err.Error()})
		return
	}
	s.Fail(list...)
	answerJSON(w, http.StatusOK, s.faults.list())
}

func answerErrors(w http.ResponseWriter, status int, errs ...apiError) {
	answerJSON(w, status, map[string][]apiError{"errors": errs})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

// newID makes an X-Message-Id in the API's form: 22 characters of base64url.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Listener is a stand-in that listens on a port of its own.
type Listener struct {
	*Server
	address string
	http    *http.Server
	once    sync.Once
	err     error
}

// Start serves the stand-in on the address, e.g. "127.0.0.1:8025"; port 0 takes a free one. Errors go to log.
func (s *Server) Start(address string, log *slog.Logger) (*Listener, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("stand-in SendGrid: %w", err)
	}
	l := &Listener{Server: s, address: ln.Addr().String(), http: &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError),
	}}
	go func() {
		if err := l.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the stand-in SendGrid stopped serving", "error", err)
		}
	}()
	return l, nil
}

// URL is the base of the API and the address of the inbox, without a slash at the end.
func (l *Listener) URL() string { return "http://" + l.address }

// Stop releases what is held, lets requests in hand finish until the context ends, then cuts them off. Further calls
// return the first one's error.
func (l *Listener) Stop(ctx context.Context) error {
	l.once.Do(func() {
		l.ClearFaults()
		if l.err = l.http.Shutdown(ctx); l.err != nil {
			_ = l.http.Close()
			l.err = fmt.Errorf("stand-in SendGrid: requests cut off: %w", l.err)
		}
	})
	return l.err
}
