//go:build browser

package browser_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homeroom/dev/browser"
	"homeroom/edge"
	"homeroom/internal/links"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const learner = "u_42"

var fernhill = edge.Site{Name: "Fernhill Academy", HomeURL: "https://academy.example", PostalAddress: "12 Harbour Lane, Bristol BS1 5TY, United Kingdom"}

// stand is the edge behind a real server, on stores in memory, and a tab that looks at it.
type stand struct {
	tab     *browser.Tab
	links   *links.Links
	people  *people
	options edge.Options
	current atomic.Pointer[edge.Edge]
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{people: &people{}}
	tab, root := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.current.Load().ServeHTTP(w, r) }))
	s.tab = tab
	var err error
	s.links, err = links.New(root, []byte("a secret of this installation"))
	must(t, err)
	s.options = edge.Options{
		Links:         s.links,
		People:        s.people,
		Shares:        nothing{},
		Events:        nothing{},
		Topics:        topics,
		Targets:       func(string) bool { return false },
		Now:           func() time.Time { return noon },
		RatePerMinute: 1 << 20,
	}
	s.begin(t, "en", fernhill)
	return s
}

// begin makes the edge anew, with a learner who gets what is on by default.
func (s *stand) begin(t *testing.T, language string, site edge.Site, change ...func(*edge.Options)) {
	t.Helper()
	s.people.set(edge.PreferencesPage{Everything: true, Locale: language}, nil)
	must(t, s.tab.Speak(language))
	o := s.options
	o.Site = func() edge.Site { return site }
	for _, c := range change {
		c(&o)
	}
	made, err := edge.New(o)
	must(t, err)
	s.current.Store(made)
}

func (s *stand) unsubscribe(topic string) string {
	return s.links.Unsubscribe(links.Ref{Learner: learner, Topic: topic, Send: "snd-1"}, noon)
}

func (s *stand) preferences() string {
	return s.links.Preferences(links.Ref{Learner: learner, Topic: "reminders", Send: "snd-1"}, noon)
}

func topics() []edge.Topic {
	return []edge.Topic{
		{
			Name:    "progress",
			Default: true,
			Titles:  map[string]string{"en": "Your progress", "de": "Ihr Fortschritt"},
			Abouts: map[string]string{
				"en": "Help with the course you are taking, and with quizzes that did not work out", "de": "Hilfe im laufenden Kurs und nach einem Quiz, das nicht geklappt hat",
			},
		},
		{Name: "reminders", Default: true, Abouts: map[string]string{"en": "A note when you have not been here for a while"}},
		{Name: "achievements", Default: true, Abouts: map[string]string{"en": "Certificates, and other things worth celebrating"}},
		{Name: "community", Abouts: map[string]string{"en": "Invitations, for you and your friends"}},
	}
}

// people keeps one learner's preferences.
type people struct {
	mu    sync.Mutex
	prefs edge.PreferencesPage
	err   error
}

var errAway = errors.New("the store is away")

func (p *people) set(prefs edge.PreferencesPage, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prefs = prefs
	p.err = err
}

func (p *people) get() edge.PreferencesPage {
	prefs, _ := p.Preferences(context.Background(), learner)
	return prefs
}

func (p *people) Preferences(_ context.Context, id string) (edge.PreferencesPage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id != learner && p.err == nil {
		return edge.PreferencesPage{}, edge.ErrUnknown
	}
	prefs := p.prefs
	prefs.Topics = maps.Clone(prefs.Topics)
	return prefs, p.err
}

func (p *people) Choose(_ context.Context, _ string, c edge.Choice, _ time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	if c.Everything != nil {
		p.prefs.Everything = *c.Everything
	}
	chosen := maps.Clone(p.prefs.Topics)
	if chosen == nil {
		chosen = make(map[string]bool)
	}
	maps.Copy(chosen, c.Topics)
	p.prefs.Topics = chosen
	if c.Lift {
		p.prefs.Suppressed = ""
	}
	return nil
}

// nothing keeps no shares and forgets events.
type nothing struct{}

func (nothing) Shared(context.Context, string) (links.Shared, error) {
	return links.Shared{}, edge.ErrUnknown
}

func (nothing) Referral(context.Context, string) (links.Referred, error) {
	return links.Referred{}, edge.ErrUnknown
}

func (nothing) Publish(context.Context, string, string, string, time.Time, map[string]any) error {
	return nil
}

// edgePage is a page of the edge and the way to it.
type edgePage struct {
	name   string
	status int
	// before changes what the edge is made of, or what is known of the learner; may be nil.
	before func(*stand, *edge.Options)
	open   func(*stand) string
	press  string // a button that leads on to the page; may be empty
}

func edgePages() []edgePage {
	unsubscribe := func(s *stand) string { return s.unsubscribe("reminders") }
	knows := func(p edge.PreferencesPage) func(*stand, *edge.Options) {
		return func(s *stand, _ *edge.Options) {
			p.Locale = s.people.get().Locale
			s.people.set(p, nil)
		}
	}
	return []edgePage{
		{name: "unsubscribe", status: 200, open: unsubscribe},
		{name: "unsubscribe from everything", status: 200, open: func(s *stand) string { return s.unsubscribe("") }},
		{name: "unsubscribed", status: 200, open: unsubscribe, press: "button.main"},
		{name: "unsubscribed from everything", status: 200, open: unsubscribe, before: knows(edge.PreferencesPage{})},
		{
			name:   "back",
			status: 200,
			open:   unsubscribe,
			press:  "button[value=undo]",
			before: knows(edge.PreferencesPage{Everything: true, Topics: map[string]bool{"reminders": false}}),
		},
		{name: "preferences", status: 200, open: (*stand).preferences},
		{name: "saved", status: 200, open: (*stand).preferences, press: "button.main"},
		{name: "stopped", status: 200, open: (*stand).preferences, before: knows(edge.PreferencesPage{})},
		{name: "suppressed", status: 200, open: (*stand).preferences, before: knows(edge.PreferencesPage{Everything: true, Suppressed: "bounced"})},
		{
			name:   "without topics",
			status: 200,
			open:   func(s *stand) string { return s.links.Preferences(links.Ref{Learner: learner}, noon) },
			before: func(_ *stand, o *edge.Options) { o.Topics = nil },
		},
		{name: "not found", status: 404, open: func(s *stand) string { return unsubscribe(s) + "x" }},
		{
			name:   "expired",
			status: 410,
			open: func(s *stand) string {
				return s.links.Unsubscribe(links.Ref{Learner: learner}, noon.Add(-links.Life-time.Hour))
			},
		},
		// The icon that browsers ask for is served by the test, so the first request is the page's.
		{
			name:   "too many requests",
			status: 429,
			open: func(s *stand) string {
				s.current.Load().ServeHTTP(discard{}, newRequest())
				return unsubscribe(s)
			},
			before: func(_ *stand, o *edge.Options) { o.RatePerMinute = 1 },
		},
		{name: "unavailable", status: 503, open: unsubscribe, before: func(s *stand, _ *edge.Options) { s.people.set(edge.PreferencesPage{}, errAway) }},
	}
}

// newRequest is one more request of the browser's machine.
func newRequest() *http.Request {
	r, err := http.NewRequest(http.MethodGet, "/", strings.NewReader(""))
	if err != nil {
		panic(err) // the arguments are constant
	}
	r.RemoteAddr = "127.0.0.1:1"
	return r
}

// discard is a response that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// show opens a page of the edge.
func (s *stand) show(t *testing.T, p edgePage, language string, site edge.Site) {
	t.Helper()
	s.begin(t, language, site, func(o *edge.Options) {
		if p.before != nil {
			p.before(s, o)
		}
	})
	if p.press == "" {
		open(t, s.tab, p.open(s), p.status)
		return
	}
	open(t, s.tab, p.open(s), http.StatusOK)
	status, err := s.tab.Click(p.press)
	must(t, err)
	if status != p.status {
		t.Fatalf("%s answers %d, want %d", p.name, status, p.status)
	}
}
