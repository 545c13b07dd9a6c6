package rules

import (
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// readCourses reads courses.yaml: course ids with title and url.
//
//	crs_go:
//	  title: Go for teachers
//	  url: https://academy.example/courses/go
func readCourses(d *decoder) map[string]engine.CourseInfo {
	courses := map[string]engine.CourseInfo{}
	root, ok := d.Root()
	if !ok || root == nil {
		return courses
	}
	if root.Kind != yamlfile.Mapping {
		d.Fail(root.At, "write the id of a course, a colon, and below it title: and url:", "courses.yaml must be a block of keys, not %s", root.Kind)
		return courses
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
		if p.Value.Kind == yamlfile.Null {
			continue
		}
		readKeys(d, p.Value, "the course "+id, courseKeys(), &c)
		courses[id] = c
	}
	return courses
}

func courseKeys() []key[engine.CourseInfo] {
	return []key[engine.CourseInfo]{
		{name: "title", read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) { c.Title, _ = d.Text(v, "title") }},
		{
			name: "url",
			read: func(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) {
				url, ok := d.Text(v, "url")
				if ok && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
					d.Fail(v.At, "begin with https://", "the url is not a web address")
					return
				}
				c.URL = url
			},
		},
	}
}
