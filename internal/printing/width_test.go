package printing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/experiment"
	"homeroom/internal/cells"
	"homeroom/report"
	"homeroom/store"
)

// expectColumns reports an error for every line that takes more columns.
func expectColumns(t *testing.T, text string, most int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := cells.Width(line); n > most {
			t.Errorf("%d columns, want at most %d: %s", n, most, line)
		}
	}
}

// largeReport is of so many rules with long names, large figures and every reason.
func largeReport(rules int) *admin.Report {
	const many = 123_456
	const few = 1_234
	reasons := map[string]int{}
	for i := range 30 {
		reasons[fmt.Sprintf("a_reason_of_many_%d", i)] = many
	}
	interval := &experiment.Interval{Estimate: -1, Low: -1, High: 1}
	side := report.Side{People: many, Reached: many, Open: many}
	judged := experiment.Judgement{Difference: interval, Relative: interval, Won: interval}
	a := &admin.Report{}
	for i := range rules {
		arm := report.Arm{Name: strings.Repeat("arm", 20), Side: side, Judgement: &judged}
		a.Rules = append(a.Rules, report.Rule{
			Rule:               fmt.Sprintf("a-rule-whose-name-is-rather-long-and-says-everything-about-it-%d", i),
			Started:            many,
			Sent:               many,
			Withheld:           report.Withheld{Holdout: many, Control: many},
			Uncertain:          reasons,
			Failed:             reasons,
			Skipped:            reasons,
			Deferred:           reasons,
			Exited:             reasons,
			Reportable:         many,
			Delivered:          many,
			Opened:             many,
			OpenedByMachine:    many,
			Clicked:            many,
			Dismissed:          few,
			Bounced:            few,
			Unsubscribed:       few,
			SpamReported:       few,
			ShareClicks:        many,
			ShareVisits:        many,
			CertificatesShared: many,
			ReferralVisits:     many,
			ReferralsConverted: many,
			Experiment: &report.Experiment{
				Treated:      side,
				Holdout:      side,
				Control:      side,
				InBothGroups: many,
				Discovery:    true,
				Judgement:    judged,
				Splits: []report.Split{{
					Name:      "a-split-with-a-name",
					Reference: strings.Repeat("arm", 20),
					InSeveral: many,
					Arms:      []report.Arm{arm, arm},
				}},
				Messages: []report.Part{{Name: strings.Repeat("message-", 9), Follows: true, Treated: side, Holdout: side, Judgement: judged}},
				Weeks:    []report.Week{{Until: time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC), Difference: interval}},
			},
		})
	}
	a.Uncredited = report.Uncredited{
		CertificatesShared: many,
		ReferralsConverted: many,
		ReferralVisits:     many,
		Unsubscribed:       many,
		SpamReported:       many,
	}
	return a
}

// TestTheReportFitsItsColumns, whatever rules, arms and messages are called.
func TestTheReportFitsItsColumns(t *testing.T) {
	for _, rules := range []int{1, 3} {
		a := largeReport(rules)
		text := ReportText(IO{}, a, rules > 1)
		for _, part := range []string{"SENT", "RECEIVED", "dismissed", "DID IT HELP?", "GROWTH", "WHY NOT", "To no message's credit"} {
			if !strings.Contains(text, part) {
				t.Errorf("a report of %d rules has no %s", rules, part)
			}
		}
		expectColumns(t, text, 100)
		expectColumns(t, WeeksText(IO{}, a), 100)
	}
	reasons := largeReport(1).Rules[0].Skipped
	steps := admin.StepCounts{Rules: map[string]*report.RuleSteps{
		strings.Repeat("a-rule-", 12): {
			Began:    1_234_567,
			NotBegun: reasons,
			Exited:   reasons,
			Steps:    map[string]*report.StepCounts{strings.Repeat("a-step-", 12): {Reached: 1_234_567, Skipped: reasons}},
		},
	}}
	expectColumns(t, StepsText(steps), 100)
}

// TestTheDoctorFitsATerminal: what it found and what to do are wrapped under each other.
func TestTheDoctorFitsATerminal(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("the stream LEARNING has one replica ", 5))
	text := DoctorText(IO{}, []admin.Finding{
		{Check: "durability", Status: admin.StatusWarning, Says: long + "\nand two lines", Do: long},
		{Check: "ok", Status: admin.StatusOK, Says: "fine"},
	})
	expectColumns(t, text, 80)
	want := `! durability  the stream LEARNING has one replica the stream LEARNING has one
              replica the stream LEARNING has one replica the stream LEARNING
              has one replica the stream LEARNING has one replica
              and two lines
              → the stream LEARNING has one replica the stream LEARNING has one
                replica the stream LEARNING has one replica the stream LEARNING
                has one replica the stream LEARNING has one replica
✓ ok          fine

1 fine, 1 to know about, 0 wrong.
`
	if text != want {
		t.Errorf("got:\n%s\nwant:\n%s", text, want)
	}
}

// TestTheRulesStatusFitsATerminal where machines have names as they usually have.
func TestTheRulesStatusFitsATerminal(t *testing.T) {
	at := time.Date(2026, 9, 7, 8, 47, 0, 0, time.UTC)
	var s admin.RulesStatus
	s.Current.Number = 12
	s.Current.Hash = strings.Repeat("f", 64)
	s.Current.Author = "maya"
	s.Current.At = at
	s.Current.Note = strings.Repeat("a note that says why in many words ", 5)
	s.Instances = []admin.InstanceStatus{{
		Instance: store.Instance{
			Name:    "campus-1-31337-a1b2c3",
			Roles:   []string{"triggers", "worker", "edge"},
			Running: s.Current.Hash,
			At:      at,
		},
		Alive: true,
	}}
	s.Live = map[string]int64{"certificate-share": 12}
	text := RulesStatusText(s)
	expectColumns(t, text, 80)
	for _, part := range []string{"In force: no. 12, ", "  campus-1-31337-a1b2c3  ", "07 Sep 08:47  triggers+worker+edge\n", "  certificate-share  12\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
}
