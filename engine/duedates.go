package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The entity keys of what has a due date and can be handed in.
const (
	KeyAssessment = "assessment_id"
	KeyAssignment = "assignment_id"
)

// The properties of an event that names a due date.
const (
	keyDueAt = "due_at"
	keyTitle = "title"
	keyURL   = "url"
)

// eventOverdue is the name of what starts a run of a rule with overdue.
const eventOverdue = "overdue"

// DueDate is when an assessment or an assignment of a course is due for a learner.
type DueDate struct {
	ID    string    `json:"id"`           // such as assessment_id=a1
	At    time.Time `json:"due,omitzero"` // zero: it is not due any more
	Title string    `json:"title,omitempty"`
	URL   string    `json:"url,omitempty"`
	// NamedAt is the time of the event that named it last; zero: courses.yaml did.
	NamedAt time.Time `json:"at,omitzero"`
}

// compareDueDates orders what was said of one assessment: the last word is the greatest, in whatever order they are heard.
func compareDueDates(a, b DueDate) int {
	return cmp.Or(a.NamedAt.Compare(b.NamedAt), a.At.Compare(b.At), cmp.Compare(a.Title, b.Title), cmp.Compare(a.URL, b.URL))
}

// HandedIn returns what an event says was handed in, such as "assessment_id=a1"; empty: nothing.
func HandedIn(ev *Event) string {
	if !isHandIn(ev.Name) {
		return ""
	}
	return gradedWorkOf(ev)
}

// gradedWorkOf returns the assessment or assignment that an event is about, such as "assessment_id=a1"; empty: none.
func gradedWorkOf(ev *Event) string {
	for _, key := range [...]string{KeyAssessment, KeyAssignment} {
		if id, ok := ev.Text(key); ok && len(id) <= maxUnitID {
			return key + "=" + id
		}
	}
	return ""
}

// learnDueDate takes in when an assessment is due, unless a later event has said so, and reports whether that is news. listed are the assessments of
// courses.yaml.
func (c *Course) learnDueDate(ev *Event, at time.Time, listed []UnitInfo) bool {
	named := DueDate{ID: gradedWorkOf(ev), At: timeProperty(ev, keyDueAt), NamedAt: at}
	if named.ID == "" {
		return false
	}
	if title, ok := ev.Text(keyTitle); ok && len(title) <= maxDueText {
		named.Title = title
	}
	if url, ok := ev.Text(keyURL); ok && len(url) <= maxDueText && isWebAddress(url) {
		named.URL = url
	}
	return c.insertDueDate(named, listed)
}

// insertDueDate keeps what was said of an assessment unless a later word is known, and reports whether it did.
func (c *Course) insertDueDate(named DueDate, listed []UnitInfo) bool {
	i, known := slices.BinarySearchFunc(c.DueDates, named.ID, func(d DueDate, id string) int { return cmp.Compare(d.ID, id) })
	switch {
	case known && compareDueDates(named, c.DueDates[i]) <= 0:
		return false
	case known:
		c.DueDates[i] = named
		return true
	}
	c.DueDates = slices.Insert(c.DueDates, i, named)
	if len(c.DueDates) > maxDueDates {
		c.forgetDueDate(listed)
	}
	return true
}

// forgetDueDate drops the due date that lies back the furthest. One that was taken away counts as long as the date of courses.yaml that it hides; if there is
// none to hide, it goes first.
func (c *Course) forgetDueDate(listed []UnitInfo) {
	relevantUntil := func(d *DueDate) time.Time {
		if i := slices.IndexFunc(listed, func(u UnitInfo) bool { return u.ID == d.ID }); d.At.IsZero() && i >= 0 {
			return listed[i].Due
		}
		return d.At
	}
	oldest := 0
	for i := range c.DueDates {
		if relevantUntil(&c.DueDates[i]).Before(relevantUntil(&c.DueDates[oldest])) {
			oldest = i
		}
	}
	c.DueDates = slices.Delete(c.DueDates, oldest, oldest+1)
}

func isWebAddress(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}

// dueDate returns when an assessment of a course is due for a learner: what an event said of it comes before courses.yaml, because it was said of this
// learner. False: it is not known, or it is not due any more.
func (r *Ruleset) dueDate(course string, c *Course, id string) (DueDate, bool) {
	if c != nil {
		for i := range c.DueDates {
			if c.DueDates[i].ID == id {
				return c.DueDates[i], !c.DueDates[i].At.IsZero()
			}
		}
	}
	for _, u := range r.Courses[course].Assessments {
		if u.ID == id {
			return DueDate{ID: id, At: u.Due, Title: u.Title, URL: u.URL}, !u.Due.IsZero()
		}
	}
	return DueDate{}, false
}

// eachDueDate visits when the assessments of a course are due for a learner, until visit returns false.
func (r *Ruleset) eachDueDate(course string, c *Course, visit func(DueDate) bool) {
	for _, u := range r.Courses[course].Assessments {
		if d, due := r.dueDate(course, c, u.ID); due && !visit(withUnit(u, d)) {
			return
		}
	}
	if c == nil {
		return
	}
	for _, d := range c.DueDates {
		listed := slices.ContainsFunc(r.Courses[course].Assessments, func(u UnitInfo) bool { return u.ID == d.ID })
		if !listed && !d.At.IsZero() && !visit(d) {
			return
		}
	}
}

// withUnit fills in title and link of courses.yaml, which come before those of events.
func withUnit(u UnitInfo, d DueDate) DueDate {
	d.Title = cmp.Or(u.Title, d.Title)
	d.URL = cmp.Or(u.URL, d.URL)
	return d
}

// HasDueDates reports whether courses.yaml names the due date of anything.
func (r *Ruleset) HasDueDates() bool {
	for _, c := range r.Courses {
		if slices.ContainsFunc(c.Assessments, func(u UnitInfo) bool { return !u.Due.IsZero() }) {
			return true
		}
	}
	return false
}

// OverdueWords names what a rule finds overdue: "an assessment".
func (t *Trigger) OverdueWords() string { return "an " + strings.TrimSuffix(t.Of, "_id") }

// describeUnit fills in what assessments, and due dates that events have named, say of a unit of a course.
func (r *Ruleset) describeUnit(course string, c *Course, u UnitInfo) UnitInfo {
	for _, a := range r.Courses[course].Assessments {
		if a.ID == u.ID {
			u.Title = cmp.Or(u.Title, a.Title)
			u.URL = cmp.Or(u.URL, a.URL)
			u.Topics = slices.Concat(u.Topics, a.Topics)
		}
	}
	for i := range c.DueDates {
		if d := &c.DueDates[i]; d.ID == u.ID {
			u.Title = cmp.Or(u.Title, d.Title)
			u.URL = cmp.Or(u.URL, d.URL)
		}
	}
	return u
}

// nextDueAt returns when the next assessment of a course is due for a learner who has not handed it in by an instant; zero: none is.
func (r *Ruleset) nextDueAt(s *Standing, course string, at time.Time) time.Time {
	c := s.Courses[course]
	if c == nil || !c.openAt(at) {
		return time.Time{}
	}
	_, _, from := c.runAsOf(at)
	var next time.Time
	r.eachDueDate(course, c, func(d DueDate) bool {
		if !d.At.Before(at) && (next.IsZero() || d.At.Before(next)) && !s.wasHandedIn(d.ID, from, at) {
			next = d.At
		}
		return true
	})
	return next
}

// appendOverdue adds what a rule may find overdue in a course: due while the learner was enrolled, and not handed in as long after as the rule says.
func (s *stepper) appendOverdue(list []silence, rule *Rule, place silentPlace) []silence {
	c := place.record
	s.env.Current.eachDueDate(place.course, c, func(d DueDate) bool {
		if key, _, _ := strings.Cut(d.ID, "="); key != rule.When.Of {
			return true
		}
		scope := overdueScope(place.course, d.ID)
		due := later(d.At.Add(rule.When.Overdue), d.NamedAt) // a date that is named too late is not overdue before it is named
		due = later(due, s.putOffUntil(rule, scope, d.At))
		switch {
		case s.decidedUpTo(due), !c.openAt(due), !place.ends.IsZero() && due.After(place.ends):
			return true
		}
		present, _, from := c.runAsOf(due)
		if d.At.Before(present.enrolledAt) || s.env.Standing.wasHandedIn(d.ID, from, due) {
			return true
		}
		list = append(list, silence{
			rule:   rule,
			course: place.course,
			unit:   d.ID,
			scope:  scope,
			key:    pastKey(rule.Name, scope),
			armed:  d.At,
			due:    due,
		})
		return true
	})
	return list
}

// overdueScope is the scope of a run about an assessment of a course.
func overdueScope(course, id string) string {
	key, value, _ := strings.Cut(id, "=")
	return scopeOf([]string{KeyCourse, key}, []string{course, value})
}

// addOverdue writes into the properties of an overdue event what is overdue.
func (s *stepper) addOverdue(properties map[string]any, si *silence) {
	key, value, _ := strings.Cut(si.unit, "=")
	properties[key] = value
	properties[keyDueAt] = si.armed.UTC().Format(time.RFC3339Nano)
	s.env.Current.eachDueDate(si.course, s.env.Standing.Courses[si.course], func(d DueDate) bool {
		if d.ID != si.unit {
			return true
		}
		if d.Title != "" {
			properties[keyTitle] = d.Title
		}
		if d.URL != "" {
			properties[keyURL] = d.URL
		}
		return false
	})
}

// overdueEnd returns why nothing is overdue any more, as of `at`, for a run of a rule with overdue; empty: it still is.
func (s *stepper) overdueEnd(run *Run, c *Course, at time.Time) Reason {
	id := gradedWorkOf(&run.Trigger)
	_, _, from := c.runAsOf(at)
	if s.env.Standing.wasHandedIn(id, from, at) {
		return ReasonHandedIn
	}
	d, due := s.env.Current.dueDate(run.Course, c, id)
	rule := s.ruleOf(run)
	if !due || rule != nil && at.Before(d.At.Add(rule.When.Overdue)) {
		return ReasonDueMoved
	}
	return ""
}

// readsDueDates reports whether an instant at which a run goes on may depend on when something is due.
func (r *Rule) readsDueDates() bool {
	return r.When.readsDate("next_due_at") || slices.ContainsFunc(r.Program, func(in Instr) bool {
		return in.Op == OpWaitTime && strings.Contains(in.Expr.Source(), "next_due_at")
	})
}
