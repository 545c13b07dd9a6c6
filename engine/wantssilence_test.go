package engine

import (
	"slices"
	"testing"
	"time"
)

// Where rules are not asked about a silence because none can be concerned, none is.
func TestNoSilenceIsPassedOver(t *testing.T) {
	const day = 24 * time.Hour
	lists := [][]*Rule{
		{{When: Trigger{Inactive: 3 * day}}, {When: Trigger{Inactive: 7 * day}}},
		{{When: Trigger{Inactive: 7 * day, Platform: true}}},
		{{When: Trigger{Inactive: 2 * day, Platform: true}}, {When: Trigger{Inactive: day, AtRisk: 0.5}}},
		{{When: Trigger{Schedule: &Schedule{Every: EveryWeek, WhileActive: 14 * day}}}},
		{{When: Trigger{Match: Match{Event: "lesson.completed"}}}},
	}
	names := []string{
		EventSignedUp, EventEnrolled, EventFreeEnrolled, EventEnrollmentCancelled, EventCourseStarted, EventLessonStarted, EventProgress, EventCourseCompleted,
		EventProfileUpdated, EventCourseUpdated, EventAssessmentGraded, "video.played",
	}
	gaps := []time.Duration{0, day - 1, day, 2 * day, 3*day - 1, 3 * day, 7 * day, 30 * day}
	wanted := 0
	passed := 0
	for _, rules := range lists {
		rs := &Ruleset{Rules: rules}
		in := rs.newInterest()
		for _, name := range names {
			for _, inCourse := range gaps {
				for _, onPlatform := range gaps {
					for _, first := range []bool{false, true} {
						ev := &Event{Name: name}
						change := Change{First: first, CourseGap: inCourse, PlatformGap: onPlatform}
						wants := slices.ContainsFunc(in.silences, func(r *Rule) bool { return r.wantsSilence(ev, change) })
						may := in.mayWantSilence(ev, &change)
						if wants && !may {
							t.Fatalf("%s with %+v is passed over", name, change)
						}
						if wants {
							wanted++
						}
						if !may {
							passed++
						}
					}
				}
			}
		}
	}
	if wanted == 0 || passed == 0 {
		t.Errorf("%d were wanted and %d passed over", wanted, passed)
	}
}
