package rules

import (
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// What the trigger of a rule about overdue work is called, as an expression sees it: no event of the catalog.
const (
	overdueAssessment = "an overdue assessment"
	overdueAssignment = "an overdue assignment"
)

// overdueKinds are the values of `of`. The first is meant if a rule does not say.
func overdueKinds() []string { return []string{"assessment", "assignment"} }

// overdueOrigin is what starts the runs of a rule about what is overdue.
func overdueOrigin(of string) origin {
	name := overdueAssessment
	key := engine.KeyAssessment
	if of == "assignment" {
		name = overdueAssignment
		key = engine.KeyAssignment
	}
	keys := []string{engine.KeyCourse, key}
	return origin{name: name, event: overdueEvent(name, keys), course: true, keys: keys}
}

func (o *origin) isOverdue() bool { return o.name == overdueAssessment || o.name == overdueAssignment }

// isStateTrigger reports whether a trigger is no event, but a state over time.
func isStateTrigger(name string) bool {
	switch name {
	case inactivityCourse, inactivityPlatform, overdueAssessment, overdueAssignment:
		return true
	}
	return false
}

// overdueEvent is what may be read of the trigger of a rule about what is overdue. It has a title and a link where courses.yaml or an event names them.
func overdueEvent(name string, keys []string) *catalog.Event {
	return &catalog.Event{
		Name: name,
		Properties: []catalog.Property{
			{Name: engine.KeyCourse, Type: catalog.String, Required: true},
			{Name: keys[1], Type: catalog.String, Required: true},
			{Name: "due_at", Type: catalog.Timestamp, Required: true},
			{Name: "title", Type: catalog.String},
			{Name: "url", Type: catalog.URL},
		},
		Keys: keys,
	}
}

// listenedForOverdue are the events that a rule about overdue work listens for.
func listenedForOverdue(r *engine.Rule) []listens {
	what := strings.TrimSuffix(r.When.Of, "_id")
	return []listens{
		{event: what + ".scheduled", why: "says when it is due", wakes: eachTime},
		{event: engine.EventEnrolled, why: "due dates count from it", wakes: eachTime},
		{event: engine.EventFreeEnrolled, why: "due dates count from it", wakes: eachTime},
		{event: engine.EventCourseUpdated, why: "may move the course's end", wakes: eachTime},
		{event: engine.EventEnrollmentCancelled, why: "ends a run", wakes: eachTime},
		{event: engine.EventCourseCompleted, why: "ends a run", wakes: eachTime},
		{event: what + ".submitted", why: "it is handed in", wakes: "never; it is looked up when something falls due"},
		{event: what + ".graded", why: "it is handed in", wakes: "never; it is looked up when something falls due"},
	}
}

// nextDueAt returns when something is due next; zero: nothing is.
func nextDueAt(c *engine.CourseView) time.Time {
	if c.NextDueAt == nil {
		return time.Time{}
	}
	return c.NextDueAt()
}
