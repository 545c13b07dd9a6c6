package console_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"homeroom/console"
	"homeroom/engine"
)

// decide records a decision of quiz-retry.
func (s *site) decide(d engine.Decision) {
	s.t.Helper()
	d.Rule = "quiz-retry"
	d.Learner = "u_1"
	d.At = time.Now().Add(-time.Hour).UTC()
	if err := s.store.Decisions.Publish(s.t.Context(), []engine.Decision{d}); err != nil {
		s.t.Fatal(err)
	}
}

// TestCountsInTheFlow: the page of a rule says at its steps what runs did there lately, and as JSON.
func TestCountsInTheFlow(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	for _, run := range []string{"r1", "r2", "r3"} {
		s.decide(engine.Decision{ID: "s" + run, Kind: engine.KindStarted, Run: run})
	}
	s.decide(engine.Decision{ID: "1", Kind: engine.KindSent, Run: "r1", Step: "2", Message: "quiz-retry"})
	s.decide(engine.Decision{ID: "2", Kind: engine.KindSkipped, Reason: engine.ReasonCap, Run: "r2", Step: "2", Message: "quiz-retry"})
	s.decide(engine.Decision{ID: "3", Kind: engine.KindExited, Reason: engine.ReasonUntil, Run: "r3"})
	b := s.browser("")
	var answer struct {
		Counts struct {
			Steps *struct{ Began int }
		}
	}
	for answer.Counts.Steps == nil { // they are counted beside the first page
		if err := json.Unmarshal([]byte(b.get("/rules/quiz-retry", "Accept", "application/json")), &answer); err != nil {
			t.Fatal(err)
		}
	}
	if answer.Counts.Steps.Began != 3 {
		t.Errorf("%d runs began", answer.Counts.Steps.Began)
	}
	page := b.get("/rules/quiz-retry")
	for _, want := range []string{"3 runs began", "2 runs came here · 1 sent · skipped: the learner had as many messages as a cap allows (1)", "Left before the last step: the learner did what the rule says it goes on until (1)."} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// TestASimulationIsSavedAsATest: it comes into the draft, passes, and says nothing of who it was.
func TestASimulationIsSavedAsATest(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	at := time.Now().AddDate(0, 0, -3)
	if err := s.store.Events.Publish(t.Context(), "u_secret", "assessment.graded", "1", at, map[string]any{"assessment_id": "a", "passed": false}); err != nil {
		t.Fatal(err)
	}
	if page := b.get("/rules/quiz-retry/try?learner=u_secret"); !strings.Contains(page, "Save as a rule test") {
		t.Errorf("it cannot be saved:\n%s", page)
	}
	if err := s.store.Events.Publish(t.Context(), "u_idle", "lesson.started", "2", at, map[string]any{"course_id": "crs_go", "lesson_id": "l"}); err != nil {
		t.Fatal(err)
	}
	const nothing = "Nothing of this rule would begin for u_idle"
	if page := b.get("/rules/quiz-retry/try?learner=u_idle"); !strings.Contains(page, nothing) {
		t.Errorf("it is not said that the rule does nothing:\n%s", page)
	}
	if page := b.get("/rules/quiz-retry/try?learner=u_secret"); strings.Contains(page, "would begin for") {
		t.Errorf("it is said that the rule does nothing:\n%s", page)
	}
	before := string(s.inForce("tests/quiz-retry.yaml"))
	status, page := b.do(http.MethodPost, "/rules/quiz-retry/try", url.Values{"learner": {"u_secret"}, "draft": {"maya"}, "name": {"a <b>failed</b> quiz: again"}})
	if status != http.StatusOK || !strings.Contains(page, "The test is saved") {
		t.Fatalf("%d\n%s", status, page)
	}
	draft, err := s.admin.Draft(t.Context(), "maya")
	if err != nil {
		t.Fatal(err)
	}
	saved, kept := strings.CutPrefix(string(draft.Files["tests/quiz-retry.yaml"]), strings.TrimRight(before, "\n"))
	if !kept || strings.Contains(saved, "u_secret") || !strings.Contains(saved, "assessment.graded") || !strings.Contains(saved, "sent: quiz-retry") {
		t.Errorf("it wrote\n%s", saved)
	}
	if page := b.get("/drafts/maya"); strings.Contains(page, "fail") && !strings.Contains(page, "rule tests pass") {
		t.Errorf("it does not pass:\n%s", page)
	}
	if status, page := b.do(http.MethodPost, "/rules/quiz-retry/try", url.Values{"learner": {"u_nobody"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "no event") {
		t.Errorf("nobody: %d\n%s", status, page)
	}
	if status, page := b.do(http.MethodPost, "/rules/certificate-share/try", url.Values{"learner": {"u_secret"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "nothing to save") {
		t.Errorf("another rule: %d\n%s", status, page)
	}
}
