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

// TestDescribeReasons: in words, the most frequent first.
func TestDescribeReasons(t *testing.T) {
	got := describeReasons(map[string]int{"paused": 3, "quiet_hours": 1200, "": 3})
	if want := "it was quiet hours where the learner lives (1,200); no reason is recorded (3); sending was paused (3)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := describeReasons(nil); got != "" {
		t.Errorf("of none it is %q", got)
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
