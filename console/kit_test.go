package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/internal/natstest"
	"homeroom/rules"
	"homeroom/store"
)

// site is a console over a real NATS, with the example academy in force and no Temporal.
type site struct {
	t      *testing.T
	server *httptest.Server
	store  *store.Store
	admin  *admin.Installation
}

// openSite starts a console under the path /homeroom.
func openSite(t *testing.T, people console.People, approvals int) *site {
	t.Helper()
	return openSiteWithMail(t, people, approvals, console.TestMail{})
}

// openSiteWithMail is openSite with a way to send test mails.
func openSiteWithMail(t *testing.T, people console.People, approvals int, mail console.TestMail) *site {
	t.Helper()
	return openSiteOf(t, people, approvals, mail, nil)
}

// openSiteOf is openSiteWithMail with a Temporal; nil: none.
func openSiteOf(t *testing.T, people console.People, approvals int, mail console.TestMail, temporal client.Client) *site {
	t.Helper()
	return openSiteIn(t, people, approvals, mail, temporal, clocks{time.Now, time.Now})
}

// clocks are the learners' time, and the machine's, by which people do what they do.
type clocks struct{ learners, machine func() time.Time }

// openSiteIn is openSiteOf with other clocks.
func openSiteIn(t *testing.T, people console.People, approvals int, mail console.TestMail, temporal client.Client, times clocks) *site {
	t.Helper()
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody listens there
	server, _, st := natstest.Open(t)
	s := &site{t: t, store: st}
	s.putInForce("examples/academy")
	var err error
	s.admin, err = admin.Connect(t.Context(), admin.ConnectOptions{
		Name:     "console test",
		NATS:     admin.NATSOptions{URL: server.URL()},
		Temporal: temporal,
		Now:      times.learners,
		Real:     times.machine,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.admin.Close)
	var c *console.Console
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.Handler().ServeHTTP(w, r) }))
	t.Cleanup(s.server.Close)
	c, err = console.New(console.Options{
		Installation: s.admin,
		People:       people,
		URL:          s.server.URL + "/homeroom",
		Approvals:    approvals,
		TestMail:     mail,
		ReadModel:    filepath.Join(t.TempDir(), "report.db"),
		Log:          slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return s
}

// putInForce writes a folder of the repository as the publication in force.
func (s *site) putInForce(dir string) {
	s.t.Helper()
	academy, problems := rules.LoadDir(filepath.Join("..", dir))
	if academy == nil {
		s.t.Fatal(problems)
	}
	s.put(academy, 1)
}

func (s *site) put(academy *rules.Academy, number int) {
	s.t.Helper()
	ctx := s.t.Context()
	if err := s.store.Rulesets.Put(ctx, store.Bundle{Hash: academy.Ruleset.Hash, Files: academy.Files, Author: "lee", At: time.Now()}); err != nil {
		s.t.Fatal(err)
	}
	before, err := s.store.Rulesets.Current(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.store.Rulesets.SetCurrent(ctx, store.Pointer{Number: number, Hash: academy.Ruleset.Hash, Author: "lee", At: time.Now(), Revision: before.Revision}); err != nil {
		s.t.Fatal(err)
	}
}

// browser is one person's browser.
type browser struct {
	s      *site
	client *http.Client
	token  string
}

func (s *site) browser(token string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s: s, client: &http.Client{Jar: jar}, token: token}
}

// do sends a request and returns the status and the body of the page that it ends on.
func (b *browser) do(method, path string, form url.Values, header ...string) (int, string) {
	b.s.t.Helper()
	r, err := http.NewRequestWithContext(b.s.t.Context(), method, b.s.server.URL+"/homeroom"+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.s.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.s.server.URL)
	}
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// get returns a page that must be there.
func (b *browser) get(path string, header ...string) string {
	b.s.t.Helper()
	status, body := b.do(http.MethodGet, path, nil, header...)
	if status != http.StatusOK {
		b.s.t.Fatalf("GET %s: %d\n%s", path, status, body)
	}
	return body
}

var (
	revisionField = regexp.MustCompile(`name="revision" value="(\d+)"`)
	hashField     = regexp.MustCompile(`name="hash" value="([0-9a-f]+)"`)
)

func field(t *testing.T, re *regexp.Regexp, body string) string {
	t.Helper()
	m := re.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("the page has no %s:\n%s", re, body)
	}
	return m[1]
}

// writtenText is what somebody wrote, as they wrote it.
var writtenText = regexp.MustCompile(`(?s)<textarea.*?</textarea>|<pre.*?</pre>`)

func wantParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// inForce returns a file of what is in force.
func (s *site) inForce(file string) []byte {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "examples", "academy", file))
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// draft returns a stored draft.
func (s *site) draft(id string) (admin.Draft, bool) {
	d, err := s.admin.Draft(context.WithoutCancel(s.t.Context()), id)
	return d, err == nil
}
