package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/console"
)

// publishGrade publishes that a learner passed an assessment.
func (s *site) publishGrade(learner string, passed bool) {
	s.t.Helper()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	err := s.store.Events.Publish(s.t.Context(), learner, "assessment.graded", "g1", at, map[string]any{"assessment_id": "a1", "course_id": "c", "passed": passed})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestWhyNotOnTheLearnersPage: by the rules in force, by one of them, and by a draft.
func TestWhyNotOnTheLearnersPage(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	s.publishGrade("u_42", true)
	b := s.browser("")
	page := b.get("/learners/u_42")
	if !strings.Contains(page, "Why not?") || strings.Contains(page, "the condition was not true") {
		t.Errorf("before it is asked:\n%s", page)
	}
	page = b.get("/learners/u_42?rule=quiz-retry&not=in+force")
	for _, want := range []string{
		`<details class="whynot" open>`, "quiz-retry: the condition was not true", "<code>event.passed == false</code>", "event.passed is true", "<code>!has(course.completed_at)</code>",
		"another assessment.graded with event.passed == false", "As of today", "no address is known", "homeroom learner why u_42 --not --rule quiz-retry",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not say %s", want)
		}
	}
	if strings.Contains(page, "certificate-share: ") {
		t.Error("it tells of another rule, too")
	}
	academy, err := s.admin.CurrentAcademy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if page = b.get("/learners/u_42?rule=&not=in+force"); strings.Count(page, `<details class="whynot"`) != len(academy.Ruleset.Rules) || !strings.Contains(page, "no event certificate.earned of this learner is kept") {
		t.Errorf("all rules: %d", strings.Count(page, `<details class="whynot"`))
	}
	if got := b.get("/learners/u_42?not=in+force", "Accept", "application/json"); !strings.Contains(got, `"cause": "condition"`) || !strings.Contains(got, `"why_not"`) {
		t.Errorf("for a program:\n%s", got)
	}
	if status, body := b.do(http.MethodGet, "/learners/u_42?not=in+force&rule=quiz-rety", nil); status != http.StatusOK || !strings.Contains(body, "did you mean quiz-retry?") {
		t.Errorf("a rule that does not exist: %d\n%s", status, body)
	}
	if status, _ := b.do(http.MethodGet, "/learners/u_42?not=nobodys", nil); status != http.StatusNotFound {
		t.Errorf("a draft that does not exist: %d", status)
	}
}

// TestADraftIsTriedOnALearner: the learner's page asks a draft instead of the rules in force; a draft that does not compile says so.
func TestADraftIsTriedOnALearner(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	s.publishGrade("u_42", true)
	b := s.browser("")
	save := func(content string) {
		t.Helper()
		form := url.Values{"path": {"rules/quiz-retry.yaml"}, "draft": {"maya"}, "content": {content}, "revision": {field(t, revisionField, b.get("/rules/quiz-retry"))}}
		if status, body := b.do(http.MethodPost, "/files", form); status != http.StatusOK {
			t.Fatalf("%d\n%s", status, body)
		}
	}
	if page := b.get("/learners/u_42"); strings.Contains(page, "the draft of maya") {
		t.Error("a draft that changes nothing is offered")
	}
	save("rule: quiz-retry\nwhen: {event: assessment.graded, if: event.passed}\ndo: [{send: quiz-retry}]\n")
	if page := b.get("/learners/u_42"); !strings.Contains(page, `<option value="maya" >the draft of maya</option>`) {
		t.Errorf("the draft is not offered:\n%s", page)
	}
	page := b.get("/learners/u_42?rule=quiz-retry&not=maya")
	for _, want := range []string{"through the draft", "question: recipient", "an event with the trait email", "--rules DIR"} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not say %s\n%s", want, page)
		}
	}
	save("rule: quiz-retry\nwhen: {event: assessment.grade}\ndo: [{send: quiz-retry}]\n")
	if page := b.get("/learners/u_42?not=maya"); !strings.Contains(page, "assessment.graded") || !strings.Contains(page, `role="alert"`) {
		t.Errorf("a draft that does not compile:\n%s", page)
	}
}

// TestWhyNotOfTheNewestEvents: of a learner with very many events the newest are looked at, and the answer says how many were left out.
func TestWhyNotOfTheNewestEvents(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	for n := range 5 {
		at := time.Date(2026, 3, 2, 10, n, 0, 0, time.UTC)
		if err := s.store.Events.Publish(t.Context(), "u_1", "assessment.graded", fmt.Sprint("g", n), at, map[string]any{"assessment_id": "a1", "course_id": "c", "passed": true}); err != nil {
			t.Fatal(err)
		}
	}
	maya := s.admin.As(admin.Actor{Name: "maya", Way: admin.WayConsole})
	for newest, want := range map[int][2]int{0: {5, 0}, 2: {2, 3}, 5: {5, 0}, 1_000_000: {5, 0}} {
		answer, err := maya.WhyNot(t.Context(), admin.WhyNotOptions{Learner: "u_1", Newest: newest})
		if got := [2]int{answer.Events, answer.LeftOut}; err != nil || got != want {
			t.Errorf("newest %d: %v looked at and left out, want %v; %v", newest, got, want, err)
		}
	}
}
