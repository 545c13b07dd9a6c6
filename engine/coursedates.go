package engine

import "time"

// The properties of an enrollment that name when its course begins and ends.
const (
	keyCourseStarts = "course_starts_at"
	keyCourseEnds   = "course_ends_at"
)

// learnCalendar takes in when the course begins and ends, each unless a later event has said so, and reports whether that is news. At the same time the
// later date wins, so that the order in which they are heard does not matter.
func (c *Course) learnCalendar(ev *Event, at time.Time) bool {
	var dates CourseDates
	if c.Dates != nil {
		dates = *c.Dates
	}
	if dates.EndsNamedAt.IsZero() && !dates.Ends.IsZero() {
		dates.EndsNamedAt = dates.NamedAt // an older version knew one time for both
	}
	changed := nameDate(&dates.Starts, &dates.NamedAt, timeProperty(ev, keyCourseStarts), at)
	changed = nameDate(&dates.Ends, &dates.EndsNamedAt, timeProperty(ev, keyCourseEnds), at) || changed
	if changed {
		c.Dates = &dates
	}
	return changed
}

// nameDate takes in a date that an event names, zero: it names none, and reports whether that is news.
func nameDate(date, namedAt *time.Time, named, at time.Time) bool {
	if named.IsZero() || at.Before(*namedAt) || at.Equal(*namedAt) && !named.After(*date) {
		return false
	}
	*date = named
	*namedAt = at
	return true
}

// timeProperty returns a property that is a time; zero: the event has none.
func timeProperty(ev *Event, name string) time.Time {
	text, _ := ev.Text(name)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// courseDates returns when a course begins and ends: by courses.yaml, else by the learner's events. Zero: not known.
func (r *Ruleset) courseDates(id string, c *Course) (starts, ends time.Time) {
	info := r.Courses[id]
	starts = info.Starts
	ends = info.Ends
	if c == nil || c.Dates == nil {
		return starts, ends
	}
	if starts.IsZero() {
		starts = c.Dates.Starts
	}
	if ends.IsZero() {
		ends = c.Dates.Ends
	}
	return starts, ends
}
