package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/rules"
	"homeroom/simulate"
)

// whyNotWords puts traces into words.
type whyNotWords struct {
	ruleset  *engine.Ruleset
	learner  string
	person   engine.Profile // as of today
	recorded map[string]*decisionsOf
	clock    func(time.Time) string
}

// style says how sentences write instants.
func (w *whyNotWords) style() narrate.Style { return narrate.Style{Time: w.clock} }

// describeRule says why the messages of a rule did not go out.
func (w *whyNotWords) describeRule(t *simulate.RuleTrace) RuleWhyNot {
	answer := RuleWhyNot{
		Rule:     t.Rule.Name,
		Starts:   "starts " + rules.TriggerWords(t.Rule),
		Seen:     t.Seen,
		Fitting:  t.Fitting,
		Started:  t.Started,
		Messages: []MessageWhyNot{},
	}
	if cond := t.Rule.When.Match.If; cond != nil {
		answer.Starts += ", if " + cond.Source()
	}
	if t.Last != nil {
		answer.Trigger = w.describeTrigger(t)
	}
	if t.Run != nil {
		answer.Run = w.describeRun(t.Run)
	}
	recorded := w.recorded[t.Rule.Name]
	if recorded != nil {
		answer.Recorded = &RecordedDecision{
			At:   recorded.last.At,
			Kind: recorded.last.Kind,
			Text: narrate.Decision(recorded.last, w.style()),
		}
	}
	var seen []string
	for i := range t.Rule.Program {
		send := t.Rule.Program[i].Send
		if send == nil || slices.Contains(seen, send.Message) {
			continue
		}
		seen = append(seen, send.Message)
		answer.Messages = append(answer.Messages, w.describeMessage(t, send, recorded))
	}
	return answer
}

func (w *whyNotWords) describeTrigger(t *simulate.RuleTrace) *TriggerWhyNot {
	last := t.Last
	answer := &TriggerWhyNot{
		At:        last.At,
		Event:     last.Event,
		EventID:   last.ID,
		About:     last.About,
		Began:     last.Run != "",
		Condition: last.Condition,
		Reason:    last.Answer.Reason,
	}
	switch {
	case answer.Began:
		answer.Says = "it began a run"
	case last.Answer.Reason == engine.ReasonCondition:
		answer.Says = "the condition was not true"
	case last.Answer.Kind == engine.AnswerDefer:
		answer.Says = "it is put off until " + w.clock(last.Answer.Until) + ": " + narrate.Reason(last.Answer.Reason)
	default:
		answer.Says = "it began no run: " + narrate.Reason(last.Answer.Reason) + narrate.Note(w.detailOf(last.Answer))
	}
	return answer
}

// detailOf is what there is to say of an answer besides its reason.
func (w *whyNotWords) detailOf(a engine.Answer) string {
	if a.Reason == engine.ReasonAgain {
		return "again: " + a.Detail
	}
	return a.Detail
}

func (w *whyNotWords) describeRun(r *simulate.TracedRun) *RunWhyNot {
	answer := &RunWhyNot{
		ID:    r.ID,
		Scope: r.Scope,
		Began: r.Began,
		Arm:   r.Arm,
		Live:  r.Live,
		Steps: []RunStep{},
	}
	if r.Live {
		answer.Says = w.describeStanding(r)
	}
	for i := range r.Steps {
		step := &r.Steps[i]
		answer.Steps = append(answer.Steps, RunStep{
			At:        step.At,
			What:      w.nameStep(step),
			Message:   step.Message,
			Text:      w.describeStep(step),
			Condition: step.Condition,
		})
	}
	return answer
}

func (w *whyNotWords) nameStep(step *simulate.TracedStep) string {
	if step.Kind == "" {
		return "branch"
	}
	return string(step.Kind)
}

// describeStep says in a sentence what a run did.
func (w *whyNotWords) describeStep(step *simulate.TracedStep) string {
	times := ""
	if step.Times > 1 {
		times = fmt.Sprintf(" (the last of %d times)", step.Times)
	}
	if step.Kind == "" {
		came := "was true"
		if step.Answer.Kind != engine.AnswerGoOn {
			came = "was not true"
		}
		return "the condition of the step if " + came + times
	}
	d := &engine.Decision{
		At:      step.At,
		Kind:    step.Kind,
		Reason:  step.Answer.Reason,
		Message: step.Message,
		Detail:  step.Answer.Detail,
		Until:   step.Answer.Until,
		Run:     "run", // so that a condition is told as a run's
	}
	if step.Kind == engine.KindSkipped && step.Answer.Reason == engine.ReasonCondition {
		d.Detail = ""
	}
	return narrate.Decision(d, w.style()) + times
}

// describeStanding says where a run stands.
func (w *whyNotWords) describeStanding(r *simulate.TracedRun) string {
	at := "its end"
	if r.Stands != nil {
		at = fmt.Sprintf("the step %s (%s)", r.Stands.ID, strings.ReplaceAll(string(r.Stands.Op), "_", " "))
	}
	if r.Due.IsZero() {
		return "it stands at " + at
	}
	return "it stands at " + at + " until " + w.clock(r.Due)
}

// describeMessage says why one message did not go out.
func (w *whyNotWords) describeMessage(t *simulate.RuleTrace, send *engine.SendStep, recorded *decisionsOf) MessageWhyNot {
	var answer MessageWhyNot
	switch {
	case tellsByRun(t):
		answer = w.judgeByRun(t, send.Message)
	case t.Last == nil:
		answer = w.judgeWithoutTrigger(t)
	default:
		answer = w.judgeByTrigger(t)
	}
	answer.Message = send.Message
	if recorded != nil && !recorded.sent[send.Message].IsZero() {
		sent := recorded.sent[send.Message]
		answer.SentAt = truncatedUTC(sent)
		if !sent.Before(sinceOf(t, answer.Cause)) {
			return MessageWhyNot{
				Message: send.Message,
				Cause:   CauseSent,
				At:      answer.SentAt,
				Says:    "it was sent",
				SentAt:  answer.SentAt,
			}
		}
	}
	refusal := w.person.Refuses(&engine.Send{
		Channel:       send.Channel,
		Topic:         send.Topic,
		Transactional: send.Transactional,
		OptIn:         w.isOptIn(send.Topic),
	})
	if refusal != "" {
		answer.Today = narrate.Reason(refusal) + narrate.Note(w.person.RefusalDetail(refusal, send.Channel))
	}
	if held := engine.HoldsOut(w.ruleset, t.Rule, w.learner); held != "" && !send.Transactional && answer.Cause != CauseWithheld {
		answer.Needs = joinNeeds(answer.Needs, "even so it would be withheld: "+narrate.Reason(held))
	}
	return answer
}

// sinceOf returns from when on a recorded send answers the question: from the beginning of the run that sends by these rules, or from the last trigger.
func sinceOf(t *simulate.RuleTrace, cause WhyNotCause) time.Time {
	switch {
	case cause == CauseSends && t.Run != nil:
		return t.Run.Began.Truncate(time.Second)
	case t.Last != nil:
		return t.Last.At
	}
	return time.Time{}
}

func (w *whyNotWords) isOptIn(topic string) bool {
	byDefault, declared := w.ruleset.Settings.Topics[topic]
	return declared && !byDefault
}

// tellsByRun reports whether the last run says why a message did not go out, and not the last trigger: it came of that trigger, or it was under way when
// that trigger came, or it still is.
func tellsByRun(t *simulate.RuleTrace) bool {
	if t.Run == nil {
		return false
	}
	return t.Last == nil || t.Last.Run == t.Run.ID || t.Last.Answer.Reason == engine.ReasonRunning || t.Run.Live
}

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
	case engine.KindStarted, engine.KindExited, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed:
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
