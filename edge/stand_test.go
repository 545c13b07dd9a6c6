package edge

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"homeroom/internal/links"
)

var noon = time.Date(2026, 3, 2, 12, 0, 30, 0, time.UTC)

const (
	browserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	certificate  = "https://academy.example/certificates/cert_1"
)

// stand is an edge with everything around it.
type stand struct {
	*Edge
	links  *links.Links
	people *fakePeople
	shares *fakeShares
	events *fakeEvents
	now    time.Time
	log    strings.Builder
}

// newStand has one learner, "ada@example.org", who gets what is on by default.
func newStand(t testing.TB, change ...func(*Options)) *stand {
	t.Helper()
	made, err := links.New("https://learn.example.org", []byte("a secret of this installation"))
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{
		links:  made,
		now:    noon,
		events: &fakeEvents{},
		people: &fakePeople{by: map[string]PreferencesPage{"ada@example.org": {Everything: true, Locale: "en"}}},
		shares: &fakeShares{shared: map[string]links.Shared{}, referred: map[string]links.Referred{}},
	}
	o := Options{
		Links:  made,
		People: s.people,
		Shares: s.shares,
		Events: s.events,
		Topics: func() []Topic {
			return []Topic{
				{Name: "progress", Default: true, Titles: map[string]string{"de": "Fortschritt"}, Abouts: map[string]string{"en": "Help with a course at hand"}},
				{Name: "reminders", Default: true},
				{Name: "new_offers"},
			}
		},
		Site: func() Site {
			return Site{Name: "Fernhill Academy", HomeURL: "https://academy.example", PostalAddress: "12 Harbour Lane"}
		},
		Targets: func(target string) bool {
			return strings.HasPrefix(target, "https://academy.example/") || strings.HasPrefix(target, "https://www.linkedin.com/")
		},
		Webhooks: []Webhook{{
			Path:    "/webhooks/sendgrid",
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
		}},
		Now: func() time.Time { return s.now },
		Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	if s.Edge, err = New(o); err != nil {
		t.Fatal(err)
	}
	return s
}

// path is a link without its host.
func path(link string) string { return strings.TrimPrefix(link, "https://learn.example.org") }

func (s *stand) unsubscribeLink(topic string) string {
	return path(s.links.Unsubscribe(links.Ref{Learner: "ada@example.org", Topic: topic, Send: "snd-1"}, noon))
}

func (s *stand) preferencesLink() string {
	return path(s.links.Preferences(links.Ref{Learner: "ada@example.org", Topic: "progress", Send: "snd-1"}, noon))
}

// ask makes a request as a browser does; headers come in pairs.
func (s *stand) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("User-Agent", browserAgent)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *stand) press(target, do string, more ...string) *httptest.ResponseRecorder {
	form := url.Values{"do": {do}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	return s.ask(http.MethodPost, target, form.Encode())
}

func (s *stand) ada() PreferencesPage { return s.people.by["ada@example.org"] }

// expect holds an answer to a status and to texts that it shows.
func expect(t *testing.T, w *httptest.ResponseRecorder, status int, shows ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("got status %d, want %d: %.200s", w.Code, status, w.Body)
	}
	for _, text := range shows {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("the answer does not show %q:\n%s", text, bodyOf(w))
		}
	}
}

func bodyOf(w *httptest.ResponseRecorder) string {
	_, body, _ := strings.Cut(w.Body.String(), "<body>")
	return body
}

func expectNothingHappened(t *testing.T, s *stand) {
	t.Helper()
	if s.people.writes != 0 || len(s.events.all) != 0 {
		t.Errorf("got %d writes and %d events, want none: %+v", s.people.writes, len(s.events.all), s.events.all)
	}
}

var errAway = errors.New("nats: no servers available")

type fakePeople struct {
	by     map[string]PreferencesPage
	err    error
	writes int
	said   Choice // last
}

func (p *fakePeople) Preferences(_ context.Context, learner string) (PreferencesPage, error) {
	known, ok := p.by[learner]
	if !ok && p.err == nil {
		return known, ErrUnknown
	}
	return known, p.err
}

// Choose keeps to the contract in its own words, so that the page's own idea of the outcome can be held against it.
func (p *fakePeople) Choose(ctx context.Context, learner string, c Choice, _ time.Time) error {
	known, err := p.Preferences(ctx, learner)
	if err != nil {
		return err
	}
	p.writes++
	p.said = c
	topics := map[string]bool{}
	maps.Copy(topics, known.Topics)
	maps.Copy(topics, c.Topics)
	known.Topics = topics
	if c.Everything != nil {
		known.Everything = *c.Everything
		known.Consented = known.Consented || *c.Everything // the worst that a store may make of it
	}
	if c.Lift || c.Everything != nil && *c.Everything && known.Suppressed == "unsubscribed" {
		known.Suppressed = ""
	}
	p.by[learner] = known
	return nil
}

type fakeShares struct {
	shared   map[string]links.Shared
	referred map[string]links.Referred
	err      error
	asked    int // for referral codes
}

func (s *fakeShares) Shared(_ context.Context, key string) (links.Shared, error) {
	kept, ok := s.shared[key]
	if !ok && s.err == nil {
		return kept, ErrUnknown
	}
	return kept, s.err
}

func (s *fakeShares) Referral(_ context.Context, code string) (links.Referred, error) {
	s.asked++
	kept, ok := s.referred[code]
	if !ok && s.err == nil {
		return kept, ErrUnknown
	}
	return kept, s.err
}

type event struct {
	Learner, Name string
	Properties    map[string]any
}

// fakeEvents hears the same id once, as the stream does.
type fakeEvents struct {
	all  []event
	ids  map[string]bool
	err  error
	hang bool // until it is told to stop
}

func (e *fakeEvents) Publish(ctx context.Context, learner, name, id string, _ time.Time, properties map[string]any) error {
	if e.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := errors.Join(e.err, ctx.Err()); err != nil || e.ids[id] {
		return err
	}
	if e.ids == nil {
		e.ids = map[string]bool{}
	}
	e.ids[id] = true
	e.all = append(e.all, event{learner, name, properties})
	return nil
}

func expectEvents(t *testing.T, s *stand, want ...event) {
	t.Helper()
	s.Flush()
	if len(s.events.all) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(s.events.all, want) {
		t.Errorf("got events %+v, want %+v", s.events.all, want)
	}
}

func TestAnEdgeSaysWhatItNeeds(t *testing.T) {
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "Options.Links") {
		t.Errorf("got %v, want a word about Links", err)
	}
}

func TestHealthAndAddressesThatAreNone(t *testing.T) {
	s := newStand(t)
	expect(t, s.ask("GET", "/healthz", ""), 200, "ok")
	expect(t, s.ask("GET", "/", ""), 404, "This link does not work", "open it once more from the mail")
	expect(t, s.ask("GET", "/u/", ""), 404)
	expect(t, s.ask("DELETE", s.unsubscribeLink(""), ""), 404)
	expectNothingHappened(t, s)
}

// TestAnEdgeSaysWhichInstallationItIsOf: among the learners' pages, and nobody else's answer is taken for it.
func TestAnEdgeSaysWhichInstallationItIsOf(t *testing.T) {
	for _, want := range []string{"", "0a1b2c3d"} {
		s := newStand(t, func(o *Options) { o.Installation = want })
		w := s.ask("GET", CheckPath, "")
		expect(t, w, 200)
		if got, ok := ParseCheck(w.Body.Bytes()); !ok || got != want {
			t.Errorf("got %q, %v, want %q", got, ok, want)
		}
	}
	for _, answer := range []string{"", "ok", "<!doctype html>", "<!-- homeroom edge 0a1b2c3d -->"} {
		if got, ok := ParseCheck([]byte(answer)); ok {
			t.Errorf("%q is taken for the edge of %q", answer, got)
		}
	}
}

func TestAWebhookIsMountedForPostsOnly(t *testing.T) {
	s := newStand(t)
	expect(t, s.ask("POST", "/webhooks/sendgrid", "[]"), 204)
	expect(t, s.ask("GET", "/webhooks/sendgrid", ""), 404)
	expect(t, s.ask("POST", "/webhooks/other", "[]"), 404)
	expectNothingHappened(t, s)
}
