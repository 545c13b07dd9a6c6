package nullsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// start is when every term begins: a Monday.
var start = time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)

// story is what one learner does in a term, whatever they are sent.
type story struct {
	rng    *rand.Rand
	id     string
	events []engine.Event
}

// writeStory makes up a learner's term. Some study often, fail often, and drift away; two quizzes may fall on one day, so that caps matter.
func writeStory(rng *rand.Rand, id string, days int) []engine.Event {
	s := &story{
		rng: rng,
		id:  id,
	}
	term := time.Duration(days) * 24 * time.Hour
	at := start.Add(time.Duration(rng.Int64N(int64(term * 5 / 6))))
	end := start.Add(term)
	s.addEvent(at, "user.signed_up", nil)
	if s.drawChance(0.3) {
		s.addEvent(at.Add(5*time.Minute), "onboarding.started", nil)
	}
	if s.drawChance(0.3) {
		s.addEvent(at.Add(time.Hour), "trial.started", map[string]any{"trial_duration_days": 14.0})
		if s.drawChance(0.4) {
			s.addEvent(s.drawInstant(at, 25), "subscription.created", nil)
		}
	}
	for n := range 1 + rng.IntN(2) {
		s.takeCourse(fmt.Sprint("crs_", n), at.Add(time.Duration(n)*50*time.Hour), end)
	}
	s.events = slices.DeleteFunc(s.events, func(ev engine.Event) bool { return ev.Time.After(end) })
	slices.SortStableFunc(s.events, func(a, b engine.Event) int { return cmp.Or(a.Time.Compare(b.Time)) })
	return s.events
}

func (s *story) addEvent(at time.Time, name string, properties map[string]any) {
	s.events = append(s.events, engine.Event{
		ID:         fmt.Sprint(s.id, "-", len(s.events)),
		Name:       name,
		Learner:    s.id,
		Time:       at.Truncate(time.Second),
		Properties: properties,
	})
}

// drawChance reports true with a probability of chance.
func (s *story) drawChance(chance float64) bool { return s.rng.Float64() < chance }

// drawInstant returns an instant some time in the next days.
func (s *story) drawInstant(at time.Time, days float64) time.Time {
	return at.Add(time.Duration(s.rng.Float64() * days * 24 * float64(time.Hour)))
}

// takeCourse is a learner's way through a course of ten sessions.
func (s *story) takeCourse(course string, at, end time.Time) {
	about := map[string]any{"course_id": course}
	s.addEvent(at, "enrollment.created", map[string]any{"course_id": course, "enrollment_type": "free", "price_cents": 0.0})
	if s.drawChance(0.2) {
		return // and never starts
	}
	pause := 0.5 + 4*s.rng.Float64() // days between two sessions, at most
	for session := 1; session <= 10; session++ {
		at = s.drawInstant(at.Add(2*time.Hour), pause)
		if s.drawChance(0.06) {
			at = at.Add(time.Duration(4+s.rng.IntN(14)) * 24 * time.Hour) // a silence
		}
		if at.After(end) {
			return
		}
		if session == 1 {
			s.addEvent(at, "course.started", about)
		}
		s.addEvent(at, "lesson.completed", map[string]any{"course_id": course, "lesson_id": fmt.Sprint("les_", session)})
		s.addEvent(at.Add(time.Second), "course.progress_updated", map[string]any{
			"course_id":     course,
			"progress_pct":  float64(10 * session),
			"lessons_done":  float64(session),
			"total_lessons": 10.0,
		})
		for quiz := range s.rng.IntN(3) {
			s.takeQuiz(course, fmt.Sprint("asm_", course, "_", session, "_", quiz), at.Add(time.Duration(1+quiz)*20*time.Minute))
		}
		if s.drawChance(0.02) {
			s.addEvent(at.Add(3*time.Hour), "enrollment.cancelled", about)
			return
		}
	}
	s.finishCourse(course, at.Add(2*time.Hour))
}

// takeQuiz is a quiz that is failed as often as not, and what the learner does about it by their own hand.
func (s *story) takeQuiz(course, quiz string, at time.Time) {
	graded := func(at time.Time, passed bool) {
		s.addEvent(at, "assessment.graded", map[string]any{"assessment_id": quiz, "course_id": course, "passed": passed})
	}
	graded(at, s.drawChance(0.5))
	if s.events[len(s.events)-1].Properties["passed"] == true || s.drawChance(0.4) {
		return
	}
	again := s.drawInstant(at.Add(20*time.Minute), 5)
	s.addEvent(again, "assessment.retried", map[string]any{"assessment_id": quiz, "course_id": course})
	graded(again.Add(30*time.Minute), s.drawChance(0.6))
}

func (s *story) finishCourse(course string, at time.Time) {
	about := map[string]any{"course_id": course}
	certificate := map[string]any{"course_id": course, "certificate_id": s.id + course}
	s.addEvent(at, "course.completed", about)
	s.addEvent(at.Add(time.Minute), "certificate.earned", certificate)
	if s.drawChance(0.4) {
		s.addEvent(s.drawInstant(at, 12), "certificate.shared", certificate)
	}
	if s.drawChance(0.5) {
		reviewed := s.drawInstant(at, 9)
		s.addEvent(reviewed, "course.reviewed", map[string]any{"course_id": course, "rating": float64(4 + s.rng.IntN(2))})
		if s.drawChance(0.3) {
			s.addEvent(s.drawInstant(reviewed, 9), "referral.link_shared", nil)
		}
	}
}

// decodedEvent is an event as a host takes it.
func decodedEvent(ev *engine.Event) catalog.Decoded { return catalog.Decoded{Event: *ev} }
