package engine_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homeroom/engine"
)

// TestRiskTriggerBounds: whatever a learner does, a rule with at_risk, silent and or_silent starts in each silence that becomes long or risky enough; never before it
// is, and no later than a step of the resolution after.
func TestRiskTriggerBounds(t *testing.T) {
	const step = 10 * time.Minute
	started := 0
	byRisk := 0
	property := func(rt *rapid.T) {
		h := newHost(t)
		h.use("at-risk", "settings-risk")
		hear := func(id, name string, at time.Time) {
			h.handOver(&engine.Event{ID: id, Name: name, Learner: "u1", Time: at, Properties: map[string]any{"course_id": "go", "lesson_id": "l1"}}, at)
		}
		hear("e", "enrollment.created", start)
		last := start.Add(time.Minute)
		hear("first", "lesson.completed", last)
		for i := range 6 * rapid.IntRange(0, 30).Draw(rt, "busy days") {
			last = last.Add(4 * time.Hour)
			hear(fmt.Sprint("busy", i), "lesson.completed", last)
		}
		seen := 0
		for i := range rapid.IntRange(1, 40).Draw(rt, "activities") {
			shortest := rapid.SampledFrom([]time.Duration{time.Second, day / 2, day, 3 * day, 10 * day}).Draw(rt, "shortest gap")
			next := last.Add(shortest + time.Duration(rapid.IntRange(0, int(day/time.Second)).Draw(rt, "more"))*time.Second)
			risk := *h.env.Standing.Courses["go"].Risk
			mayStart := func(at time.Time) bool {
				silent := at.Sub(last)
				return silent >= 10*day || silent >= 3*day && risk.ScoreAt(at, last, engine.RiskIntercept).Value >= 0.6
			}
			must := mayStart(next.Add(-step - time.Second))
			if mayStart(next) && !must {
				return // activity came within the step in which it may or may not have started
			}
			hear(fmt.Sprint("a", i), "lesson.completed", next)
			var times []time.Time
			for _, d := range h.decisions[seen:] {
				if d.Kind == engine.KindStarted {
					times = append(times, d.At)
				}
			}
			seen = len(h.decisions)
			switch {
			case !must && len(times) > 0, must && len(times) != 1:
				rt.Fatalf("in the silence from %s to %s it started at %v; it must start: %t", last, next, times, must)
			case must && !mayStart(times[0]):
				rt.Fatalf("it started at %s, which is early", times[0])
			case must && mayStart(times[0].Add(-step)):
				rt.Fatalf("it started at %s, and might have a step before", times[0])
			case must:
				started++
				if times[0].Sub(last) < 10*day {
					byRisk++
				}
			}
			last = next
		}
	}
	// How often one check starts it is left to chance, and how many checks there are to -short and -rapid.checks.
	for range 20 {
		rapid.Check(t, property)
		if byRisk >= 20 && started-byRisk >= 5 {
			break
		}
	}
	if byRisk < 20 || started-byRisk < 5 {
		t.Errorf("it started %d times, %d of them by the risk: too few to tell", started, byRisk)
	}
}
