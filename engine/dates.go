package engine

import (
	"regexp"
	"strings"
	"time"
)

// eventDate is the name of what starts a run of a rule with a date.
const eventDate = "date"

// appendDated adds the date of a rule for the learner or, in a course, for the learner in it, if it is known and has not passed. As with a schedule, a date that lies further back than a
// message may be put off begins nothing, and neither does one from before the publication that brought the rule.
func (s *stepper) appendDated(list []silence, rule *Rule, place silentPlace) []silence {
	asOf := later(s.st.Clock, s.now)
	list = s.appendDatedAsOf(list, rule, place, asOf)
	if !rule.When.readsDate(nextDueField) {
		return list
	}
	for range maxDueDates { // each assessment has a date of its own, which is known from when the one before is due
		next := s.env.Current.nextDueAt(s.env.Standing, place.course, asOf)
		if next.IsZero() {
			return list
		}
		asOf = next.Add(time.Millisecond)
		list = s.appendDatedAsOf(list, rule, place, asOf)
	}
	return list
}

// appendDatedAsOf adds the date of a rule as it is worked out as of an instant.
func (s *stepper) appendDatedAsOf(list []silence, rule *Rule, place silentPlace, asOf time.Time) []silence {
	date, err := s.dateOf(rule, place.course, asOf)
	if err != nil {
		return list // it is not known
	}
	scope := place.scope
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
func (s *stepper) dateOf(rule *Rule, course string, asOf time.Time) (time.Time, error) {
	date, err := evalTime(rule.When.Date, s.exprVars(nil, nil, course, asOf))
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
	date, err := s.dateOf(rule, run.Course, later(s.st.Clock, s.now))
	if err != nil || rule.When.isOtherDate(date, run.Armed) {
		return ReasonDueMoved
	}
	return ""
}

// sameDate is how far apart two moments are at the most that are the same date to a learner: a day that is read in another zone begins some hours later.
const sameDate = 23 * time.Hour

// isOtherDate reports whether a date is later than the one for which a run began, and not the same day in another zone or at another hour.
func (t *Trigger) isOtherDate(date, began time.Time) bool {
	if t.readsDate(nextDueField) {
		return date.After(began) // several may be due on one day
	}
	return date.After(began.Add(sameDate))
}

// nextDueField is what an expression reads of when the next assessment is due.
const nextDueField = "next_due_at"

// readsDate reports whether the expression of a rule's date has this in it.
func (t *Trigger) readsDate(what string) bool {
	return t.Date != nil && strings.Contains(t.Date.Source(), what)
}

// dateReadsTrait reports whether the date at which a rule begins may depend on a trait.
func (t *Trigger) dateReadsTrait(trait string) bool {
	return t.readsDate(trait) || trait == traitTimezone && t.readsDate("timestamp") || t.dateComputesTrait()
}

// namedTrait is a trait in an expression that is written by its name.
var namedTrait = regexp.MustCompile(`traits\.[A-Za-z_]\w*(\(?)`)

// dateComputesTrait reports whether the date may read a trait whose name is not written in the expression.
func (t *Trigger) dateComputesTrait() bool {
	if !t.readsDate("traits") {
		return false
	}
	for _, found := range namedTrait.FindAllStringSubmatch(t.Date.Source(), -1) {
		if found[1] != "" {
			return true // traits.exists(…)
		}
	}
	return strings.Contains(namedTrait.ReplaceAllString(t.Date.Source(), ""), "traits")
}

// DateReadsProfile reports whether more than the standing is needed to know the date at which a rule begins.
func (t *Trigger) DateReadsProfile() bool { return t.readsDate("learner") || t.readsDate("timestamp") }

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
