package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"homeroom/engine"
)

// TestInactivityBounds: whatever a learner does, a silence of seven days is spoken of no earlier than seven days after
// the last activity, no later than a step of the resolution after that, and never left out.
func TestInactivityBounds(t *testing.T) {
	const silence, step = 7 * day, 10 * time.Minute
	rapid.Check(t, func(rt *rapid.T) {
		h := newHost(t)
		h.use("silent")
		last := start
		h.handOver(&engine.Event{ID: "e", Name: "enrollment.created", Learner: "u1", Time: start, Properties: map[string]any{"course_id": "go"}}, start)
		var spoken []time.Time // when each silence must have been spoken of, at the earliest
		for i := range rapid.IntRange(0, 30).Draw(rt, "activities") {
			gap := time.Duration(rapid.IntRange(1, int(10*day/time.Second)).Draw(rt, "gap")) * time.Second
			at := last.Add(gap)
			if gap > silence+step {
				spoken = append(spoken, last.Add(silence))
			} else if gap > silence {
				return // the silence ended within the step in which it may or may not have been spoken of
			}
			h.handOver(&engine.Event{
				ID:         fmt.Sprintf("a%d", i),
				Name:       "lesson.completed",
				Learner:    "u1",
				Time:       at,
				Properties: map[string]any{"course_id": "go", "lesson_id": "l1"},
			}, at)
			last = at
		}
		spoken = append(spoken, last.Add(silence))
		h.runTo(last.Add(silence + step))
		var got []time.Time
		for _, d := range h.decisions {
			if d.Kind == engine.KindStarted {
				got = append(got, d.At)
			}
		}
		if len(got) != len(spoken) {
			rt.Fatalf("%d silences spoken of, want %d", len(got), len(spoken))
		}
		for i, at := range got {
			if at.Before(spoken[i]) || at.After(spoken[i].Add(step)) {
				rt.Fatalf("silence %d spoken of at %s, want within %s of %s", i, at, step, spoken[i])
			}
		}
	})
}

// TestASilenceIsPutOffUntilTheRuleMayStartAgain: whatever a learner does, a run starts for each silence that lasts until it is due and until the rule
// may start again, at the later of both; at the latest a step later.
func TestASilenceIsPutOffUntilTheRuleMayStartAgain(t *testing.T) {
	const silence, step, again = 7 * day, 10 * time.Minute, 21 * day
	rapid.Check(t, func(rt *rapid.T) {
		h := newHost(t)
		h.use("silent-again")
		h.handOver(&engine.Event{ID: "e", Name: "enrollment.created", Learner: "u1", Time: start, Properties: map[string]any{"course_id": "go"}}, start)
		steps := rapid.SliceOfN(rapid.IntRange(1, int(30*day/step)), 0, 20).Draw(rt, "gaps in steps")
		var want []time.Time
		last := start
		end := start
		for i, n := range append(steps, int(60*day/step)) {
			gap := time.Duration(n) * step
			end = last.Add(gap)
			due := last.Add(silence)
			if len(want) > 0 && want[len(want)-1].Add(again).After(due) {
				due = want[len(want)-1].Add(again)
			}
			if due.Before(end) {
				want = append(want, due)
			}
			if i == len(steps) {
				break
			}
			h.handOver(&engine.Event{
				ID:         fmt.Sprintf("a%d", i),
				Name:       "lesson.completed",
				Learner:    "u1",
				Time:       end,
				Properties: map[string]any{"course_id": "go", "lesson_id": "l1"},
			}, end)
			last = end
		}
		h.runTo(end)
		var got []time.Time
		for _, d := range h.decisions {
			if d.Kind == engine.KindStarted {
				got = append(got, d.At)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("starts (-want +got):\n%s", diff)
		}
	})
}

// TestAPutOffSilenceThatActivityEnds: the learner is active again before a silence that was put off may be spoken of, but after it would have been due whatever
// the risk. The step of that activity comes to an end, and the next silence is put off until the rule may start again.
func TestAPutOffSilenceThatActivityEnds(t *testing.T) {
	h := newHost(t)
	h.use("at-risk-again")
	visit := func(n int) {
		at := start.AddDate(0, 0, n)
		h.handOver(&engine.Event{
			ID:         fmt.Sprintf("a%d", n),
			Name:       "lesson.completed",
			Learner:    "u1",
			Time:       at,
			Properties: map[string]any{"course_id": "go", "lesson_id": "l1"},
		}, at)
	}
	h.handOver(&engine.Event{ID: "e", Name: "enrollment.created", Learner: "u1", Time: start, Properties: map[string]any{"course_id": "go"}}, start)
	visit(0)
	visit(5)  // its silence is due on the eighth day
	visit(20) // and on the fifteenth it had lasted for ten days
	h.runTo(start.AddDate(0, 0, 60))
	var got []string
	for _, d := range h.decisions {
		if d.Kind == engine.KindStarted || d.Kind == engine.KindDeferred {
			got = append(got, fmt.Sprintf("%s %s", d.Kind, d.At.Sub(start)/day*day))
		}
	}
	want := []string{"started 72h0m0s", "deferred 192h0m0s", "deferred 552h0m0s", "started 576h0m0s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}
