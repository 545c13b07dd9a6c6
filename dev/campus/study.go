package campus

import (
	"fmt"
	"math"
	"time"

	"homeroom/engine"
)

// liveThroughTerm adds the student's events, day by day.
func (s *student) liveThroughTerm() {
	if len(s.events) == 0 {
		return // the student would sign up after the end of a short term
	}
	joined := s.events[0].Event.Time
	s.addOnboarding(joined)
	at := joined.Add(time.Duration(20+s.rand.IntN(60)) * time.Minute)
	for range 1 + s.rand.IntN(s.habit.courses) {
		s.enrollSomewhere(at)
		at = at.Add(time.Duration(1+s.rand.IntN(48)) * time.Hour)
	}
	if s.rand.IntN(4) == 0 {
		s.addEvent(joined.Add(10*time.Minute), "trial.started", map[string]any{
			"trial_duration_days": 14.0, "plan_type": "pro", "source": "pricing_page",
		})
		if s.rand.IntN(2) == 0 {
			s.addEvent(joined.AddDate(0, 0, 5+s.rand.IntN(8)), "subscription.created", map[string]any{
				"plan_name": "pro", "billing_interval": "monthly", "mrr_cents": 1900.0,
			})
		}
	}
	for day := joined.AddDate(0, 0, 1); day.Before(s.end); day = day.AddDate(0, 0, 1) {
		if s.rand.Float64() >= s.habit.daily {
			continue
		}
		last := s.studySession(s.randomTime(day, 7, 22))
		switch {
		case s.rand.Float64() < s.habit.leaves:
			s.cancelCourse(last)
		case s.rand.Float64() < s.habit.drifts:
			day = day.AddDate(0, 0, 7+s.rand.IntN(15))
		}
	}
}

func (s *student) addOnboarding(at time.Time) {
	s.addEvent(at.Add(time.Minute), "onboarding.started", map[string]any{"onboarding_version": "v3", "device_type": "desktop"})
	if s.rand.IntN(4) > 0 {
		s.addEvent(at.Add(9*time.Minute), "onboarding.completed", map[string]any{
			"onboarding_version": "v3", "duration_seconds": 480.0, "steps_completed": 5.0,
		})
	}
}

func (s *student) enrollSomewhere(at time.Time) {
	c := courses[s.rand.IntN(len(courses))]
	for _, t := range s.courses {
		if t.id == c.id {
			return
		}
	}
	s.courses = append(s.courses, &enrollment{course: c})
	s.addEvent(at, engine.EventEnrolled, map[string]any{
		"course_id": c.id, "enrollment_type": chooseOne(s.rand, "free", "paid"), "price_cents": 0.0,
	})
}

// studySession adds one to three lessons of one course and returns when the session ends.
func (s *student) studySession(at time.Time) time.Time {
	var open []*enrollment
	for _, t := range s.courses {
		if !t.over && !at.Before(s.enrolledAt(t)) {
			open = append(open, t)
		}
	}
	if len(open) == 0 {
		return at
	}
	t := open[s.rand.IntN(len(open))]
	if !t.started {
		t.started = true
		s.addEvent(at, engine.EventCourseStarted, map[string]any{"course_id": t.id, "category": "technology"})
	}
	for range 1 + s.rand.IntN(3) {
		at = s.takeLesson(t, at.Add(time.Minute))
		if t.over {
			return at
		}
	}
	return at
}

// enrolledAt returns when the student enrolled in a course; the end of the term if the student did not.
func (s *student) enrolledAt(t *enrollment) time.Time {
	for _, e := range s.events {
		if e.Event.Name == engine.EventEnrolled && e.Event.Properties["course_id"] == t.id {
			return e.Event.Time
		}
	}
	return s.end
}

func (s *student) takeLesson(t *enrollment, at time.Time) time.Time {
	t.done++
	lesson := fmt.Sprintf("les_%s_%02d", t.id, t.done)
	s.addEvent(at, engine.EventLessonStarted, map[string]any{"lesson_id": lesson, "course_id": t.id, "lesson_number": float64(t.done)})
	video := map[string]any{"video_id": "vid_" + lesson, "lesson_id": lesson, "playback_rate": 1.0}
	s.addEvent(at.Add(30*time.Second), "video.played", video)
	at = at.Add(time.Duration(8+s.rand.IntN(20)) * time.Minute)
	s.addEvent(at, "lesson.completed", map[string]any{
		"lesson_id": lesson, "course_id": t.id, "duration_seconds": 900.0, "completion_type": "watched_full",
	})
	s.addEvent(at.Add(time.Second), engine.EventProgress, map[string]any{
		"course_id": t.id, "progress_pct": math.Round(100 * float64(t.done) / float64(t.lessons)),
		"lessons_done": float64(t.done), "total_lessons": float64(t.lessons),
	})
	if t.done%4 == 0 {
		at = s.takeQuiz(t, at.Add(5*time.Minute))
	}
	if t.done == t.lessons {
		at = s.finishCourse(t, at.Add(2*time.Minute))
	}
	return at
}

// takeQuiz adds an assessment and, after most failures, a second attempt 10 to 50 hours later.
func (s *student) takeQuiz(t *enrollment, at time.Time) time.Time {
	t.quizzes++
	id := fmt.Sprintf("asm_%s_%d", t.id, t.quizzes)
	passed, at := s.attemptQuiz(t, id, at)
	if passed || s.rand.Float64() > 0.7 {
		return at
	}
	later := at.Add(time.Duration(10+s.rand.IntN(40)) * time.Hour)
	s.addEvent(later, "assessment.retried", map[string]any{"assessment_id": id, "attempt_number": 2.0, "previous_score_pct": 30.0})
	s.attemptQuiz(t, id, later.Add(time.Second))
	return at
}

func (s *student) attemptQuiz(t *enrollment, id string, at time.Time) (passed bool, end time.Time) {
	passed = s.rand.Float64() >= s.habit.fails
	score := float64(20 + s.rand.IntN(30))
	if passed {
		score = float64(60 + s.rand.IntN(41))
	}
	s.addEvent(at, "assessment.started", map[string]any{"assessment_id": id, "assessment_type": "quiz", "course_id": t.id})
	at = at.Add(12 * time.Minute)
	s.addEvent(at, "assessment.submitted", map[string]any{"assessment_id": id, "score_pct": score, "time_taken_seconds": 700.0})
	at = at.Add(2 * time.Second)
	s.addEvent(at, "assessment.graded", map[string]any{
		"assessment_id": id, "score_pct": score, "passed": passed, "grader_type": "auto",
	})
	return passed, at
}

func (s *student) finishCourse(t *enrollment, at time.Time) time.Time {
	t.over = true
	s.addEvent(at, engine.EventCourseCompleted, map[string]any{
		"course_id": t.id, "total_duration_hours": float64(t.lessons), "final_score_pct": 84.0,
	})
	certificate := fmt.Sprintf("cert_%s_%s", s.id, t.id)
	s.addEvent(at.Add(time.Minute), "certificate.earned", map[string]any{
		"course_id": t.id, "certificate_id": certificate, "credential_type": "completion",
	})
	if s.rand.Float64() < s.habit.shares {
		s.addEvent(at.Add(time.Duration(2+s.rand.IntN(120))*time.Hour), "certificate.shared", map[string]any{
			"certificate_id": certificate, "share_platform": "linkedin", "share_method": "profile",
		})
	}
	if s.rand.IntN(2) == 0 {
		s.addEvent(at.Add(time.Duration(30+s.rand.IntN(90))*time.Hour), "course.reviewed", map[string]any{
			"course_id": t.id, "rating": float64(3 + s.rand.IntN(3)), "review_length": 180.0, "has_text": true,
		})
	}
	return at
}

func (s *student) cancelCourse(at time.Time) {
	for _, t := range s.courses {
		if t.started && !t.over {
			t.over = true
			s.addEvent(at.Add(time.Hour), engine.EventEnrollmentCancelled, map[string]any{
				"course_id": t.id, "cancellation_reason": "no_time", "progress_pct": math.Round(100 * float64(t.done) / float64(t.lessons)),
			})
			return
		}
	}
}
