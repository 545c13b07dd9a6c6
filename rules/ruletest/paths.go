package ruletest

import (
	"strconv"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// maxPathCount bounds how many learners a test says went from one unit to another.
const maxPathCount = 10_000

// readPaths reads how many learners went from which unit of a course to which other one. Under the course "" the units are courses.
//
//	crs_go:
//	  l1: {l2: 40, l3: 5}
func (r *reader) readPaths(t *Test, course string, n *yamlfile.Node) {
	if t.Paths == nil {
		t.Paths = &engine.PathLog{}
	}
	for _, from := range r.Pairs(n, "paths", nil) {
		for _, to := range r.Pairs(from.Value, "paths", nil) {
			text, _ := r.Text(to.Value, "how many learners")
			count, err := strconv.Atoi(text)
			if err != nil || count < 0 || count > maxPathCount {
				r.Fail(to.Value.At, "write how many learners went on to it", "%q is not a number from 0 to %d", text, maxPathCount)
				continue
			}
			move := engine.Move{Course: course, From: unitName(course, from.Key.Text), To: unitName(course, to.Key.Text)}
			for range count {
				t.Paths.Add(move, time.Time{})
			}
		}
	}
}

// unitName returns the engine's name of a unit that a test writes as the id of a lesson (l1), or with its key (assessment_id=a1). A course is only its id.
func unitName(course, text string) string {
	if course == "" || text == "" || strings.Contains(text, "=") {
		return text
	}
	return engine.UnitKeys()[0] + "=" + text
}
