package rules_test

import (
	"strings"
	"testing"
)

// TestExplainPrintsTheConditionThatIsAsked: each part stands in brackets of its own, because || binds less than the && between them.
func TestExplainPrintsTheConditionThatIsAsked(t *testing.T) {
	cases := []struct{ condition, want string }{
		{
			`event.passed == false && (count("lesson.completed", "7d") == 1 || event.score_pct < 5)`,
			`if (event.passed == false) && (count("lesson.completed", "7d") == 1 || event.score_pct < 5)`,
		},
		{
			`!has(event.score_pct) || count("lesson.completed", "7d") == 1`,
			`if (!has(event.score_pct) || count("lesson.completed", "7d") == 1)`,
		},
		{
			`(count("lesson.completed", "7d") == 1 || event.passed) && count("lesson.started", "7d") == 1`,
			`if (count("lesson.completed", "7d") == 1 || event.passed) && (count("lesson.started", "7d") == 1)`,
		},
	}
	for _, c := range cases {
		academy := mustLoad(t, map[string]string{"rules/x.yaml": "rule: x\nwhen:\n  event: assessment.graded\n  if: |\n    " + c.condition + "\ndo:\n  - send: hello\n"})
		text, err := academy.Explain("x")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, c.want+"\n") {
			t.Errorf("want %q in\n%s", c.want, text)
		}
	}
}
