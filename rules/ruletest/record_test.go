package ruletest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/rules/ruletest"
)

// TestATestOfARecording: it keeps the events that matter and nothing that tells who it was, and passes.
func TestATestOfARecording(t *testing.T) {
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	f := ruletest.Folder{Ruleset: academy.Ruleset, Catalog: academy.Catalog}
	at := time.Date(2026, 3, 2, 10, 0, 0, 123456789, time.UTC)
	happened := func(after time.Duration, name string, properties map[string]any) catalog.Decoded {
		return catalog.Decoded{
			Event:  engine.Event{ID: name + after.String(), Name: name, Learner: "u_ada", Time: at.Add(after), Properties: properties},
			Traits: map[string]any{"email": "ada.lovelace@example.net", "first_name": "Ada", "timezone": "Europe/Berlin"},
		}
	}
	rec := ruletest.Recording{
		Name:    `what "Ada" did: a quiz`,
		Rule:    "quiz-retry",
		Learner: "u_ada",
		Events: []catalog.Decoded{
			happened(0, "lesson.started", map[string]any{"course_id": "c", "lesson_id": "l"}),
			happened(time.Hour, "assessment.graded", map[string]any{"assessment_id": "a-u_ada", "passed": false, "score_pct": 40.5, "comment": "call me, Ada", "answer": "Ada of Mill Lane", "from": map[string]any{"mail": []any{"ada@mill.example"}}}),
			happened(2*time.Hour, "lesson.started", map[string]any{"course_id": "c", "lesson_id": "m"}),
			happened(5*time.Hour, "lesson.completed", map[string]any{"course_id": "c", "lesson_id": "m"}),
		},
		Needs: func(_, property string) bool {
			return property != "comment" && property != "first_name" && property != "email"
		},
	}
	text, err := ruletest.WriteTest(rec, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`test: "what \"Ada\" did: a quiz"`, "event: assessment.graded", `"passed":false`, "a-learner", "{at: +2h, sent: quiz-retry}", "start: 2026-03-02T11:00:00Z"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, secret := range []string{"u_ada", "lovelace", "call me", "first_name", "lesson.", "Mill", "mill", "score_pct", "timezone"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("it holds %s:\n%s", secret, text)
		}
	}
	rec.Events = rec.Events[:1]
	if _, err := ruletest.WriteTest(rec, f); !errors.Is(err, ruletest.ErrNothingToShow) {
		t.Errorf("a lesson alone: %v", err)
	}
	rec.Events = nil
	if _, err := ruletest.WriteTest(rec, f); !errors.Is(err, ruletest.ErrNothingToShow) {
		t.Errorf("nothing: %v", err)
	}
}
