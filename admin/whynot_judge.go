package admin

import (
	"fmt"
	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/simulate"
)

// judgeWithoutTrigger judges a message of a rule that never saw a trigger.
func (w *whyNotWords) judgeWithoutTrigger(t *simulate.RuleTrace) MessageWhyNot {
	answer := MessageWhyNot{Cause: CauseNoTrigger}
	if t.Rule.When.Overdue > 0 {
		answer.Says = "nothing of this learner was overdue for " + engine.FormatDuration(t.Rule.When.Overdue) + " in a course that they are enrolled in and have neither completed nor cancelled"
		answer.Needs = w.needOverdue(t)
		return answer
	}
	if t.Rule.When.Schedule != nil {
		answer.Says = "no instant of the schedule has come while the learner had been active of late"
		answer.Needs = "activity, and the schedule's next instant"
		return answer
	}
	if t.Rule.When.Date != nil {
		answer.Says = "the date has not come, or is not known: " + t.Rule.When.Date.Source()
		answer.Needs = "the date"
		return answer
	}
	if t.Rule.When.Inactive == 0 {
		answer.Says = "no event " + t.Rule.When.Match.Event + " of this learner is kept"
		answer.Needs = "an event " + t.Rule.When.Match.Event
		if t.Rule.When.Match.If != nil {
			answer.Needs += " for which the condition is true"
		}
		return answer
	}
	answer.Says = "there was no silence of " + engine.FormatDuration(t.Rule.When.Inactive)
	if !t.Rule.When.Platform {
		answer.Says += " in a course that the learner is enrolled in and has neither completed nor cancelled"
	}
	if t.Rule.When.AtRisk > 0 {
		answer.Says += fmt.Sprintf(" with a risk of %g", t.Rule.When.AtRisk)
	}
	answer.Needs = w.needSilence(t)
	return answer
}

// needSilence says when the next silence is long enough.
func (w *whyNotWords) needSilence(t *simulate.RuleTrace) string {
	if len(t.Silences) == 0 {
		if t.Rule.When.Platform {
			return "activity, and then a silence as long as the rule waits"
		}
		return "an enrollment, and then a silence as long as the rule waits"
	}
	next := &t.Silences[0]
	where := ""
	if next.Course != "" {
		where = " in the course " + next.Course
	}
	return fmt.Sprintf("silence%s until %s (since %s)", where, w.clock(next.Due), w.clock(next.Since))
}

// needOverdue says when something is overdue next.
func (w *whyNotWords) needOverdue(t *simulate.RuleTrace) string {
	if len(t.Silences) == 0 {
		return "something with a due date in courses.yaml or in an event assessment.scheduled, which the learner does not hand in"
	}
	next := &t.Silences[0]
	return fmt.Sprintf("%s of the course %s not handed in until %s (it is due at %s)", next.Unit, next.Course, w.clock(next.Due), w.clock(next.Since))
}

// judgeByTrigger judges a message by the last trigger, which began no run.
func (w *whyNotWords) judgeByTrigger(t *simulate.RuleTrace) MessageWhyNot {
	last := t.Last
	answer := MessageWhyNot{
		Cause:  CauseNotStarted,
		At:     truncatedUTC(last.At),
		Reason: last.Answer.Reason,
		Says:   w.describeTrigger(t).Says,
	}
	if last.Answer.Reason == engine.ReasonCondition || last.Answer.Reason == engine.ReasonConditionError {
		answer.Cause = CauseCondition
		answer.Condition = last.Condition
		if answer.Needs = needOfPart(last.Condition); answer.Needs != "" && !t.Rule.When.IsState() {
			answer.Needs = "another " + last.Event + " with " + answer.Needs
		}
		return answer
	}
	if last.Answer.Kind == engine.AnswerDefer {
		answer.Cause = CausePutOff
		answer.Needs = "time until "
		if t.Rule.When.Inactive > 0 {
			answer.Needs = "silence until "
		}
		answer.Needs += w.clock(last.Answer.Until)
		return answer
	}
	answer.Needs = w.needOfReason(last.Answer, t.Rule)
	return answer
}

// judgeByRun judges a message by the last run: by what it last did about it, by its end, or by where it stands.
func (w *whyNotWords) judgeByRun(t *simulate.RuleTrace, message string) MessageWhyNot {
	run := t.Run
	about := lastStep(run, func(s *simulate.TracedStep) bool { return s.Message == message })
	end := lastStep(run, func(s *simulate.TracedStep) bool { return s.Kind == engine.KindExited })
	answer := MessageWhyNot{}
	decisive := about
	switch {
	case about != nil && about.Kind == engine.KindDeferred && end != nil, about == nil && end != nil:
		decisive = end
		answer.Cause = CauseLeft
		answer.Needs = "a new run, which is not left before the message"
	case about != nil:
		w.judgeStep(&answer, about, t.Rule)
	case run.Live:
		answer.Cause = CauseWaits
		answer.Says = "the run that began at " + w.clock(run.Began) + " has not come to it: " + w.describeStanding(run)
		answer.Needs = "nothing but time, unless the run is left before"
		return answer
	default:
		answer.Cause = CauseOtherWay
		answer.Says = "the run that began at " + w.clock(run.Began) + " took another way" + narrate.Note(run.Arm)
		if branch := lastStep(run, func(s *simulate.TracedStep) bool { return s.Kind == "" }); branch != nil {
			answer.Condition = branch.Condition
			answer.At = truncatedUTC(branch.At)
		}
		answer.Needs = "a new run that takes the way on which it stands"
		return answer
	}
	answer.At = truncatedUTC(decisive.At)
	answer.Reason = decisive.Answer.Reason
	answer.Says = w.describeStep(decisive)
	if answer.Cause == CauseSends {
		answer.Says = "by these rules it goes out, and nothing of that is recorded"
	}
	return answer
}

// judgeStep judges a message by what the run last did about it.
func (w *whyNotWords) judgeStep(answer *MessageWhyNot, step *simulate.TracedStep, rule *engine.Rule) {
	answer.Ended = step.Question
	answer.Condition = step.Condition
	switch step.Kind {
	case engine.KindSent, engine.KindUncertain:
		answer.Cause = CauseSends
		answer.Needs = "nothing: these rules came into force later, or its outcome is not known yet"
	case engine.KindDeferred:
		answer.Cause = CausePutOff
		answer.Needs = w.needOfReason(step.Answer, rule)
	case engine.KindWithheld:
		answer.Cause = CauseWithheld
		answer.Needs = w.needOfReason(step.Answer, rule)
	case engine.KindSkipped, engine.KindFailed:
		answer.Cause = CauseStopped
		if answer.Needs = needOfPart(step.Condition); answer.Needs == "" {
			answer.Needs = w.needOfReason(step.Answer, rule)
		}
	case engine.KindStarted, engine.KindExited, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
	}
}

// lastStep returns the last step of a run for which a condition holds, or nil.
func lastStep(r *simulate.TracedRun, holds func(*simulate.TracedStep) bool) *simulate.TracedStep {
	for i := len(r.Steps) - 1; i >= 0; i-- {
		if holds(&r.Steps[i]) {
			return &r.Steps[i]
		}
	}
	return nil
}

// joinNeeds joins two needs.
func joinNeeds(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
