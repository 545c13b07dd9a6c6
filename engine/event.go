package engine

import "time"

// Event is one thing a learner did, as the stream holds it. It carries no personal data: triggers strip traits and
// every property that no rule and no message names.
type Event struct {
	ID      string    `json:"id"`
	Name    string    `json:"event"`
	Learner string    `json:"learner_id,omitempty"`
	Time    time.Time `json:"time"` // when it happened, by the publisher's clock
	// Properties are JSON values: string, float64, bool, nil, []any or map[string]any.
	Properties map[string]any `json:"properties,omitempty"`
	// Seq is the stream sequence that orders the events of a learner; 0 where there is no stream (rule tests).
	Seq uint64 `json:"seq,omitempty"`
	// Stream tells streams apart: when the one that Seq counts in was created, in Unix seconds; 0 where there is none.
	Stream int64 `json:"stream,omitempty"`
	// StoredAt is when the stream took the event in. Zero means "the time of the step that hands it over".
	StoredAt time.Time `json:"stored_at,omitzero"`
	// Broadcast is set if the event has no learner of its own and was handed to this one, whom it concerns. It says nothing of the learner's own events: these may
	// still lie in the stream.
	Broadcast bool `json:"broadcast,omitempty"`
	// Absorbed is what another id of the learner remembered, with EventAliased; nil: nothing.
	Absorbed *Memory `json:"absorbed,omitempty"`
}

// Text returns the property as text, and whether the event carries it as a non-empty string.
func (e *Event) Text(name string) (string, bool) {
	s, ok := e.Properties[name].(string)
	return s, ok && s != ""
}

// Number returns the property as a number, and whether the event carries it as one.
func (e *Event) Number(name string) (float64, bool) {
	n, ok := e.Properties[name].(float64)
	return n, ok
}

// The events whose meaning the engine itself knows. Everything else is meaning given by rules.
const (
	EventSignedUp            = "user.signed_up"
	EventEnrolled            = "enrollment.created"
	EventFreeEnrolled        = "free_course.enrolled"
	EventEnrollmentCancelled = "enrollment.cancelled"
	EventCourseStarted       = "course.started"
	EventLessonStarted       = "lesson.started"
	EventProgress            = "course.progress_updated"
	EventCourseCompleted     = "course.completed"
	EventProfileUpdated      = "profile.updated"
	EventEmailOpened         = "email.opened"
	EventEmailClicked        = "email.clicked"
	EventNudgeSeen           = "nudge.seen"
	EventNudgeClicked        = "nudge.clicked"
	EventNudgeDismissed      = "nudge.dismissed"
	EventShareClicked        = "share.link_clicked"
	EventCourseUpdated       = "course.updated"
	EventAssessmentScheduled = "assessment.scheduled"
	EventAssignmentScheduled = "assignment.scheduled"
	EventAssessmentSubmitted = "assessment.submitted"
	EventAssessmentGraded    = "assessment.graded"
	EventAssignmentSubmitted = "assignment.submitted"
	EventAssignmentGraded    = "assignment.graded"
)

// KeyCourse is the property that names a course in every event that names one.
const KeyCourse = "course_id"
