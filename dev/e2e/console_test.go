package e2e

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
)

// The tokens of a growth team.
const (
	mayasToken = "maya-0123456789-0123456789"
	tomsToken  = "tom-0123456789-0123456789-"
)

// consoleSite is the console of a world.
type consoleSite struct {
	w    *world
	root string
}

// openConsole serves a console on which maya edits and tom approves, and one other person must approve.
func (w *world) openConsole() *consoleSite { return w.openConsoleWith(console.Options{}) }

// openConsoleWith is openConsole with more options.
func (w *world) openConsoleWith(o console.Options) *consoleSite {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("maya  editor,people  "+mayasToken+"\ntom  approver  "+tomsToken+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	people, err := console.ReadTokens(file, "")
	if err != nil {
		w.t.Fatal(err)
	}
	installation, err := admin.Connect(w.ctx, admin.ConnectOptions{
		Name:      "console",
		NATS:      admin.NATSOptions{URL: w.stack.NATSURL},
		Temporal:  w.instance.Temporal,
		Namespace: w.stack.Namespace,
		Directly:  true,
		Now:       time.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(installation.Close)
	o.Installation = installation
	o.People = people
	o.Approvals = 1
	o.Log = slog.New(slog.DiscardHandler)
	pages, err := console.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pages.Close)
	pages.AdoptBacktests()
	server := httptest.NewServer(pages.Handler())
	w.t.Cleanup(server.Close)
	return &consoleSite{w: w, root: server.URL}
}

// ask sends a form (nil: looks at a page) as the holder of a token, and returns the status and the page it leads to.
func (s *consoleSite) ask(token, path string, form url.Values) (status int, body string) {
	s.w.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(s.w.ctx, method, s.root+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// must is ask for what must succeed.
func (s *consoleSite) must(token, path string, form url.Values) string {
	s.w.t.Helper()
	status, body := s.ask(token, path, form)
	if status != http.StatusOK {
		s.w.t.Fatalf("%s: %d\n%s", path, status, body)
	}
	return body
}

// hidden returns the value of a hidden field of a page.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no field %s:\n%s", name, page)
	}
	return found[1]
}

// TestARuleFromTheEditorToALearner: maya changes a rule in the console, tom approves and publishes it, and the next learner gets the
// new message; then tom rolls back, and the next one gets the old message.
func TestARuleFromTheEditorToALearner(t *testing.T) {
	t.Parallel()
	const rule = "rule: cheer\nwhen: {event: course.completed}\nper: course_id\ndo:\n  - send: first\n"
	w := open(t, harness.Academy(t, map[string]string{
		"rules/cheer.yaml":   rule,
		"messages/first.md":  "---\nsubject: First\n---\nHi.\n",
		"messages/second.md": "---\nsubject: Second\n---\nHi.\n",
	}), instance.Options{})
	s := w.openConsole()
	got := func(learner string) string {
		w.publish(learner, "course.completed", map[string]any{"course_id": "crs_go"})
		return w.wait(1, func(d engine.Decision) bool { return d.Learner == learner && d.Kind == engine.KindSent })[0].Message
	}
	if message := got("u_1"); message != "first" {
		t.Fatalf("before the change a learner gets %s", message)
	}

	page := s.must(mayasToken, "/rules/cheer", nil)
	changed := strings.Replace(rule, "send: first", "send: second", 1)
	s.must(mayasToken, "/files", url.Values{"path": {"rules/cheer.yaml"}, "draft": {"maya"}, "revision": {hidden(t, page, "revision")}, "content": {changed}})
	page = s.must(mayasToken, "/drafts/maya", nil)
	s.must(mayasToken, "/drafts/maya/propose", url.Values{"revision": {hidden(t, page, "revision")}, "reason": {"a warmer word"}})
	page = s.must(tomsToken, "/drafts/maya", nil)
	seen := hidden(t, page, "hash")
	if status, body := s.ask(tomsToken, "/drafts/maya/publish", url.Values{"hash": {seen}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "must approve") {
		t.Fatalf("it was published without approval: %d\n%s", status, body)
	}
	s.must(tomsToken, "/drafts/maya/approve", url.Values{"revision": {hidden(t, page, "revision")}, "hash": {seen}})
	if page = s.must(tomsToken, "/drafts/maya/publish", nil); !strings.Contains(page, "cheer is changed") {
		t.Errorf("what publishing would do is not said:\n%s", page)
	}
	page = s.must(tomsToken, "/drafts/maya/publish", url.Values{"hash": {seen}, "note": {"a warmer word"}})
	if !strings.Contains(page, "a warmer word") {
		t.Errorf("the history does not say why:\n%s", page)
	}
	if message := got("u_2"); message != "second" {
		t.Errorf("after publishing a learner gets %s", message)
	}
	if _, body := s.ask(mayasToken, "/learners/u_2", nil); !strings.Contains(body, "second went to the provider") {
		t.Errorf("the learner's page does not tell it:\n%s", body)
	}

	before := regexp.MustCompile(`/revisions/([0-9a-f]+)`).FindAllStringSubmatch(page, -1)
	old := before[len(before)-1][1]
	s.must(tomsToken, "/revisions/"+old+"/rollback", url.Values{"note": {"it was too warm"}})
	if message := got("u_3"); message != "first" {
		t.Errorf("after rolling back a learner gets %s", message)
	}
}
