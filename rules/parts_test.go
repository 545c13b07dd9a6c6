package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"homeroom/engine"
)

// partsOf returns what the parts of a condition were.
func partsOf(t *testing.T, condition string, vars *engine.Vars) engine.Part {
	t.Helper()
	parted, ok := compileIf(t, condition).If.(engine.PartedExpr)
	if !ok {
		t.Fatal("the condition cannot be taken apart")
	}
	return parted.Parts(vars)
}

// writePart writes a part and its own parts, a line each.
func writePart(p engine.Part, depth int, b *strings.Builder) {
	fmt.Fprintf(b, "%s%s %s", strings.Repeat("  ", depth), p.Value, p.Text)
	if p.Join != "" {
		fmt.Fprintf(b, " (%s)", p.Join)
	}
	for _, read := range p.Reads {
		fmt.Fprintf(b, "; %s = %v", read.Name, read.Value)
	}
	b.WriteString("\n")
	for _, part := range p.Parts {
		writePart(part, depth+1, b)
	}
}

// TestTheParts: each part of a condition has its value, whether or not another has decided already, and says what it read.
func TestTheParts(t *testing.T) {
	cases := []struct{ condition, want string }{
		{`event.passed == false`, "true event.passed == false; event.passed = false\n"},
		{`event.passed`, "false event.passed\n"},
		{`event.score_pct >= 50 && has(event.grader_type) && event.attempt_number < 2 && !(course.title in ["Go", "SQL"])`, `false event.score_pct >= 50 && has(event.grader_type) && event.attempt_number < 2 && !(course.title in ["Go", "SQL"]) (and)
  false event.score_pct >= 50; event.score_pct = 40
  false has(event.grader_type); event.grader_type = <nil>
  absent event.attempt_number < 2; event.attempt_number = <nil>
  false !(course.title in ["Go", "SQL"]); course.title = Go
`},
		{`event.passed || has(learner.last_active_at) || course.lessons_done + 1 > 3`, `true event.passed || has(learner.last_active_at) || course.lessons_done + 1 > 3 (or)
  false event.passed
  false has(learner.last_active_at); learner.last_active_at = <nil>
  true course.lessons_done + 1 > 3; course.lessons_done + 1 = 6; course.lessons_done = 5
`},
		{`!(event.passed || !has(event.grader_type))`, `false !(event.passed || !has(event.grader_type)) (not)
  true event.passed || !has(event.grader_type) (or)
    false event.passed
    true !has(event.grader_type); event.grader_type = <nil>
`},
		{`has(event.score_pct) && learner.traits["plan"] == "pro" && "vip" in learner.traits.tags`, `true has(event.score_pct) && learner.traits["plan"] == "pro" && "vip" in learner.traits.tags (and)
  true has(event.score_pct); event.score_pct = 40
  true learner.traits["plan"] == "pro"; learner.traits["plan"] = pro
  true "vip" in learner.traits.tags; learner.traits.tags = [vip]
`},
		{`learner.signed_up_at <= now - days(3)`, "true learner.signed_up_at <= now - days(3); learner.signed_up_at = 2026-02-27 10:00:00 +0000 UTC; now - days(3) = 2026-02-27 10:00:00 +0000 UTC\n"},
		{`timestamp(learner.traits.plan) > now`, "error timestamp(learner.traits.plan) > now; learner.traits.plan = pro\n"},
	}
	for _, c := range cases {
		t.Run(c.condition, func(t *testing.T) {
			var b strings.Builder
			writePart(partsOf(t, c.condition, graded()), 0, &b)
			if got := b.String(); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestThePartsOfThePast: what is asked of the past is said with its answer.
func TestThePartsOfThePast(t *testing.T) {
	vars := graded()
	vars.Past = history{count: map[string]int{"lesson.completed": 2}}
	var b strings.Builder
	writePart(partsOf(t, `count("lesson.completed", "7d") > 20 && !sent("hello", "7d")`, vars), 0, &b)
	want := `false count("lesson.completed", "7d") > 20 && !(sent("hello", "7d")) (and)
  false count("lesson.completed", "7d") > 20; count("lesson.completed", "7d") = 14
  true !(sent("hello", "7d")); sent("hello", "7d") = false
`
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestALongValueIsShortened: a part says the beginning of a text of a stranger, and not all of it.
func TestALongValueIsShortened(t *testing.T) {
	vars := graded()
	vars.Event.Properties["assessment_id"] = strings.Repeat("ä", 5000)
	vars.Learner.Traits["tags"] = make([]any, 50_000)
	for _, condition := range []string{`event.assessment_id == "x"`, `"vip" in learner.traits.tags`} {
		part := partsOf(t, condition, vars)
		if text := fmt.Sprint(part.Reads[0].Value); len([]rune(text)) > 210 || !strings.Contains(text, "…") {
			t.Errorf("%s: a value of %d characters", condition, len([]rune(text)))
		}
	}
}
