package securitytest

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/internal/natstest"
	"homeroom/internal/temporaltest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

const (
	mayasToken = "maya-0123456789-0123456789"
	tomsToken  = "tom-0123456789-0123456789-"
)

// openConsole serves the console as the NATS user homeroom-console, with the example academy in force. Temporal refuses.
func openConsole(t *testing.T, f *natstest.Accounts, operator jetstream.JetStream) (ask func(token, path string, form url.Values) (int, string)) {
	t.Helper()
	t.Setenv("TEMPORAL_ADDRESS", temporaltest.StartRefusing(t))
	ctx := deadlineOf(t)
	st, err := store.Open(ctx, operator, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	academy, problems := rules.LoadDir("../../examples/academy")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	err = st.Rulesets.Put(ctx, store.Bundle{Hash: academy.Ruleset.Hash, Files: academy.Files})
	if err == nil {
		_, err = st.Rulesets.SetCurrent(ctx, store.Pointer{Number: 1, Hash: academy.Ruleset.Hash})
	}
	if err != nil {
		t.Fatal(err)
	}
	i, err := admin.Connect(ctx, admin.ConnectOptions{Name: "console", NATS: admin.NATSOptions{URL: f.URL("homeroom-console")}, Directly: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	if err := i.CheckConsole(ctx); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, "maya  editor,people  "+mayasToken+"\ntom  approver  "+tomsToken+"\n")
	people, err := console.ReadTokens(file, "")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := console.New(console.Options{
		Installation: i,
		People:       people,
		Approvals:    1,
		ReadModel:    filepath.Join(t.TempDir(), "report.db"),
		Log:          slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(pages.Handler())
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil) // what was done a moment ago is a cookie
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	return func(token, path string, form url.Values) (int, string) {
		t.Helper()
		method := http.MethodGet
		if form != nil {
			method = http.MethodPost
		}
		r, err := http.NewRequestWithContext(ctx, method, server.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
}

var formFields = regexp.MustCompile(`name="(revision|hash)" value="([0-9a-f]+)"`)

// fieldsOf returns the hidden fields of a page's forms.
func fieldsOf(page string) url.Values {
	fields := url.Values{}
	for _, m := range formFields.FindAllStringSubmatch(page, -1) {
		fields.Set(m[1], m[2])
	}
	return fields
}

// TestTheConsoleWorksUnderItsPermissions: the pages, drafts, proposals, approvals, the kill switch, refused events that are published again and
// who did what, as homeroom-console. The server refuses nothing. What needs Temporal is tried in dev/e2e.
func TestTheConsoleWorksUnderItsPermissions(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	ask := openConsole(t, f, operator)
	publishBody(t, operator, "u_42", "lesson.completed", map[string]any{"id": "e1", "properties": map[string]any{"course_id": "go-101", "lesson_id": "l1"}})
	publishBody(t, operator, "u_42", "profile.updated", map[string]any{"id": "e2", "traits": map[string]any{"email": "ada@learners.example"}})
	dead := nats.NewMsg(subjects.Dead("u_42", "lesson.completed"))
	dead.Header.Set("Homeroom-Reason", "unknown_event")
	dead.Header.Set("Homeroom-Subject", "learning.7.u_42.lesson.completed")
	dead.Data = []byte(`{"id":"e3","time":"` + time.Now().UTC().Format(time.RFC3339) + `","properties":{"course_id":"go-101","lesson_id":"l2"}}`)
	if _, err := operator.PublishMsg(deadlineOf(t), dead); err != nil {
		t.Fatal(err)
	}
	expect := func(token, path string, form url.Values, status int, want string) string {
		t.Helper()
		got, body := ask(token, path, form)
		if got != status || !strings.Contains(body, want) {
			t.Fatalf("%s: %d, want %d and %q; refused so far: %q\n%s", path, got, status, want, f.Refused(), body)
		}
		return body
	}
	for _, path := range []string{
		"/", "/rules", "/rules/quiz-retry", "/messages", "/messages/quiz-retry", "/drafts", "/revisions", "/revisions/1", "/lift", "/deadletters", "/learners", "/learners/u_42", "/learners/u_42?not=in+force", "/rules/quiz-retry/try?learner=u_42", "/audit",
	} {
		expect(mayasToken, path, nil, http.StatusOK, "<main")
	}
	expect(mayasToken, "/learners/find", url.Values{"address": {"Ada@learners.example"}}, http.StatusOK, "No learner") // no triggers keep profiles here
	expect(mayasToken, "/learners/u_42/data", nil, http.StatusOK, "<main")
	expect(mayasToken, "/learners/u_42/ask", url.Values{"kind": {"erase"}, "confirm": {"u_42"}}, http.StatusOK, "An operator")
	expect(mayasToken, "/learners/u_42/take-back", url.Values{"kind": {"erase"}}, http.StatusOK, "taken back")
	expect(tomsToken, "/pause", url.Values{"note": {"a drill"}}, http.StatusOK, "Paused by tom")
	expect(tomsToken, "/resume", url.Values{}, http.StatusOK, "Messages go out again")
	edited := expect(mayasToken, "/files?path=settings.yaml", nil, http.StatusOK, "settings.yaml")
	form := fieldsOf(edited)
	form.Set("path", "settings.yaml")
	form.Set("draft", "maya")
	form.Set("content", readFile(t, "../../examples/academy/settings.yaml")+"\n# looked at\n")
	expect(mayasToken, "/files", form, http.StatusOK, "draft")
	form = fieldsOf(expect(mayasToken, "/drafts/maya", nil, http.StatusOK, "looked at"))
	form.Set("reason", "a remark")
	expect(mayasToken, "/drafts/maya/propose", form, http.StatusOK, "Proposed")
	form = fieldsOf(expect(tomsToken, "/drafts/maya", nil, http.StatusOK, "a remark"))
	expect(tomsToken, "/drafts/maya/approve", form, http.StatusOK, "Approved")
	expect(mayasToken, "/drafts", nil, http.StatusOK, "maya")
	expect(mayasToken, "/deadletters/replay", url.Values{"reason": {"unknown_event"}}, http.StatusOK, "1 published again")
	if n := countMessages(t, operator)[subjects.DeadStream]; n != 0 {
		t.Errorf("%d dead letters are left", n)
	}
	form = fieldsOf(expect(mayasToken, "/drafts/maya", nil, http.StatusOK, "looked at"))
	expect(mayasToken, "/drafts/maya/discard", form, http.StatusOK, "discarded")
	page := expect(tomsToken, "/audit", nil, http.StatusOK, "replay dead letters")
	for _, want := range []string{"look at learner", "try on learner", "look at address", "ask erase learner", "take back request", "pause", "resume", "propose", "approve", "discard"} {
		if !strings.Contains(page, ">"+want) {
			t.Errorf("the audit has no %s", want)
		}
	}
	if refused := f.Refused(); len(refused) > 0 {
		t.Errorf("the server refused:\n%s", strings.Join(refused, "\n"))
	}
}

// TestTheConsoleReadsItsStreamsDirectly: events, dead letters, decisions and who did what, whole and filtered, across the accounts; no other
// stream.
func TestTheConsoleReadsItsStreamsDirectly(t *testing.T) {
	f, operator := openFilled(t)
	for range 1100 { // more than two batches
		publishBody(t, operator, "u_42", "lesson.completed", map[string]any{})
	}
	_, js := f.Connect("homeroom-console")
	counts := countMessages(t, operator)
	for _, stream := range []string{subjects.Stream, subjects.DeadStream, subjects.DecisionStream, subjects.AuditStream} {
		n := uint64(0)
		err := store.StreamReader{JS: js, Directly: true}.Read(deadlineOf(t), stream, nil, func(store.Message) error { n++; return nil })
		if err != nil || n != uint64(counts[stream]) {
			t.Errorf("%s: %d messages of %d, %v", stream, n, counts[stream], err)
		}
	}
	n := 0
	err := store.StreamReader{JS: js, Directly: true}.Read(deadlineOf(t), subjects.Stream, []string{subjects.Stored("u_42")}, func(store.Message) error { n++; return nil })
	if err != nil || n < 1100 {
		t.Errorf("of one learner: %d, %v", n, err)
	}
	if refused := f.Refused(); len(refused) > 0 {
		t.Errorf("the server refused:\n%s", strings.Join(refused, "\n"))
	}
}

// TestTheConsolesPublicationsAreTaken: a revision is stored and put in force by homeroom-console.
func TestTheConsolesPublicationsAreTaken(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	f.Setup()
	_, js := f.Connect("homeroom-console")
	ctx := deadlineOf(t)
	st, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	academy, problems := rules.LoadDir("../../examples/academy")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if err := st.Rulesets.Put(ctx, store.Bundle{Hash: academy.Ruleset.Hash, Files: academy.Files}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Rulesets.SetCurrent(ctx, store.Pointer{Number: 1, Hash: academy.Ruleset.Hash}); err != nil {
		t.Fatal(err)
	}
	if hashes, err := st.Rulesets.List(ctx); err != nil || len(hashes) != 1 {
		t.Errorf("%v, %v", hashes, err)
	}
	if history, err := st.Rulesets.Publications(ctx); err != nil || len(history) != 1 {
		t.Errorf("%v, %v", history, err)
	}
	if refused := f.Refused(); len(refused) > 0 {
		t.Errorf("the server refused:\n%s", strings.Join(refused, "\n"))
	}
}
