package edge

import (
	"fmt"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"homeroom/internal/links"
)

func TestOneClientIsLimitedAndOthersAreNot(t *testing.T) {
	s := newStand(t, func(o *Options) { o.RatePerMinute = 3 })
	_, visited, _ := s.sharing()
	for i := range 3 {
		expect(t, s.ask("GET", []string{visited, "/", s.preferencesLink()}[i], ""), []int{302, 404, 200}[i])
	}
	w := s.ask("GET", visited, "")
	expect(t, w, 429, "One moment, please")
	wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
	if err != nil || wait < 1 || wait > 60 {
		t.Errorf("got Retry-After %q, want seconds", w.Header().Get("Retry-After"))
	}
	other := httptest.NewRequest("GET", visited, nil)
	other.RemoteAddr = "198.51.100.7:1234"
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, other)
	expect(t, answer, 302)
	expect(t, s.ask("GET", "/healthz", ""), 200)

	s.now = s.now.Add(time.Duration(wait) * time.Second)
	expect(t, s.ask("GET", visited, ""), 302)
	expect(t, s.ask("GET", visited, ""), 429)
}

func TestMailProvidersUnsubscribeManyFromOneAddress(t *testing.T) {
	s := newStand(t, func(o *Options) { o.RatePerMinute = 3 })
	for i := range 50 {
		learner := fmt.Sprint("u_", i)
		s.people.by[learner] = PreferencesPage{Everything: true}
		expect(t, s.ask("POST", path(s.links.Unsubscribe(links.Ref{Learner: learner, Topic: "progress"}, noon)), "List-Unsubscribe=One-Click"), 200)
	}
	// One link over and over is another matter, and so are links that somebody makes up.
	for i := range 4 {
		want := 200
		if i == 3 {
			want = 429
		}
		expect(t, s.ask("POST", s.unsubscribeLink("progress"), "List-Unsubscribe=One-Click"), want)
	}
	for i := range 4 {
		want := 404
		if i == 3 {
			want = 429
		}
		expect(t, s.ask("POST", fmt.Sprint("/u/AAAA", i), "List-Unsubscribe=One-Click"), want)
	}
}

func TestWhoseRequestItIs(t *testing.T) {
	for _, c := range []struct {
		about, remote string
		forwarded     []string
		trust         bool
		want          string
	}{
		{"IPv4", "203.0.113.9:999", nil, false, "203.0.113.9"},
		{"IPv6 by its network", "[2001:db8:1:2:3:4:5:6]:999", nil, false, "2001:db8:1:2::/64"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.9]:999", nil, false, "203.0.113.9"},
		{"a zone", "[fe80::1%eth0]:999", nil, false, "fe80::/64"},
		{"a header that nobody trusts", "203.0.113.9:999", []string{"198.51.100.1"}, false, "203.0.113.9"},
		{"the proxy's word", "10.0.0.1:999", []string{"198.51.100.1"}, true, "198.51.100.1"},
		{"what stands before the proxy's word is anybody's", "10.0.0.1:999", []string{"1.2.3.4, 198.51.100.1"}, true, "198.51.100.1"},
		{"in several headers", "10.0.0.1:999", []string{"1.2.3.4", "5.6.7.8,198.51.100.1"}, true, "198.51.100.1"},
		{"with a port", "10.0.0.1:999", []string{"198.51.100.1:4321"}, true, "198.51.100.1"},
		{"IPv6 from a proxy", "10.0.0.1:999", []string{"2001:db8:1:2::9"}, true, "2001:db8:1:2::/64"},
		{"IPv6 from a proxy, with a port", "10.0.0.1:999", []string{"[2001:db8:1:2::9]:1"}, true, "2001:db8:1:2::/64"},
		{"a proxy that says nothing", "10.0.0.1:999", nil, true, "10.0.0.1"},
		{"nonsense is one client", "10.0.0.1:999", []string{"unknown"}, true, "invalid IP"},
		{"so is other nonsense", "@", nil, false, "invalid IP"},
	} {
		s := newStand(t, func(o *Options) { o.TrustProxy = c.trust })
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := s.clientAddress(r); got != c.want {
			t.Errorf("%s: got %s, want %s", c.about, got, c.want)
		}
	}
}

func TestTheLimiterForgetsRatherThanGrows(t *testing.T) {
	l := newLimiter(1)
	l.max = 4
	for i := range 100 {
		if _, ok := l.allowRequest(fmt.Sprint(i), noon); !ok {
			t.Fatalf("client %d was refused at its first request", i)
		}
		if _, ok := l.allowRequest("busy", noon); ok != (i == 0) {
			t.Fatalf("the busy client at its request %d: %v", i, ok)
		}
		if len(l.new)+len(l.old) > 2*l.max {
			t.Fatalf("the limiter remembers %d clients, want %d at the most", len(l.new)+len(l.old), 2*l.max)
		}
	}
}
