package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"homeroom/engine"
)

// neverActive is !has(course.last_active_at).
var neverActive = cond{"!has(course.last_active_at)", func(v *engine.Vars) (any, error) {
	return v.Course == nil || v.Course.LastActiveAt.IsZero(), nil
}}

// notStarted is a rule about courses that nobody has begun, three days after enrolling. looksLess says whether the engine is told that its condition cannot hold once something was
// done.
func notStarted(looksLess bool) *engine.Rule {
	r := &engine.Rule{
		Name:    "not-started",
		When:    engine.Trigger{Inactive: 3 * day, Match: engine.Match{If: neverActive}},
		Per:     []string{"course_id"},
		Again:   engine.Again{After: 30 * day},
		Program: []engine.Instr{send("1", "not-started")},
	}
	if looksLess {
		r.When.BeforeActivity = engine.PlaceCourse
	}
	return r
}

// countingHost is a host that counts the looks for which no event came.
type countingHost struct {
	*host
	looks int
}

func newCountingHost(t *testing.T, looksLess bool, rules ...string) *countingHost {
	h := newHost(t)
	h.use(rules...)
	h.env.Current.Rules = append(h.env.Current.Rules, notStarted(looksLess))
	return &countingHost{host: h}
}

func (h *countingHost) runUntil(t time.Time) {
	for !h.wake.IsZero() && !h.wake.After(t) {
		h.looks++
		h.step(nil, h.wake)
	}
}

func (h *countingHost) hear(ev engine.Event) {
	h.runUntil(ev.Time.Add(-1))
	h.handOver(&ev, ev.Time)
}

// TestNobodyLooksForASilenceThatCannotCount: a rule about courses that were not begun has nobody looked at once something was done there, until they enroll again.
func TestNobodyLooksForASilenceThatCannotCount(t *testing.T) {
	h := newCountingHost(t, true)
	hear := func(days int, name string) {
		h.hear(engine.Event{
			ID:         fmt.Sprint(name, days),
			Name:       name,
			Learner:    "u1",
			Time:       start.AddDate(0, 0, days),
			Properties: map[string]any{"course_id": "go", "lesson_id": "l1"},
		})
	}
	hear(0, "enrollment.created")
	if want := start.AddDate(0, 0, 3); !h.wake.Equal(want) {
		t.Fatalf("looked at %s, want %s", h.wake, want)
	}
	hear(1, "lesson.completed")
	h.runUntil(start.AddDate(0, 0, 100))
	if h.looks != 1 || !h.wake.IsZero() {
		t.Errorf("looked at %d times, and next at %s; want once, and never again", h.looks, h.wake)
	}
	if len(h.decisions) > 0 {
		t.Errorf("decided: %v", h.decisions)
	}
}

// TestLookingLessDecidesTheSame: whatever a learner does in several courses, under whichever other rules about silence, the decisions are those of an engine that looks for every
// silence, and there are no more looks.
func TestLookingLessDecidesTheSame(t *testing.T) {
	saved := 0
	rapid.Check(t, func(rt *rapid.T) {
		others := rapid.SampledFrom([][]string{nil, {"silent"}, {"silent-again"}, {"at-risk-again", "settings-risk"}, {"at-risk", "silent", "settings-risk"}}).Draw(rt, "other rules")
		all := newCountingHost(t, false, others...)
		few := newCountingHost(t, true, others...)
		at := start
		for i := range rapid.IntRange(1, 40).Draw(rt, "events") {
			at = at.Add(time.Duration(rapid.IntRange(1, 5*24*60).Draw(rt, "minutes")) * time.Minute)
			ev := engine.Event{
				ID:      fmt.Sprint("e", i),
				Name:    rapid.SampledFrom([]string{"enrollment.created", "lesson.completed", "lesson.completed", "video.played", "enrollment.cancelled", "course.completed"}).Draw(rt, "event"),
				Learner: "u1",
				Time:    at,
			}
			if course := rapid.SampledFrom([]string{"go", "sql", ""}).Draw(rt, "course"); course != "" {
				ev.Properties = map[string]any{"course_id": course}
			}
			all.hear(ev)
			few.hear(ev)
		}
		end := at.AddDate(0, 0, 60)
		all.runUntil(end)
		few.runUntil(end)
		if diff := cmp.Diff(all.decisions, few.decisions); diff != "" {
			rt.Fatalf("looking less decides otherwise (-all +less):\n%s", diff)
		}
		if few.looks > all.looks {
			rt.Fatalf("%d looks instead of %d", few.looks, all.looks)
		}
		saved += all.looks - few.looks
	})
	if saved == 0 {
		t.Error("no look was saved in any history")
	}
}
