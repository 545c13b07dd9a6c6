package rules_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"homeroom/rules"
)

// TestWhatPassesIsNotProvenByATrigger: what comes next may be another thing, or nothing, when a message is sent later; the step's own condition is asked then.
func TestWhatPassesIsNotProvenByATrigger(t *testing.T) {
	for _, c := range []struct {
		trigger, step string
		problem       bool
	}{
		{"", "", true},
		{"has(course.next)", "", true},
		{"has(course.next)", "has(course.next)", false},
		{"", "has(course.next)", false},
	} {
		when := "{event: lesson.completed}"
		if c.trigger != "" {
			when = "{event: lesson.completed, if: '" + c.trigger + "'}"
		}
		step := "  - send: m\n"
		if c.step != "" {
			step += "    if: " + c.step + "\n"
		}
		_, problems := rules.Load(fstest.MapFS{
			"rules/r.yaml":  {Data: []byte("rule: r\nwhen: " + when + "\nper: course_id\ndo:\n  - wait: 2d\n" + step)},
			"messages/m.md": {Data: []byte("---\nsubject: Hello\n---\n{{ course.next.title }}\n")},
			"courses.yaml":  {Data: []byte("b: {title: B, lessons: [{id: l1, title: One}]}\n")},
		}, ".")
		if err := problems.Err(); (err != nil) != c.problem {
			t.Errorf("trigger %q, step %q: %v", c.trigger, c.step, err)
		}
	}
}

// TestAMessageGuardsTheRiskReason: a learner in good standing has none, so a message that reads it says what it says then.
func TestAMessageGuardsTheRiskReason(t *testing.T) {
	for _, c := range []struct {
		message string
		problem bool
	}{
		{"Hello", false},
		{"{{ course.risk_reason }}", true},
		{"{{ course.risk_reason | default: 'Come back.' }}", false},
		{"{% if course.risk_reason %}{{ course.risk_reason }}{% endif %} Come back.", false},
	} {
		folder := fstest.MapFS{
			"rules/r.yaml":  {Data: []byte("rule: r\nwhen: {event: lesson.completed}\nper: course_id\ndo:\n  - send: m\n")},
			"messages/m.md": {Data: []byte("---\nsubject: Hello\n---\n" + c.message + "\n")},
		}
		academy, problems := rules.Load(folder, ".")
		if err := problems.Err(); (err != nil) != c.problem || err != nil && !strings.Contains(err.Error(), "risk_reason") {
			t.Errorf("%s: %v", c.message, err)
		}
		if academy != nil && academy.Ruleset != nil && academy.Ruleset.Rules[0].Program[0].Send.RiskReason != strings.Contains(c.message, "risk_reason") {
			t.Errorf("%s: the message is given the reason: %v", c.message, academy.Ruleset.Rules[0].Program[0].Send.RiskReason)
		}
	}
}
