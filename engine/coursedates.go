package engine

import "time"

// The properties of an enrollment that name when its course begins and ends.
const (
	keyCourseStarts = "course_starts_at"
	keyCourseEnds   = "course_ends_at"
)

// learnCalendar takes in when the course begins and ends, unless a later event has said so, and reports whether that is news. At the same time the
// later dates win, so that the order in which they are heard does not matter.
func (c *Course) learnCalendar(ev *Event, at time.Time) bool {
	named := CourseDates{
		Starts:  timeProperty(ev, keyCourseStarts),
		Ends:    timeProperty(ev, keyCourseEnds),
		NamedAt: at,
	}
	if named.Starts.IsZero() && named.Ends.IsZero() {
		return false
	}
	if old := c.Dates; old != nil {
		if at.Before(old.NamedAt) {
			return false
		}
		if at.Equal(old.NamedAt) {
			named.Starts = later(named.Starts, old.Starts)
			named.Ends = later(named.Ends, old.Ends)
		}
		if named == *old {
			return false
		}
	}
	c.Dates = &named
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
