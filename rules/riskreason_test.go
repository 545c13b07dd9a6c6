package rules_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"homeroom/rules"
)

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
