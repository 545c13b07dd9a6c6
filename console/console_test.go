package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"homeroom/console"
	"homeroom/engine"
)

// TestEveryPageIsThere: each page of the navigation answers as HTML and as JSON, under a path, with a policy that allows no inline
// script.
func TestEveryPageIsThere(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	s.decide(engine.Decision{ID: "1", Kind: engine.KindStarted, Run: "r1"})
	s.decide(engine.Decision{
		ID:       "2",
		Kind:     engine.KindSent,
		Run:      "r1",
		Step:     "2",
		Send:     "s1",
		Message:  "quiz-retry",
		Exposure: &engine.Exposure{Group: engine.GroupTreated, Holdout: 10, Within: 60},
	})
	b := s.browser("")
	for _, path := range []string{
		"/", "/rules", "/rules/quiz-retry", "/rules/quiz-retry/try", "/messages", "/messages/quiz-retry", "/messages/quiz-retry?view=phone&locale=de",
		"/messages/quiz-retry?view=text", "/files?path=settings.yaml", "/drafts", "/drafts/maya", "/drafts/maya/backtest", "/revisions", "/broadcasts", "/lift", "/at-risk", "/learners", "/learners/u_1/data", "/events", "/deadletters", "/people", "/audit",
	} {
		page := b.get(path)
		if !strings.Contains(page, "<main id=\"main\">") || !strings.Contains(page, `href="/homeroom/rules"`) {
			t.Errorf("%s is no page under the path:\n%s", path, page)
		}
		if strings.Contains(page, " style=") || strings.Contains(page, "<script>") || regexp.MustCompile(` on[a-z]+=`).MatchString(page) {
			t.Errorf("%s has what its policy forbids", path)
		}
		if broken := regexp.MustCompile(`[0-9] %`).FindString(writtenText.ReplaceAllString(page, "")); broken != "" {
			t.Errorf("%s: a line may break in %q", path, broken)
		}
		var answer map[string]any
		if err := json.Unmarshal([]byte(b.get(path, "Accept", "application/json")), &answer); err != nil {
			t.Errorf("%s as JSON: %v", path, err)
		}
	}
	if status, body := b.do(http.MethodGet, "/no-such-page", nil); status != http.StatusNotFound || !strings.Contains(body, "Not found") {
		t.Errorf("got %d\n%s", status, body)
	}
	for path, heading := range map[string]string{
		"/lift.csv":                  "rule,started",
		"/lift-weeks.csv":            "rule,until",
		"/growth.csv":                "step,count",
		"/rules.csv":                 "rule,about",
		"/steps.csv":                 "rule,step",
		"/steps.csv?rule=quiz-retry": "rule,step",
	} {
		if table := b.get(path); !strings.HasPrefix(table, heading) {
			t.Errorf("%s is no table:\n%s", path, table)
		}
		if answer := b.get(path, "Accept", "application/json"); !json.Valid([]byte(answer)) {
			t.Errorf("%s as JSON: %s", path, answer)
		}
	}
	if frame := b.get("/messages/quiz-retry/frame"); !strings.Contains(frame, "<html") {
		t.Errorf("the frame holds no mail:\n%s", frame)
	}
}

// TestADraftFromErrorToApproval: an edit begins a draft, a mistake is shown beside the editor, an approval is of one content.
func TestADraftFromErrorToApproval(t *testing.T) {
	people := tokens(t, "maya  editor  "+mayas+"\ntom  approver  "+toms+"\n")
	s := openSite(t, people, 1)
	maya := s.browser(mayas)
	tom := s.browser(toms)
	text := string(s.inForce("rules/quiz-retry.yaml"))
	page := maya.get("/rules/quiz-retry")
	save := func(content, revision string) (int, string) {
		return maya.do(http.MethodPost, "/files", url.Values{"path": {"rules/quiz-retry.yaml"}, "draft": {"maya"}, "revision": {revision}, "content": {content}})
	}
	broken := strings.Replace(text, "send: quiz-retry", "send: quiz-retri", 1)
	if broken == text {
		t.Fatal("the example does not send quiz-retry any more")
	}
	_, checked := maya.do(http.MethodPost, "/check", url.Values{"path": {"rules/quiz-retry.yaml"}, "content": {broken}}, "Homeroom-Part", "side")
	if !strings.Contains(checked, "quiz-retri") || strings.Contains(checked, "<html") {
		t.Errorf("the mistake is not shown:\n%s", checked)
	}
	if _, ok := s.draft("maya"); ok {
		t.Error("a check saved something")
	}
	status, page := save(broken, field(t, revisionField, page))
	if status != http.StatusOK || !strings.Contains(page, "quiz-retri") || !strings.Contains(page, "problem") {
		t.Fatalf("%d\n%s", status, page)
	}
	revision := field(t, revisionField, page)
	status, refused := maya.do(http.MethodPost, "/drafts/maya/propose", url.Values{"revision": {revision}, "reason": {"less waiting"}})
	if status != http.StatusUnprocessableEntity {
		t.Errorf("a draft that does not compile was proposed: %d\n%s", status, refused)
	}
	status, page = save(strings.Replace(text, "about: >", "about: >\n  Shorter.", 1), revision)
	if status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	page = maya.get("/drafts/maya")
	status, page = maya.do(http.MethodPost, "/drafts/maya/propose", url.Values{"revision": {field(t, revisionField, page)}, "reason": {"less <b>waiting</b>"}})
	if status != http.StatusOK || !strings.Contains(page, "proposed by maya") || strings.Contains(page, "<b>waiting") {
		t.Fatalf("%d\n%s", status, page)
	}
	page = tom.get("/drafts/maya")
	seen := url.Values{"revision": {field(t, revisionField, page)}, "hash": {field(t, hashField, page)}}
	page = maya.get("/rules/quiz-retry")
	if status, page = save(text+"\n# later\n", field(t, revisionField, page)); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	if status, page = tom.do(http.MethodPost, "/drafts/maya/approve", seen); status != http.StatusUnprocessableEntity && status != http.StatusConflict {
		t.Errorf("what tom had not seen was approved: %d\n%s", status, page)
	}
	page = tom.get("/drafts/maya")
	seen = url.Values{"revision": {field(t, revisionField, page)}, "hash": {field(t, hashField, page)}}
	if status, page = tom.do(http.MethodPost, "/drafts/maya/approve", seen); status != http.StatusOK || !strings.Contains(page, "approved by tom") {
		t.Errorf("%d\n%s", status, page)
	}
}

// TestTwoEditorsLoseNothing: who saves second is told who was first, keeps what was typed, and overwrites nothing.
func TestTwoEditorsLoseNothing(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	one := s.browser("")
	two := s.browser("")
	revision := field(t, revisionField, one.get("/files?path=settings.yaml"))
	save := func(b *browser, content string) (int, string) {
		return b.do(http.MethodPost, "/files", url.Values{"path": {"settings.yaml"}, "draft": {"maya"}, "revision": {revision}, "content": {content}})
	}
	if status, body := save(one, "timezone: Europe/Berlin\n"); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, body)
	}
	status, body := save(two, "timezone: Asia/Tokyo # typed by two\n")
	if status != http.StatusConflict || !strings.Contains(body, "typed by two") || !strings.Contains(body, "nothing was saved") {
		t.Errorf("%d\n%s", status, body)
	}
	if d, _ := s.draft("maya"); string(d.Files["settings.yaml"]) != "timezone: Europe/Berlin\n" {
		t.Errorf("got %q", d.Files["settings.yaml"])
	}
}

// TestHostileFilesAreRefused: nothing but a file of a folder is saved, and what was typed is kept on the page.
func TestHostileFilesAreRefused(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	for _, path := range []string{"", "../settings.yaml", "rules/../settings.yaml", "rules/a b.yaml", "rules/.yaml", "/etc/passwd", "rules/<script>.yaml", "notes.txt", "messages/a.yaml"} {
		status, body := b.do(http.MethodPost, "/files", url.Values{"path": {path}, "draft": {"maya"}, "revision": {"0"}, "content": {"kept-text"}})
		if status != http.StatusUnprocessableEntity || !strings.Contains(body, "kept-text") || strings.Contains(body, "<script>") {
			t.Errorf("%q: %d\n%s", path, status, body)
		}
	}
	status, _ := b.do(http.MethodPost, "/files", url.Values{"path": {"settings.yaml"}, "draft": {"maya"}, "revision": {"0"}, "content": {strings.Repeat("a", 1<<20)}}) // hardly more: the rest of the body is not read, and whoever still writes it is cut off
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("more than a megabyte: %d", status)
	}
	if d, ok := s.draft("maya"); ok {
		t.Errorf("a draft was saved: %v", d.Files)
	}
}

// TestOtherSitesReachNothing: a form of another origin changes nothing, and a name that only resolves to this machine is not served.
func TestOtherSitesReachNothing(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	if status, _ := b.do(http.MethodPost, "/pause", nil, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("a foreign form: %d", status)
	}
	if state, err := s.admin.KillSwitch(t.Context()); err != nil || state.Paused {
		t.Errorf("sending is paused: %+v, %v", state, err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/homeroom/", nil)
	r.RequestURI = ""
	r.Host = "rebound.example"
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", answer.StatusCode)
	}
	if status, body := b.do(http.MethodPost, "/pause", url.Values{"note": {"too many"}, "back": {"//evil.example/"}}); status != http.StatusOK || !strings.Contains(body, "Paused by maya") {
		t.Errorf("%d\n%s", status, body)
	}
}

// TestPauseWhilePaused: every page says by whom and why; the first note stays until somebody replaces it.
func TestPauseWhilePaused(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	b.do(http.MethodPost, "/pause", url.Values{"note": {"too many"}})
	_, body := b.do(http.MethodPost, "/pause", url.Values{"note": {"a typo"}})
	wantParts(t, body, "Sending is paused already, by maya at", ": too many. That stays, and your note was not written.", "Paused by maya just now: too many")
	_, body = b.do(http.MethodPost, "/pause", url.Values{"note": {"a typo"}, "replace": {"1"}})
	wantParts(t, body, "Sending stays paused; your note stands in the place of the one by maya at", "Paused by maya just now: a typo")
}
