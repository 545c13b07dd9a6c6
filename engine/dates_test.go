package engine_test

import (
	"testing"
	"time"

	"homeroom/engine"
)

// dated is a rule that begins at a date.
func dated(source string, platform bool, date func(*engine.Vars) (any, error)) *engine.Ruleset {
	rule := &engine.Rule{
		Name:    "dated",
		When:    engine.Trigger{Date: cond{source, date}, Platform: platform},
		Again:   engine.Again{Always: true},
		Program: []engine.Instr{send("1", "hello")},
	}
	return &engine.Ruleset{Hash: "h", Rules: []*engine.Rule{rule}}
}

// TestFirstSilenceOfDates: publishing a rule wakes everybody if only the profile knows the date, and whoever has it if the standing does.
func TestFirstSilenceOfDates(t *testing.T) {
	ofTrait := dated("timestamp(learner.traits.exam_date)", true, func(*engine.Vars) (any, error) { return start.Add(day), nil })
	if at, due := engine.FirstSilence(ofTrait, &engine.Standing{}, start); !due || !at.Equal(start) {
		t.Errorf("a date from a trait falls due at %v, %v", at, due)
	}
	ofCourse := dated("course.starts_at - days(1)", false, func(v *engine.Vars) (any, error) { return v.Course.StartsAt.Add(-day), nil })
	standing := &engine.Standing{Courses: map[string]*engine.Course{"go": {EnrolledAt: start}}}
	ofCourse.Courses = map[string]engine.CourseInfo{"go": {Starts: start.Add(9 * day)}}
	if at, due := engine.FirstSilence(ofCourse, standing, start.Add(time.Hour)); !due || !at.Equal(start.Add(8*day)) {
		t.Errorf("the day before a course begins falls due at %v, %v", at, due)
	}
	if at, due := engine.FirstSilence(ofCourse, standing, start.Add(8*day+time.Second)); due {
		t.Errorf("what has passed falls due at %v", at)
	}
}

// TestTraitsOfDates: a trait from which a date is made reaches the learner's workflow, also by the first event of the learner, and only when it changes.
func TestTraitsOfDates(t *testing.T) {
	rs := dated("timestamp(learner.traits.exam_date)", true, func(*engine.Vars) (any, error) { return start.Add(day), nil })
	standing := &engine.Standing{}
	for i, c := range []struct {
		traits map[string]any
		wanted bool
	}{
		{map[string]any{"exam_date": "2026-03-10"}, true},
		{map[string]any{"exam_date": "2026-03-10", "first_name": "Ada"}, false},
		{map[string]any{"first_name": "Grace"}, false},
		{map[string]any{"exam_date": "2026-03-12"}, true},
		{map[string]any{"timezone": "Europe/Berlin"}, true}, // a day begins there at another instant
	} {
		change := engine.Change{First: i == 0}
		ev := &engine.Event{Name: "page.viewed", Time: start}
		standing.ApplyTraits(c.traits, rs, &change)
		if got := rs.Wants(ev, change); got != c.wanted {
			t.Errorf("%v: wanted %v", c.traits, got)
		}
	}
}
