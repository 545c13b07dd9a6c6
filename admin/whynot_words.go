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
	recorded map[string]*ruleRecord
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
func (w *whyNotWords) describeMessage(t *simulate.RuleTrace, send *engine.SendStep, recorded *ruleRecord) MessageWhyNot {
	var answer MessageWhyNot
	switch {
	case tellsByBroadcast(t):
		answer = w.judgeByBroadcast(t)
	case tellsByRun(t):
		answer = w.judgeByRun(t, send.Message)
	case t.Last == nil && t.Rule.When.Audience != nil:
		answer = w.judgeWithoutBroadcast(t)
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
	case cause == CauseAudience:
		return t.Broadcast.At
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
