package rules

import (
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// maxTopicWords bounds how many topics a course or a lesson has.
const maxTopicWords = 50

// unitSpec is a lesson or an assessment as written.
type unitSpec struct {
	what string // a lesson or an assessment
	key  string
	id   string
	unit engine.UnitInfo
}

// article returns what it is with its article.
func (u *unitSpec) article() string {
	if u.what == "assessment" {
		return "an assessment"
	}
	return "a " + u.what
}

// readLessons reads the units of a course, in the order in which they are meant to be visited:
//
//	lessons:
//	  - {id: l1, title: Hello, url: https://academy.example/courses/go/1, topics: [basics]}
//	  - {id: a1, key: assessment_id, title: The first quiz}
func readLessons(d *decoder, c *engine.CourseInfo, _, v *yamlfile.Node) {
	c.Units = readUnits(d, v, "lesson", engine.UnitKeys(), unitKeys(engine.UnitKeys()))
}

// readAssessments reads the assessments and assignments of a course, with the dates by which they are to be handed in:
//
//	assessments:
//	  - {id: a1, title: The first quiz, url: https://academy.example/courses/go/quiz, due: 2026-11-02}
//	  - {id: essay, key: assignment_id, due: 2026-11-09T12:00:00+01:00}
//
// A date without a time is the last moment of the day in a zone.
func readAssessments(d *decoder, c *engine.CourseInfo, v *yamlfile.Node, zone *time.Location) {
	keys := []string{engine.KeyAssessment, engine.KeyAssignment}
	c.Assessments = readUnits(d, v, "assessment", keys, append(unitKeys(keys), key[unitSpec]{
		name: "due",
		read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) { u.unit.Due, _ = d.readMoment(v, "due", zone, 1) },
	}))
}

// readUnits reads a list of lessons or assessments. The first of names is the property of events that names one, unless it says another.
func readUnits(d *decoder, v *yamlfile.Node, what string, names []string, table []key[unitSpec]) []engine.UnitInfo {
	items, ok := d.Items(v, what+"s")
	if !ok {
		return nil
	}
	if len(items) > engine.MaxPathUnits {
		d.Fail(v.At, "list the first ones", "the course has more than %d %ss", engine.MaxPathUnits, what)
		return nil
	}
	var units []engine.UnitInfo
	for _, item := range items {
		spec := unitSpec{what: what, key: names[0]}
		readKeys(d, item, spec.article(), table, &spec)
		if spec.id == "" {
			d.Fail(item.At, "add id: with the "+names[0]+" of the events", "%s has no id", spec.article())
			continue
		}
		spec.unit.ID = spec.key + "=" + spec.id
		if slices.ContainsFunc(units, func(u engine.UnitInfo) bool { return u.ID == spec.unit.ID }) {
			d.Fail(item.At, "keep one of them", "the %s %s stands twice", what, spec.id)
			continue
		}
		units = append(units, spec.unit)
	}
	return units
}

// unitKeys are the keys of a lesson or an assessment, which events name by one of some properties.
func unitKeys(names []string) []key[unitSpec] {
	return []key[unitSpec]{
		{
			name: "id",
			read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) { u.id, _ = d.Text(v, "id") },
		},
		{
			name: "key",
			read: func(d *decoder, u *unitSpec, _, v *yamlfile.Node) {
				name, ok := d.Text(v, "key")
				if ok && !slices.Contains(names, name) {
					d.Fail(v.At, "use "+strings.Join(names, ", "), "%q does not name %s in events", name, u.article())
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
