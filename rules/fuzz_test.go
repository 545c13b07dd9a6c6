package rules_test

import (
	"strconv"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/rules"
)

// FuzzCondition: whatever stands after `if:`, it compiles or the problem has a place; what compiles answers every event with a
// value or an error, soon.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{
		"event.passed == false && !has(course.completed_at)", "event.score_pct < 50.0 || event.attempt_number > 2",
		`event.assessment_id.startsWith("a")`, "count(sent, 7d) < 2", `event.assessment_id.matches("(a+)+$")`,
		"[1, 2, 3].exists(x, [1, 2, 3].all(y, x > y))", "now - event.time > duration(\"1h\")", "event", "1 / 0 == 1", "((((", `"\xff"`, "\x00",
	} {
		f.Add(text, 40.0, "a1")
	}
	f.Fuzz(func(t *testing.T, text string, score float64, id string) {
		if len(text) > 4<<10 {
			return
		}
		start := time.Now()
		academy, problems := rules.Load(withBase(map[string]string{
			"rules/x.yaml": "rule: x\nwhen:\n  event: assessment.graded\n  if: " + strconv.QuoteToASCII(text) + "\ndo:\n  - send: hello\n",
		}), ".")
		for _, p := range problems {
			if p.File == "" || p.Message == "" {
				t.Errorf("got %+v", p)
			}
		}
		printed(t, problems)
		if academy == nil {
			return
		}
		event := &engine.Event{
			ID:      "e",
			Name:    "assessment.graded",
			Learner: "u",
			Time:    time.Unix(1_800_000_000, 0).UTC(),
			Properties: map[string]any{
				"assessment_id": id, "score_pct": score, "passed": false,
			},
		}
		for _, r := range academy.Ruleset.Rules {
			if r.Name != "x" || r.When.Match.If == nil {
				continue
			}
			value, err := r.When.Match.If.Eval(&engine.Vars{Event: event})
			if _, ok := value.(bool); err == nil && !ok {
				t.Errorf("%q gives %v", text, value)
			}
		}
		if took := time.Since(start); took > unbounded {
			t.Errorf("took %s", took)
		}
	})
}
