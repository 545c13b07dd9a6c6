package engine

import (
	"strings"
	"time"
)

// eventDate is the name of what starts a run of a rule with a date.
const eventDate = "date"

// appendDated adds the date of a rule for the learner or, in a course, for the learner in it, if it is known and has not passed. As with a schedule, a date that lies further back than a
// message may be put off begins nothing, and neither does one from before the publication that brought the rule.
func (s *stepper) appendDated(list []silence, rule *Rule, place silentPlace) []silence {
	date, err := s.dateOf(rule, place.course)
	if err != nil {
		return list // it is not known
	}
	scope := courseScope(place.course)
	due := later(date, s.putOffUntil(rule, scope, date))
	missed := max(s.env.Grace, s.env.Current.Settings.Patience)
	if s.decided.IsZero() || s.published {
		missed = s.env.Grace
	}
	switch {
	case s.decidedUpTo(due), due.Before(s.now.Add(-missed)):
		return list
	case place.record != nil && (!place.record.openAt(due) || due.Before(place.record.EnrolledAt)):
		return list
	}
	return append(list, silence{
		rule:   rule,
		course: place.course,
		scope:  scope,
		key:    pastKey(rule.Name, scope),
		armed:  date,
		due:    due,
	})
}

// dateOf returns the instant at which a rule with a date begins for the learner; in a course, for the learner in it. An error says that it is not known.
func (s *stepper) dateOf(rule *Rule, course string) (time.Time, error) {
	date, err := evalTime(rule.When.Date, s.exprVars(nil, nil, course, later(s.st.Clock, s.now)))
	return date.UTC().Truncate(time.Millisecond), err
}

// dateOver returns why a run that a date began has nothing left to say as of `at`; empty: it has.
func (s *stepper) dateOver(run *Run, at time.Time) Reason {
	if c := s.env.Standing.Courses[run.Course]; run.Course != "" && c != nil {
		switch present := c.presentRun(at); {
		case !present.completedAt.IsZero():
			return ReasonCompleted
		case !present.cancelledAt.IsZero():
			return ReasonCancelled
		}
	}
	rule := s.ruleOf(run)
	if rule == nil || rule.When.Date == nil { // it is another rule by now
		return ""
	}
	if date, err := s.dateOf(rule, run.Course); err != nil || date.After(run.Armed) {
		return ReasonDueMoved
	}
	return ""
}

// readsDate reports whether the expression of a rule's date has this in it.
func (t *Trigger) readsDate(what string) bool {
	return t.Date != nil && strings.Contains(t.Date.Source(), what)
}

// dateReadsTrait reports whether the date at which a rule begins may depend on a trait.
func (t *Trigger) dateReadsTrait(trait string) bool {
	return t.readsDate(trait) || trait == traitTimezone && t.readsDate("timestamp")
}

// dateReadsProfile reports whether more than the standing is needed to know the date at which a rule begins.
func (t *Trigger) dateReadsProfile() bool { return t.readsDate("learner") || t.readsDate("timestamp") }

// dateEvents are the events that may begin, move or end the date of a rule, besides what changes a trait.
func (t *Trigger) dateEvents() []string {
	names := []string{EventEnrolled, EventFreeEnrolled}
	if t.Platform {
		return append(names, EventSignedUp)
	}
	return append(names, EventEnrollmentCancelled, EventCourseCompleted, EventCourseUpdated)
}

// datedBy reports whether a rule begins at a date that may depend on a trait: then the learner must be looked at, however little was known of them before.
func (r *Ruleset) datedBy(trait string) bool {
	for _, rule := range r.Rules {
		if rule.When.dateReadsTrait(trait) {
			return true
		}
	}
	return false
}
