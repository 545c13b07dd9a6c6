package engine_test

import (
	"testing"

	"homeroom/engine"
)

func TestWants(t *testing.T) {
	failedQuiz := map[string]any{"assessment_id": "a1", "passed": false}
	cases := []struct {
		name   string
		rules  []string
		event  engine.Event
		change engine.Change
		want   bool
	}{
		{"nobody listens for it", []string{"retry"}, engine.Event{Name: "note.created"}, engine.Change{}, false},
		{"it starts a run", []string{"retry"}, engine.Event{Name: "assessment.graded", Properties: failedQuiz}, engine.Change{}, true},
		{"its condition cannot hold", []string{"retry"}, engine.Event{Name: "assessment.graded", Properties: map[string]any{"passed": true}}, engine.Change{}, false},
		{"its condition cannot be told: the learner's log must say so", []string{"retry"}, engine.Event{Name: "assessment.graded"}, engine.Change{}, true},
		{"it ends a run", []string{"retry"}, engine.Event{Name: "course.completed"}, engine.Change{}, true},
		{"a wait_for waits for it", []string{"share"}, engine.Event{Name: "certificate.shared"}, engine.Change{}, true},
		{"activity wakes nobody", []string{"silent"}, engine.Event{Name: "lesson.completed"}, engine.Change{CourseGap: 6 * day, PlatformGap: 6 * day}, false},
		{"the end of a long silence does", []string{"silent"}, engine.Event{Name: "lesson.completed"}, engine.Change{CourseGap: 7 * day}, true},
		{"a silence in a course is none on the platform", []string{"away"}, engine.Event{Name: "lesson.completed"}, engine.Change{CourseGap: 20 * day, PlatformGap: day}, false},
		{"an enrollment arms inactivity", []string{"silent"}, engine.Event{Name: "enrollment.created"}, engine.Change{}, true},
		{"the first sight of a learner arms it for the platform", []string{"away"}, engine.Event{Name: "video.played"}, engine.Change{First: true}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := ruleset(t, c.rules...).Wants(&c.event, c.change); got != c.want {
				t.Errorf("Wants = %v, want %v", got, c.want)
			}
		})
	}
}

// A profile update reaches a workflow if a trait by which runs are timed has another value, and only then.
func TestWantsOfTraits(t *testing.T) {
	ev := engine.Event{ID: "p", Name: engine.EventProfileUpdated, Learner: "u1", Time: start}
	for _, c := range []struct {
		name   string
		rules  []string
		fresh  bool
		before map[string]any
		traits map[string]any
		want   bool
	}{
		{"a zone becomes known", []string{"morning"}, false, nil, map[string]any{"timezone": "Asia/Tokyo"}, true},
		{"the same zone once more", []string{"morning"}, false, map[string]any{"timezone": "Asia/Tokyo"}, map[string]any{"timezone": "Asia/Tokyo"}, false},
		{"another zone", []string{"morning"}, false, map[string]any{"timezone": "Asia/Tokyo"}, map[string]any{"timezone": "Europe/Berlin"}, true},
		{"a zone, and quiet hours", []string{"welcome", "settings-night"}, false, nil, map[string]any{"timezone": "Asia/Tokyo"}, true},
		{"no local time", []string{"welcome"}, false, nil, map[string]any{"timezone": "Asia/Tokyo"}, false},
		{"a trait that a timestamp reads", []string{"trial-trait"}, false, nil, map[string]any{"trial_ends_at": "2026-03-16T10:00:00Z"}, true},
		{"another trait", []string{"trial-trait"}, false, nil, map[string]any{"plan": "pro"}, false},
		{"a learner of whom nothing was known", []string{"morning"}, true, nil, map[string]any{"timezone": "Asia/Tokyo"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs := ruleset(t, c.rules...)
			st := engine.Standing{}
			if !c.fresh {
				st.FirstSeenAt = start.Add(-day)
			}
			st.ApplyTraits(c.before, rs, &engine.Change{})
			change := st.Apply(&ev, rs, start)
			st.ApplyTraits(c.traits, rs, &change)
			if got := rs.Wants(&ev, change); got != c.want {
				t.Errorf("wanted: %v, want %v", got, c.want)
			}
			again := st.Apply(&ev, rs, start)
			st.ApplyTraits(c.traits, rs, &again)
			if again.Profile {
				t.Error("the same values count as a change twice")
			}
		})
	}
}

// TestInterest: what an older revision listens for is still wanted, with the properties it keeps.
func TestInterest(t *testing.T) {
	current := ruleset(t, "welcome")
	old := ruleset(t, "share")
	current.Hash = "new"
	old.Hash = "old"
	current.KeptProperties = map[string][]string{"certificate.earned": {"credential_type"}}
	old.KeptProperties = map[string][]string{"certificate.earned": {"course_title"}}
	shared := engine.Event{Name: "certificate.shared"}
	if current.Wants(&shared, engine.Change{}) {
		t.Fatal("the current revision alone wants certificate.shared")
	}
	union := engine.Interest(current, old, nil)
	if !union.Wants(&shared, engine.Change{}) {
		t.Error("a live run of the old revision would never hear certificate.shared")
	}
	if got := union.KeptProperties["certificate.earned"]; len(got) != 2 {
		t.Errorf("Keep = %v, want both revisions' properties", got)
	}
	if len(current.Rules) != 1 || len(current.KeptProperties["certificate.earned"]) != 1 {
		t.Error("Interest changed the revision it was given")
	}
}
