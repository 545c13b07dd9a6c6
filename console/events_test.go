package console_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestTheEventsThatWereSeen: the page answers whether the integration is complete: which events the rules wait for, which were seen and what they lack, and what of
// them cannot be used. Whose event it is, people see who may look learners up.
func TestTheEventsThatWereSeen(t *testing.T) {
	s := openSite(t, tokens(t, "maya  editor,people  "+mayas+"\nvi  viewer  "+views+"\n"), 1)
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	if err := s.store.Events.Publish(t.Context(), "u_42", "lesson.completed", "g1", at, map[string]any{"lesson_id": "l1", "coures_id": "c1"}); err != nil {
		t.Fatal(err)
	}
	person := s.browser(mayas).get("/events")
	for _, want := range []string{
		"Not complete: 0 of the", "The rules wait for", `<a href="/homeroom/rules/quiz-retry">quiz-retry</a>`, "1 event read", "lesson.completed", "course_id, duration_seconds",
		"coures_id is none of lesson.completed, did you mean course_id?", "u_42", "homeroom events status --since 7d",
	} {
		if !strings.Contains(person, want) {
			t.Errorf("it does not say %s:\n%s", want, person)
		}
	}
	viewer := s.browser(views)
	if page := viewer.get("/deadletters"); !strings.Contains(page, `href="/homeroom/events"`) {
		t.Errorf("nothing leads there:\n%s", page)
	}
	if page := viewer.get("/events"); !strings.Contains(page, "did you mean course_id?") || strings.Contains(page, "u_42") {
		t.Errorf("a viewer sees whose event it is, or too little:\n%s", page)
	}
	if answer := viewer.get("/events", "Accept", "application/json"); !json.Valid([]byte(answer)) || strings.Contains(answer, "u_42") || !strings.Contains(answer, `"complete"`) {
		t.Errorf("as JSON: %s", answer)
	}
	if again := s.browser(mayas).get("/events"); !strings.Contains(again, "u_42") {
		t.Errorf("what a viewer may not see is gone for everybody:\n%s", again)
	}
}
