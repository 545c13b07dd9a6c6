package engine_test

import (
	"fmt"
	"testing"
	"time"

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
