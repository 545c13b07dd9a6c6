package console

import (
	"slices"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/report"
)

func TestDescribeDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		64 * time.Millisecond:          "64\u00a0ms",
		time.Second:                    "1 second",
		59 * time.Second:               "59 seconds",
		5*time.Minute + 26*time.Second: "5 minutes",
		3 * time.Hour:                  "3 hours",
	} {
		if got := describeDuration(d); got != want {
			t.Errorf("describeDuration(%s) = %q, want %q", d, got, want)
		}
	}
}

// TestUncompared: a rule with a goal in whose holdout nobody is yet is not said to lack a goal or a holdout.
func TestUncompared(t *testing.T) {
	rule := func(name string, e *report.Experiment) report.Rule { return report.Rule{Rule: name, Experiment: e} }
	d := liftData{Report: admin.Report{Report: report.Report{Rules: []report.Rule{
		rule("none", nil),
		rule("no-goal", &report.Experiment{NoGoal: true}),
		rule("nobody-held-out", &report.Experiment{}),
		rule("compared", &report.Experiment{Weeks: []report.Week{{}}}),
	}}}}
	if got, want := d.Uncompared(), []string{"nobody-held-out"}; !slices.Equal(got, want) {
		t.Errorf("Uncompared() = %q, want %q", got, want)
	}
}
