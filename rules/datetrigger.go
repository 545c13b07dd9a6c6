package rules

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// datedFields are what a date that begins runs may be made from, by variable: what changes is looked at when it does.
func datedFields() map[string][]string {
	return map[string][]string{
		"learner": {"traits", "signed_up_at"},
		"course":  {"starts_at", "ends_at", "enrolled_at", "next_due_at"},
	}
}

// compileDate compiles the date of a trigger. ok is false if it is not known.
func (c *compiler) compileDate(d *decoder, spec *ruleSpec, r *engine.Rule) (from origin, ok bool) {
	n := spec.when.date
	done, fine := c.compileExpression(d, n, exprView{course: true}, wantTime)
	if !fine {
		return from, false
	}
	for _, variable := range sortedKeys(done.reads) {
		allowed := datedFields()[variable]
		for _, field := range done.reads[variable] {
			switch {
			case variable == calendarName:
			case variable == "now" || variable == pastName:
				d.Fail(n.At, "count from a trait or from a date of the course: learner.traits.exam_date, course.starts_at", "a date that begins a rule stands still, but this one changes with time")
				return from, false
			case !slices.Contains(allowed, field):
				d.Fail(n.At, "it may be made from learner.traits, learner.signed_up_at, course."+strings.Join(datedFields()["course"], ", course."),
					"a date that begins a rule cannot be made from %s.%s", variable, field)
				return from, false
			}
		}
	}
	if done.gives.IsExactType(cel.DynType) {
		d.Fail(n.At, "write timestamp("+n.Text+")", "a trait is a text or a number, and no moment")
		return from, false
	}
	r.When.Date = done.expr
	r.When.Platform = len(done.reads["course"]) == 0
	if _, said := spec.places["again"]; !said {
		r.Again = engine.Again{Always: true}
	}
	from = origin{name: inactivityCourse, course: true, keys: []string{engine.KeyCourse}}
	if r.When.Platform {
		from = origin{name: inactivityPlatform}
	}
	from.certain = from.certain.withPaths(done.ifTrue.sortedPaths()...)
	return from, true
}

func readDate(d *decoder, w *whenSpec, _, v *yamlfile.Node) {
	if _, ok := d.Text(v, "date"); ok {
		w.date = v
	}
}

// dateWords says when a rule with a date begins.
func dateWords(r *engine.Rule) string {
	text := "at " + r.When.Date.Source()
	if !r.When.Platform {
		text += ", in a course that the learner is enrolled in and has neither completed nor cancelled"
	}
	return text
}

// listenedForDate are the events that may begin, move or end a date.
func listenedForDate(r *engine.Rule) (out []listens) {
	add := func(event, why string) { out = append(out, listens{event: event, why: why, wakes: eachTime}) }
	add(engine.EventEnrolled, "the date may begin")
	add(engine.EventFreeEnrolled, "the date may begin")
	if r.When.Platform {
		add(engine.EventSignedUp, "the date may begin")
	} else {
		add(engine.EventEnrollmentCancelled, "ends a run")
		add(engine.EventCourseCompleted, "ends a run")
		add(engine.EventCourseUpdated, "may move the date")
	}
	if readsPerson(r.When.Date.Source()) {
		out = append(out, listens{event: engine.EventProfileUpdated, why: "may move the date", wakes: "if what the date reads changes"})
	}
	return out
}
