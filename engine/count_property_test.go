package engine_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homeroom/engine"
)

// TestCountingIsExact: what a publisher sends again, after however many other events, in whatever order and late, counts once. The slow reference keeps
// every id.
func TestCountingIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		window := rapid.SampledFrom([]int{1, 7, 90}).Draw(rt, "window")
		rs := ruleset(t, "twice")
		rs.Counted = map[string]int{"lesson.completed": window}
		days := rapid.IntRange(1, 12).Draw(rt, "days")
		perDay := rapid.IntRange(1, 60).Draw(rt, "per day")
		now := start.AddDate(0, 0, days)
		var events []engine.Event
		for day := range days {
			for n := range perDay {
				at := start.AddDate(0, 0, day).Truncate(24 * time.Hour).Add(time.Duration(n) * time.Minute)
				events = append(events, engine.Event{ID: fmt.Sprintf("%d.%d", day, n), Name: "lesson.completed", Learner: "u1", Time: at, Properties: map[string]any{"lesson_id": "l", "course_id": "go"}})
			}
		}
		var st engine.Standing
		for i := range events {
			st.Apply(&events[i], rs, now)
		}
		for range rapid.IntRange(1, 3).Draw(rt, "published again") {
			from := rapid.IntRange(0, len(events)-1).Draw(rt, "from")
			for i := from; i < len(events); i++ { // a day, or many, are published again
				st.Apply(&events[i], rs, now)
			}
		}
		want := map[string]bool{}
		today := now.Truncate(24 * time.Hour)
		for _, ev := range events {
			if age := int(today.Sub(ev.Time.Truncate(24*time.Hour)).Hours() / 24); age >= 0 && age < window {
				want[ev.ID] = true
			}
		}
		if got := st.CountSince("lesson.completed", now, window); got != len(want) {
			rt.Fatalf("counted %d, want %d", got, len(want))
		}
	})
}

// What an older version counted last is known by its ring of ids.
func TestCountsOfAnOlderVersionAreRead(t *testing.T) {
	rs := ruleset(t, "twice")
	ev := engine.Event{ID: "e1", Name: "lesson.completed", Learner: "u1", Time: start, Properties: map[string]any{}}
	var now engine.Standing
	now.Apply(&ev, rs, start)
	old := engine.Standing{
		FirstSeenAt: start,
		Counts:      map[string]*engine.Days{"lesson.completed": {Last: now.Counts["lesson.completed"].Last, N: []int{1}}},
		CountedIDs:  engine.RingOf("e1"),
	}
	old.Apply(&ev, rs, start)
	if got := old.CountSince("lesson.completed", start, 7); got != 1 {
		t.Errorf("counted %d, want 1", got)
	}
	ev.ID = "e2"
	old.Apply(&ev, rs, start)
	if got := old.CountSince("lesson.completed", start, 7); got != 2 {
		t.Errorf("counted %d, want 2", got)
	}
}

// An event that says no time is of when it arrives. Sent again on another day it is known by its id, among all events and among those of its course, also by an import that
// knows the time.
func TestARepeatOfAnotherDayCountsOnce(t *testing.T) {
	rs := ruleset(t, "twice")
	rs.Counted = map[string]int{"lesson.completed": 7}
	rs.CountedBy = map[string]map[string]int{"lesson.completed": {"course_id": 7}}
	event := func(id string, days int) *engine.Event {
		return &engine.Event{
			ID:         id,
			Name:       "lesson.completed",
			Learner:    "u1",
			Time:       start.AddDate(0, 0, days),
			Properties: map[string]any{"lesson_id": "l", "course_id": "go"},
		}
	}
	var st engine.Standing
	for _, ev := range []*engine.Event{event("e1", 0), event("e1", 2), event("e2", 2), event("e2", 1)} {
		st.Apply(ev, rs, ev.Time)
	}
	st.MergeCounts([]*engine.Event{event("e1", 1), event("e2", 2), event("e3", 1)}, rs)
	now := start.AddDate(0, 0, 2)
	if got := st.CountSince("lesson.completed", now, 7); got != 3 {
		t.Errorf("counted %d, want 3", got)
	}
	if got := st.CountSinceBy("lesson.completed", "course_id", "go", now, 7); got != 3 {
		t.Errorf("counted %d in the course, want 3", got)
	}
	later := event("e1", 9)
	st.Apply(event("e4", 9), rs, later.Time)
	if st.Apply(later, rs, later.Time); st.CountSince("lesson.completed", later.Time, 7) != 2 {
		t.Error("an id is remembered for longer than a rule looks back")
	}
}
