package rules

import (
	"slices"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// checkRule warns of a rule that compiles, but cannot do what its author hopes for.
func (c *compiler) checkRule(d *decoder, spec *ruleSpec, r *engine.Rule) {
	sends := false
	for i := range r.Program {
		sends = sends || r.Program[i].Op == engine.OpSend
	}
	switch {
	case spec.again.Restart && r.When.Overdue > 0:
		d.Fail(spec.places["again"], "write always: handing in ends a run, and the next date begins another",
			"again: restart needs an event that can come anew, but something overdue begins this rule")
	case spec.again.Restart && r.When.Date != nil:
		d.Fail(spec.places["again"], "take it out: a date that moves ends a run, and the new date begins another",
			"again: restart needs an event that can come anew, but a date begins this rule")
	case spec.again.Restart && r.When.IsState():
		d.Fail(spec.places["again"], "write always: activity ends a run, and the next silence begins another",
			"again: restart needs an event that can come anew, but silence begins this rule")
	}
	if spec.goal != nil && !sends {
		d.Warn(spec.goal.at, LintGoalUnsent, "send something, or use until to end runs",
			"the goal counts from the first message, but the rule sends none")
	}
	if _, hasGoal := spec.places["goal"]; spec.holdout > 0 && !hasGoal {
		d.Warn(spec.places["holdout"], LintHoldoutBlind, "add goal: {event: …, within: 7d}",
			"learners are held out, but without a goal there is nothing to compare")
	}
}

// checkInApp warns of a message about leaving the mailing list that is shown in the app.
func (c *compiler) checkInApp(d *decoder, message *yamlfile.Node, channel string) {
	if channel != engine.ChannelInApp {
		return
	}
	if slices.Contains(c.library.Variables(message.Text), "unsubscribe_url") {
		d.Warn(message.At, LintInAppLeave, "use preferences_url, or take it out: it leaves the topic on every channel",
			"message %s uses unsubscribe_url, but is shown in the app", message.Text)
	}
}

// comesOften reports whether an event is one that a learner causes again and again. Some High-volume events come once a person or
// course (enrolling, starting): a rule about those wakes nobody in vain.
func comesOften(ev *catalog.Event) bool {
	return ev.Volume == catalog.High && ev.Category != "acquire" && ev.Category != "activate" && ev.Name != "course.started"
}

// triggerWords is what a rule's trigger is called in a problem.
const triggerWords = "trigger"

// checkVolume warns of an event that comes often and wakes a learner's workflow each time.
func (c *compiler) checkVolume(d *decoder, n *yamlfile.Node, ev *catalog.Event, m *engine.Match, what string) {
	if !comesOften(ev) || m.Gate != nil || m.Counts != nil {
		return
	}
	condition := "a condition on the event alone"
	if what == triggerWords {
		condition += ", or on it and count()"
	}
	d.Warn(n.At, LintHighVolume, "add if: with "+condition+", or accept it with # allow: "+LintHighVolume,
		"%s comes often, and each one wakes the learner for this %s", ev.Name, what)
}
