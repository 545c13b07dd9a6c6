package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"homeroom/engine"
)

// facts are what conditions may ask of a learner's course, now and at each instant of a history.
type facts struct {
	Completed int
	SignedUp  time.Time
	Course    engine.Course
	Progress  engine.Progress
	HandedIn  engine.HandIns
	Again     engine.RepeatedHandIns
	NextDueAt []time.Time // now, and at each hour of the history
}

// factsOf applies a history in an order and says what is known then, without the rings of activity, which forget the oldest.
func factsOf(rs *engine.Ruleset, events []engine.Event, order []int) facts {
	var st engine.Standing
	heard := start.AddDate(1, 0, 0)
	for _, i := range order {
		ev := events[i]
		st.Apply(&ev, rs, heard)
	}
	f := facts{
		Completed: st.CoursesCompleted,
		SignedUp:  st.SignedUpAt,
		HandedIn:  st.HandedIn,
		Again:     st.HandedInAgain,
	}
	for hour := range 8 {
		f.NextDueAt = append(f.NextDueAt, engine.NextDueAt(rs, &st, "go", start.Add(time.Duration(hour)*time.Hour)))
	}
	if c := st.Courses["go"]; c != nil {
		f.Course = *c
		f.Course.Active = nil
		f.Progress = c.ProgressNow()
	}
	return f
}

// TestFactsDoNotDependOnTheOrderOfArrival: facts are a function of the set of events, whatever the order in which they are heard, also if some are
// heard twice.
func TestFactsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	rs := ruleset(t, "welcome", "overdue")
	rapid.Check(t, func(rt *rapid.T) {
		names := []string{"user.signed_up", "enrollment.created", "free_course.enrolled", "enrollment.cancelled", "course.completed", "course.started", "lesson.started", "course.progress_updated", "course.updated", "assessment.scheduled", "assessment.submitted", "assessment.graded"}
		times := []any{nil, start.Add(time.Hour).Format(time.RFC3339), start.Add(5 * time.Hour).Format(time.RFC3339)}
		var events []engine.Event
		for i := range rapid.IntRange(2, 4).Draw(rt, "events") {
			ev := engine.Event{
				ID:         fmt.Sprint(i),
				Learner:    "u1",
				Name:       rapid.SampledFrom(names).Draw(rt, "name"),
				Time:       start.Add(time.Duration(rapid.IntRange(0, 6).Draw(rt, "hour")) * time.Hour),
				Properties: map[string]any{"course_id": "go"},
			}
			for key, values := range map[string][]any{"enrollment_type": {nil, "free", "paid"}, "progress_pct": {nil, 10.0, 60.0}, "lessons_done": {nil, 3.0}, "course_title": {nil, "Go", "Go!"},
				"course_starts_at": times, "course_ends_at": times, "due_at": times, "title": {nil, "Loops", "Maps"}, "assessment_id": {"a1", "a1", "a2"}} {
				if v := rapid.SampledFrom(values).Draw(rt, key); v != nil {
					ev.Properties[key] = v
				}
			}
			events = append(events, ev)
		}
		order := make([]int, len(events))
		for i := range order {
			order[i] = i
		}
		want := factsOf(rs, events, order)
		twice := append(slices.Clone(order), order...)
		if diff := cmp.Diff(want, factsOf(rs, events, twice)); diff != "" {
			rt.Fatalf("heard twice (+) they say something else:\n%s", diff)
		}
		for permute(order) {
			if diff := cmp.Diff(want, factsOf(rs, events, order)); diff != "" {
				rt.Fatalf("heard in the order %v (+) they say something else:\n%s", order, diff)
			}
		}
	})
}

// permute makes the next order in the order of the dictionary; false: that was the last.
func permute(order []int) bool {
	i := len(order) - 2
	for i >= 0 && order[i] >= order[i+1] {
		i--
	}
	if i < 0 {
		return false
	}
	j := len(order) - 1
	for order[j] <= order[i] {
		j--
	}
	order[i], order[j] = order[j], order[i]
	slices.Reverse(order[i+1:])
	return true
}

func TestTakingACourseAgain(t *testing.T) {
	at := func(days int) time.Time { return start.AddDate(0, 0, days) }
	event := func(days int, name string, pairs ...any) engine.Event {
		ev := engine.Event{ID: fmt.Sprint(days, name, pairs), Name: name, Learner: "u1", Time: at(days), Properties: map[string]any{"course_id": "go"}}
		for i := 0; i < len(pairs); i += 2 {
			ev.Properties[pairs[i].(string)] = pairs[i+1]
		}
		return ev
	}
	first := []engine.Event{
		event(0, "enrollment.created", "enrollment_type", "free"),
		event(10, "course.progress_updated", "progress_pct", 100.0),
		event(30, "course.completed"),
	}
	again := append(slices.Clone(first), event(60, "enrollment.created", "enrollment_type", "paid"))
	cases := []struct {
		name   string
		events []engine.Event
		want   engine.Course
	}{
		{"the second run begins empty", again, engine.Course{
			EnrolledAt:     at(60),
			EnrollmentType: "paid",
			Previous:       &engine.PreviousRun{EnrolledAt: at(0), CompletedAt: at(30), EnrollmentType: "free", ProgressPct: 100},
		}},
		{"an upgrade while enrolled is seen, and begins nothing", []engine.Event{first[0], event(1, "enrollment.created", "enrollment_type", "paid")}, engine.Course{
			EnrolledAt:     at(0),
			EnrollmentType: "paid",
		}},
		{"what an upgrade does not carry stays", []engine.Event{first[0], event(1, "enrollment.created")}, engine.Course{
			EnrolledAt:     at(0),
			EnrollmentType: "free",
		}},
		{"an old end heard late belongs to the first run", []engine.Event{first[0], event(60, "enrollment.created"), first[2]}, engine.Course{
			EnrolledAt:     at(60),
			EnrollmentType: "free",
			Previous:       &engine.PreviousRun{EnrolledAt: at(0), CompletedAt: at(30), EnrollmentType: "free"},
		}},
		{"an old cancellation heard late belongs to the first run", []engine.Event{first[0], event(60, "enrollment.created"), event(20, "enrollment.cancelled")}, engine.Course{
			EnrolledAt:     at(60),
			EnrollmentType: "free",
			Previous:       &engine.PreviousRun{EnrolledAt: at(0), CancelledAt: at(20), EnrollmentType: "free"},
		}},
		{"completed again", append(slices.Clone(again), event(90, "course.completed")), engine.Course{
			EnrolledAt:     at(60),
			CompletedAt:    at(90),
			EnrollmentType: "paid",
			Previous:       &engine.PreviousRun{EnrolledAt: at(0), CompletedAt: at(30), EnrollmentType: "free", ProgressPct: 100},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var st engine.Standing
			rs := ruleset(t, "welcome")
			for i := range c.events {
				st.Apply(&c.events[i], rs, at(100))
			}
			got := *st.Courses["go"]
			if progress := got.ProgressNow(); got.Previous != nil && progress.Pct != 0 {
				t.Errorf("the first run's progress, %v, answers for the second", progress)
			}
			got.Moments = nil
			got.Starts = nil
			got.Progress = nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A record that an older version wrote has no moments; it is read, and the next event counts on from it.
func TestAStandingOfAnOlderVersionIsRead(t *testing.T) {
	var st engine.Standing
	old := `{"v":1,"courses":{"go":{"enrolled_at":"2026-01-01T00:00:00Z","started_at":"2026-01-02T00:00:00Z","completed_at":"2026-02-01T00:00:00Z",
		"progress":[{"at":"2026-01-31T00:00:00Z","pct":100,"done":9,"total":9}],"enrollment_type":"paid"}}}`
	if err := json.Unmarshal([]byte(old), &st); err != nil {
		t.Fatal(err)
	}
	if got := st.Courses["go"].ProgressNow(); got.Pct != 100 || got.Total != 9 {
		t.Errorf("progress is %v", got)
	}
	ev := engine.Event{ID: "e1", Name: "enrollment.created", Learner: "u1", Time: start, Properties: map[string]any{"course_id": "go"}}
	st.Apply(&ev, ruleset(t, "welcome"), start)
	got := st.Courses["go"]
	if !got.EnrolledAt.Equal(start) || !got.CompletedAt.IsZero() || !got.StartedAt.IsZero() || got.Previous == nil || got.Previous.CompletedAt.IsZero() || got.Previous.ProgressPct != 100 {
		t.Errorf("after a new enrollment it is %+v", got)
	}
}
