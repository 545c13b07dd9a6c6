package report_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/report"
)

// TestRunsAreCountedStepByStep: each run once at a step, by what was decided of it last; a run that left waits no more.
func TestRunsAreCountedStepByStep(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	c := report.NewStepCounter()
	add := func(d engine.Decision) {
		d.Rule = "retry"
		d.At = at
		c.Decision(&d)
	}
	for _, run := range []string{"r1", "r2", "r3", "r4", "r5"} {
		add(engine.Decision{Kind: engine.KindStarted, Run: run})
	}
	add(engine.Decision{Kind: engine.KindStarted, Run: "r1"}) // said twice
	add(engine.Decision{Kind: engine.KindSkipped, Reason: engine.ReasonAgain, Count: 3})
	add(engine.Decision{Kind: engine.KindAssigned, Run: "r1", Step: "1", Arm: "words=short"})
	deferred := engine.Decision{Kind: engine.KindDeferred, Step: "2", Until: at.Add(time.Hour)}
	for _, run := range []string{"r1", "r2", "r3"} {
		d := deferred
		d.Run = run
		add(d)
		add(d) // put off twice
	}
	add(engine.Decision{Kind: engine.KindSent, Run: "r1", Step: "2"})
	add(engine.Decision{Kind: engine.KindSent, Run: "r1", Step: "2"}) // said twice
	add(engine.Decision{Kind: engine.KindExited, Run: "r2", Reason: engine.ReasonUntil})
	add(engine.Decision{Kind: engine.KindExited, Run: "r2", Reason: engine.ReasonUntil}) // said twice
	add(engine.Decision{Kind: engine.KindExited, Run: "r1", Reason: engine.ReasonUntil}) // after its message
	add(engine.Decision{Kind: engine.KindUncertain, Run: "r4", Step: "2"})
	add(engine.Decision{Kind: engine.KindSent, Run: "r4", Step: "2"}) // a report settled it
	add(engine.Decision{Kind: engine.KindSkipped, Run: "r5", Step: "2", Reason: engine.ReasonCap})
	add(engine.Decision{Kind: engine.KindWithheld, Run: "r5", Step: "3"})
	c.Decision(&engine.Decision{Rule: "retry", Kind: engine.KindDeferred, Runs: &[]engine.DecidedRun{{Rule: "retry", Run: "r6", Step: "2"}, {Rule: "other", Run: "r7", Step: "1"}}})
	want := map[string]*report.RuleSteps{
		"retry": {
			Began:    5,
			NotBegun: map[string]int{string(engine.ReasonAgain): 3},
			Exited:   map[string]int{string(engine.ReasonUntil): 2},
			Steps: map[string]*report.StepCounts{
				"1": {Reached: 1, Skipped: map[string]int{}, Arms: map[string]int{"words=short": 1}},
				"2": {Reached: 6, Waiting: 2, Sent: 2, Skipped: map[string]int{string(engine.ReasonCap): 1}, Arms: map[string]int{}},
				"3": {Reached: 1, Withheld: 1, Skipped: map[string]int{}, Arms: map[string]int{}},
			},
		},
		"other": {
			NotBegun: map[string]int{},
			Exited:   map[string]int{},
			Steps:    map[string]*report.StepCounts{"1": {Reached: 1, Waiting: 1, Skipped: map[string]int{}, Arms: map[string]int{}}},
		},
	}
	if diff := cmp.Diff(want, c.Rules()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
