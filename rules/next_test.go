package rules_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"homeroom/rules"
)

// TestNextIsCountedWhereItIsAsked: moves are counted if a rule or a message asks what comes next, and a message that does is given it.
func TestNextIsCountedWhereItIsAsked(t *testing.T) {
	for _, c := range []struct {
		name, condition, message string
		counted, unit, course    bool
	}{
		{"nobody asks", "true", "Hello", false, false, false},
		{"another word", "true", "Hello from my course.nextdoor", false, false, false},
		{"a condition asks", "has(course.next)", "Hello", true, false, false},
		{"a condition asks for a reason", `has(learner.next_course_reason) && learner.next_course_reason == "popular"`, "Hello", true, false, false},
		{"a message asks", "true", "{% if course.next %}{{ course.next.title }}{% endif %}", true, true, false},
		{"a message asks for the course", "true", "{% if learner.next_course %}{{ learner.next_course_reason }}{% endif %}", true, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := fstest.MapFS{
				"rules/r.yaml":  {Data: []byte("rule: r\nwhen: {event: lesson.completed}\nper: course_id\ndo:\n  - send: m\n    if: " + quoteYAML(c.condition) + "\n")},
				"messages/m.md": {Data: []byte("---\nsubject: Hello\n---\n" + c.message + "\n")},
				"courses.yaml":  {Data: []byte("b: {title: B, topics: [x], level: beginner, lessons: [{id: l1, title: One}, {id: v1, key: video_id}]}\na: {title: A}\n")},
			}
			academy, problems := rules.Load(folder, ".")
			if problems.Err() != nil {
				t.Fatal(problems)
			}
			rs := academy.Ruleset
			send := rs.Rules[0].Program[0].Send
			if rs.Paths != c.counted || send.Next != c.unit || send.NextCourse != c.course {
				t.Errorf("counted %v, unit %v, course %v; want %v, %v, %v", rs.Paths, send.Next, send.NextCourse, c.counted, c.unit, c.course)
			}
			if order := strings.Join(rs.CourseOrder, " "); order != "b a" {
				t.Errorf("courses are in the order %q, not that of the file", order)
			}
			if units := rs.Courses["b"].Units; len(units) != 2 || units[0].ID != "lesson_id=l1" || units[1].ID != "video_id=v1" {
				t.Errorf("lessons %+v", units)
			}
		})
	}
}

func quoteYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
