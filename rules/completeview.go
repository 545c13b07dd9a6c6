package rules

import (
	"strings"

	"homeroom/engine"
)

// triggerOf returns what starts the runs of a rule, as far as it is written.
func (a *assistant) triggerOf(rule *outline) exprView {
	when := rule.root.child("when")
	if event := rule.value(when.child("event")); event != "" {
		return exprView{trigger: event, course: a.mayHaveCourse(event)}
	}
	if when.child("broadcast") != nil {
		return exprView{trigger: engine.EventBroadcast, course: true}
	}
	if when.child("overdue") != nil {
		return exprView{trigger: overdueOrigin(rule.value(when.child("of"))).name, course: true}
	}
	if date := rule.value(when.child("date")); date != "" && !strings.Contains(date, "course.") {
		return exprView{trigger: inactivityPlatform}
	} else if date != "" {
		return exprView{trigger: inactivityCourse, course: true}
	}
	if when.child("inactive") == nil && when.child("at_risk") == nil {
		return exprView{}
	}
	if rule.value(when.child("in")) == "platform" {
		return exprView{trigger: inactivityPlatform}
	}
	return exprView{trigger: inactivityCourse, course: true}
}

// mayHaveCourse reports whether the runs that an event starts may have a course.
func (a *assistant) mayHaveCourse(event string) bool {
	ev, known := a.cat.Event(event)
	return known && (&compiler{linkable: linkableProperties(a.cat)}).hasCourse(ev)
}

// viewOf returns what the expression of a node may look at.
func (a *assistant) viewOf(n *outlineNode) exprView {
	s := a.triggerOf(a.o)
	parent := n.parent
	if parent == a.o.root.child("when") {
		if n.key == "date" {
			return exprView{course: true}
		}
		if parent.child("event") != nil {
			return exprView{event: s.trigger, course: s.course}
		}
		return s
	}
	if parent.key == "audience" && parent.parent == a.o.root.child("when") {
		return exprView{event: s.trigger, course: s.course}
	}
	isMatch := parent.key == "goal" || parent.key == "wait_for" || parent.parent != nil && parent.parent.key == "until"
	if isMatch {
		s.event = a.o.value(parent.child("event"))
	}
	if events := parent.child("events"); parent.child("collect") != nil && events != nil {
		events.walk(func(event *outlineNode) {
			if event.bare && s.event == "" {
				s.event = a.o.text[event.from:event.end] // the first of them
			}
		})
	}
	if n.path()[0].key == "do" {
		s.awaited = a.awaitedBefore(n)
	}
	return s
}

// awaitedBefore returns the events that wait_for steps before a node give names, as exprView.awaited has them.
func (a *assistant) awaitedBefore(n *outlineNode) string {
	var found []string
	a.o.root.walk(func(step *outlineNode) {
		name := a.o.value(step.child("as"))
		event := a.o.value(step.child("event"))
		if step.key == "wait_for" && step.from < n.parent.from && name != "" && event != "" {
			found = append(found, name+"="+event)
		}
		if name = a.o.value(step.child("collect")); step.entry && step.from < n.parent.from && name != "" {
			found = append(found, name+"="+engine.EventCollected)
		}
	})
	return strings.Join(found, " ")
}
