package rules

import (
	"strings"

	"homeroom/engine"
)

// readCourses reads courses.yaml: course ids with title and url.
//
//	crs_go:
//	  title: Go for teachers
//	  url: https://academy.example/courses/go
func readCourses(d *decoder) map[string]engine.CourseInfo {
	courses := map[string]engine.CourseInfo{}
	root, ok := d.root()
	if !ok || root == nil {
		return courses
	}
	if root.kind != mapping {
		d.fail(root.at, "write the id of a course, a colon, and below it title: and url:", "courses.yaml must be a block of keys, not %s", root.kind)
		return courses
	}
	for _, p := range root.pairs {
		id := p.key.text
		if _, twice := courses[id]; twice {
			d.fail(p.key.at, "keep one of them", "the course %s stands twice", id)
			continue
		}
		if id == "" || len(id) > 128 {
			d.fail(p.key.at, "use the course_id of the events", "a course's id must have 1 to 128 bytes")
			continue
		}
		var c engine.CourseInfo
		courses[id] = c
		if p.value.kind == null {
			continue
		}
		readKeys(d, p.value, "the course "+id, courseKeys(), &c)
		courses[id] = c
	}
	return courses
}

func courseKeys() []key[engine.CourseInfo] {
	return []key[engine.CourseInfo]{
		{name: "title", read: func(d *decoder, c *engine.CourseInfo, _, v *node) { c.Title, _ = d.text(v, "title") }},
		{
			name: "url",
			read: func(d *decoder, c *engine.CourseInfo, _, v *node) {
				url, ok := d.text(v, "url")
				if ok && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
					d.fail(v.at, "begin with https://", "the url is not a web address")
					return
				}
				c.URL = url
			},
		},
	}
}
