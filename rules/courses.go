package rules

import (
	"time"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// readCourses reads courses.yaml: course ids with title and url.
//
//	crs_go:
//	  title: Go for teachers
//	  url: https://academy.example/courses/go
//	  starts: 2026-10-01
//	  ends: 2027-06-30
//	  topics: [go, programming]
//	  level: beginner
//	  lessons:
//	    - {id: l1, title: Hello, url: https://academy.example/courses/go/1}
//	  assessments:
//	    - {id: a1, title: The first quiz, due: 2026-11-02}
//
// A date without a time is its first moment in the academy's zone or, of an end, its last.
// order are their ids as they stand in the file.
func readCourses(d *decoder, zone *time.Location) (courses map[string]engine.CourseInfo, order []string) {
	courses = map[string]engine.CourseInfo{}
	root, ok := d.Root()
	if !ok || root == nil {
		return courses, order
	}
	if root.Kind != yamlfile.Mapping {
		d.Fail(root.At, "write the id of a course, a colon, and below it title: and url:", "courses.yaml must be a block of keys, not %s", root.Kind)
		return courses, order
	}
	for _, p := range root.Pairs {
		id := p.Key.Text
		if _, twice := courses[id]; twice {
			d.Fail(p.Key.At, "keep one of them", "the course %s stands twice", id)
			continue
		}
		if id == "" || len(id) > 128 {
			d.Fail(p.Key.At, "use the course_id of the events", "a course's id must have 1 to 128 bytes")
			continue
		}
		var c engine.CourseInfo
		courses[id] = c
		order = append(order, id)
		if p.Value.Kind == yamlfile.Null {
			continue
		}
		readKeys(d, p.Value, "the course "+id, courseKeys(zone), &c)
		if !c.Ends.IsZero() && !c.Ends.After(c.Starts) {
			d.Fail(p.Value.Get("ends").At, "write a later one", "the course %s ends before it starts", id)
		}
		courses[id] = c
	}
	return courses, order
}

func courseKeys(zone *time.Location) []key[engine.CourseInfo] {
	return []key[engine.CourseInfo]{
		{
			name: "title",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) { c.Title, _ = d.Text(v, "title") },
		},
		{
			name: "url",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) {
				c.URL, _ = d.readWebAddress(v)
			},
		},
		{
			name: "starts",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) {
				c.Starts, _ = d.readMoment(v, "starts", zone, 0)
			},
		},
		{
			name: "ends",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) {
				c.Ends, _ = d.readMoment(v, "ends", zone, 1)
			},
		},
		{
			name: "topics",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) { c.Topics = d.readTopics(v) },
		},
		{
			name: "level",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) { c.Level, _ = d.Text(v, "level") },
		},
		{
			name: "lessons",
			read: readLessons,
		},
		{
			name: "assessments",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) { readAssessments(d, c, v, zone) },
		},
	}
}

// readMoment reads an instant (2026-10-01T09:00:00+02:00) or a date, which is midnight in a zone, plusDays later.
func (d *decoder) readMoment(n *yamlfile.Node, what string, zone *time.Location, plusDays int) (time.Time, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), true
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		d.Fail(n.At, "write a date such as 2026-10-01, or an instant such as 2026-10-01T09:00:00+02:00", "%s is not a date: %q", what, text)
		return time.Time{}, false
	}
	return day.AddDate(0, 0, plusDays).UTC(), true
}
