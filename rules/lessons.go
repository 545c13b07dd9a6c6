package rules

import (
	"slices"
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// maxTopicWords bounds how many topics a course or a lesson has.
const maxTopicWords = 50

// unitSpec is a lesson as written.
type unitSpec struct {
	key  string
	id   string
	unit engine.UnitInfo
}

// readLessons reads the units of a course, in the order in which they are meant to be visited:
//
//	lessons:
//	  - {id: l1, title: Hello, url: https://academy.example/courses/go/1, topics: [basics]}
//	  - {id: a1, key: assessment_id, title: The first quiz}
func readLessons(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) {
	items, ok := d.Items(v, "lessons")
	if !ok {
		return
	}
	if len(items) > engine.MaxPathUnits {
		d.Fail(v.At, "list the first ones", "the course has more than %d lessons", engine.MaxPathUnits)
		return
	}
	for _, item := range items {
		spec := unitSpec{key: engine.UnitKeys()[0]}
		readKeys(d, item, "a lesson", lessonKeys(), &spec)
		if spec.id == "" {
			d.Fail(item.At, "add id: with the lesson_id of the events", "a lesson has no id")
			continue
		}
		spec.unit.ID = spec.key + "=" + spec.id
		if slices.ContainsFunc(c.Units, func(u engine.UnitInfo) bool { return u.ID == spec.unit.ID }) {
			d.Fail(item.At, "keep one of them", "the lesson %s stands twice", spec.id)
			continue
		}
		c.Units = append(c.Units, spec.unit)
	}
}

func lessonKeys() []key[unitSpec] {
	return []key[unitSpec]{
		{
			name: "id",
			read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) { u.id, _ = d.Text(v, "id") },
		},
		{
			name: "key",
			read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) {
				name, ok := d.Text(v, "key")
				if ok && !slices.Contains(engine.UnitKeys(), name) {
					d.Fail(v.At, "use "+strings.Join(engine.UnitKeys(), ", "), "%q does not name a lesson in events", name)
					return
				}
				u.key = name
			},
		},
		{
			name: "title",
			read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) { u.unit.Title, _ = d.Text(v, "title") },
		},
		{
			name: "url",
			read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) { u.unit.URL, _ = d.readWebAddress(v) },
		},
		{
			name: "topics",
			read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) { u.unit.Topics = d.readTopics(v) },
		},
	}
}

// readWebAddress reads a link.
func (d *decoder) readWebAddress(v *yamlfile.Node) (url string, ok bool) {
	url, ok = d.Text(v, "url")
	if ok && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		d.Fail(v.At, "begin with https://", "the url is not a web address")
		return "", false
	}
	return url, ok
}

// readTopics reads what a course or a lesson is about.
func (d *decoder) readTopics(v *yamlfile.Node) []string {
	items, ok := d.Items(v, "topics")
	if !ok {
		return nil
	}
	if len(items) > maxTopicWords {
		d.Fail(v.At, "keep those that learners name", "there are more than %d topics", maxTopicWords)
		return nil
	}
	var topics []string
	for _, item := range items {
		if text, ok := d.Text(item, "a topic"); ok {
			topics = append(topics, text)
		}
	}
	return topics
}
