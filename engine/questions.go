package engine

import (
	"fmt"
	"slices"
	"time"
)

// AnswerKind is what happens to a message after a question.
type AnswerKind string

// The kinds of answers.
const (
	AnswerGoOn     AnswerKind = ""         // nothing stops the message; the next question is asked
	AnswerSkip     AnswerKind = "skip"     // the message is not sent; the run goes on to its next step
	AnswerDefer    AnswerKind = "defer"    // the run stays at the step, and every question is asked again later
	AnswerExit     AnswerKind = "exit"     // the run ends
	AnswerWithhold AnswerKind = "withhold" // the learner is held out; the run goes on as if the message had been sent
)

// Answer is what one question decides about one message. The zero Answer goes on.
type Answer struct {
	Kind   AnswerKind
	Reason Reason
	Detail string    // a sentence for people; no personal data; may be empty
	Until  time.Time // with AnswerDefer: when all questions are asked again; zero: when the rule's pause is lifted
}

// Question is one of the checks before a message is sent.
type Question struct {
	Name string // the question's first column in docs/rules.md, Sending
	// Reasons are those that its answers carry.
	Reasons []Reason
	// Transactional reports whether transactional messages are checked too.
	Transactional bool

	ask func(s *stepper, run *Run, rule *Rule, in *Instr, at time.Time) Answer
}

// questionCondition is the question about the step's own `if`.
const questionCondition = "condition"

// questions are asked in this order until one does not go on. The list does not change.
var questions = [...]Question{
	{
		Name:          "inactivity",
		Reasons:       []Reason{ReasonActive, ReasonCompleted, ReasonCancelled, ReasonCourseEnded, ReasonHandedIn, ReasonDueMoved},
		Transactional: true,
		ask:           (*stepper).askInactivity,
	},
	{
		Name:          "pause",
		Reasons:       []Reason{ReasonPaused},
		Transactional: true,
		ask:           (*stepper).askPause,
	},
	{
		Name:          questionCondition,
		Reasons:       []Reason{ReasonCondition, ReasonConditionError},
		Transactional: true,
		ask:           (*stepper).askCondition,
	},
	{
		Name:          "recipient",
		Reasons:       []Reason{ReasonNoAddress, ReasonSuppressed, ReasonUnsubscribed, ReasonNoConsent},
		Transactional: true,
		ask:           (*stepper).askRecipient,
	},
	{
		Name:    "suppress",
		Reasons: []Reason{ReasonLeftAlone},
		ask:     (*stepper).askSuppress,
	},
	{
		Name:          "expiry",
		Reasons:       []Reason{ReasonLate, ReasonConditionError},
		Transactional: true,
		ask:           (*stepper).askExpiry,
	},
	{
		Name:    "lateness",
		Reasons: []Reason{ReasonLate},
		ask:     (*stepper).askLateness,
	},
	{
		Name:    "back-off",
		Reasons: []Reason{ReasonIgnored},
		ask:     (*stepper).askBackOff,
	},
	{
		Name:    "quiet hours",
		Reasons: []Reason{ReasonQuietHours, ReasonCap}, // a cap that is full when the quiet hours end
		ask:     (*stepper).askQuietHours,
	},
	{
		Name:    "caps",
		Reasons: []Reason{ReasonCap, ReasonQuietHours}, // quiet hours that have begun when the cap frees
		ask:     (*stepper).askCaps,
	},
	{
		Name:    "holdout",
		Reasons: []Reason{ReasonControl, ReasonHoldout},
		ask:     (*stepper).askHoldout,
	},
}

// SendQuestions returns the questions before a message is sent, in the order in which they are asked.
func SendQuestions() []Question { return slices.Clone(questions[:]) }

// judgeSend asks the questions in order and returns the first answer that does not go on, or the zero Answer.
func (s *stepper) judgeSend(run *Run, rule *Rule, in *Instr, at time.Time) Answer {
	for i := range questions {
		q := &questions[i]
		if in.Send.Transactional && !q.Transactional {
			continue
		}
		if v := q.ask(s, run, rule, in, at); v.Kind != AnswerGoOn {
			s.traceSend(run, rule, in, at, q.Name, v)
			return v
		}
	}
	s.traceSend(run, rule, in, at, "", Answer{})
	return Answer{}
}

// askInactivity ends a run that silence or something overdue began, if that is over or the learner has left the course.
func (s *stepper) askInactivity(run *Run, _ *Rule, _ *Instr, at time.Time) Answer {
	if reason := s.silenceOver(run, at); reason != "" {
		return Answer{Kind: AnswerExit, Reason: reason}
	}
	return Answer{}
}

// askPause defers while the rule is paused. The send is due anew when the pause is lifted.
func (s *stepper) askPause(run *Run, _ *Rule, _ *Instr, _ time.Time) Answer {
	if s.isPaused(run.Rule) {
		return Answer{Kind: AnswerDefer, Reason: ReasonPaused, Detail: "the rule is paused"}
	}
	return Answer{}
}

// askCondition skips if the step's own `if` is false or cannot be evaluated.
func (s *stepper) askCondition(run *Run, _ *Rule, in *Instr, at time.Time) Answer {
	if in.Send.If == nil {
		return Answer{}
	}
	yes, err := evalBool(in.Send.If, s.runVars(nil, run, at))
	switch {
	case err != nil:
		return Answer{Kind: AnswerSkip, Reason: ReasonConditionError, Detail: err.Error()}
	case !yes:
		return Answer{Kind: AnswerSkip, Reason: ReasonCondition, Detail: in.Send.If.Source()}
	}
	return Answer{}
}

// askRecipient skips if the learner cannot be written to or does not want the topic.
func (s *stepper) askRecipient(_ *Run, _ *Rule, in *Instr, _ time.Time) Answer {
	if in.Send.Staff != "" {
		return Answer{} // whoever delivers asks about the addresses of staff
	}
	reason := s.env.Profile.Refuses(&Send{
		Channel:       in.Send.Channel,
		Topic:         in.Send.Topic,
		Transactional: in.Send.Transactional,
		OptIn:         s.optIn(in.Send.Topic),
	})
	if reason == "" {
		return Answer{}
	}
	return Answer{Kind: AnswerSkip, Reason: reason, Detail: s.env.Profile.RefusalDetail(reason, in.Send.Channel)}
}

// askExpiry skips after the instant at which the message expires, or if that instant cannot be told.
func (s *stepper) askExpiry(run *Run, _ *Rule, in *Instr, at time.Time) Answer {
	expires, err := s.expiryOf(run, in, at)
	switch {
	case err != nil:
		return Answer{Kind: AnswerSkip, Reason: ReasonConditionError, Detail: err.Error()}
	case !expires.IsZero() && at.After(expires):
		return Answer{Kind: AnswerSkip, Reason: ReasonLate, Detail: fmt.Sprintf("it expired at %s", expires.Format(time.RFC3339))}
	}
	return Answer{}
}

// askLateness skips if the patience is over already, as it may be after an outage.
func (s *stepper) askLateness(run *Run, _ *Rule, in *Instr, at time.Time) Answer {
	if at.After(s.patienceEnd(run, in.Send)) {
		return Answer{Kind: AnswerSkip, Reason: ReasonLate, Detail: fmt.Sprintf("due at %s", run.FirstDue.Format(time.RFC3339))}
	}
	return Answer{}
}

// askBackOff skips while a learner is left alone who answered none of the last messages.
func (s *stepper) askBackOff(_ *Run, _ *Rule, _ *Instr, at time.Time) Answer {
	if until, backingOff := s.backOffUntil(at); backingOff {
		return Answer{Kind: AnswerSkip, Reason: ReasonIgnored, Detail: fmt.Sprintf("left alone until %s", until.Format(time.RFC3339))}
	}
	return Answer{}
}

// askQuietHours defers to the first instant that is free of quiet hours and caps, if `at` is in quiet hours. It skips if
// the patience is over or the message expires before that instant.
func (s *stepper) askQuietHours(run *Run, _ *Rule, in *Instr, at time.Time) Answer {
	if _, quiet := s.quietUntil(at); quiet {
		return s.deferUntilFree(run, in, at)
	}
	return Answer{}
}

// askCaps is askQuietHours for an instant at which a cap is full.
func (s *stepper) askCaps(run *Run, _ *Rule, in *Instr, at time.Time) Answer {
	if _, full := s.cappedUntil(at, in.Send); full {
		return s.deferUntilFree(run, in, at)
	}
	return Answer{}
}

func (s *stepper) deferUntilFree(run *Run, in *Instr, at time.Time) Answer {
	last := s.lastInstant(run, in, at)
	free, reason := s.nextFree(at, last, in.Send)
	if !free.After(last) {
		return Answer{Kind: AnswerDefer, Reason: reason, Until: free}
	}
	missed := "past its patience"
	if last.Before(s.patienceEnd(run, in.Send)) {
		missed = "after it expires"
	}
	return Answer{Kind: AnswerSkip, Reason: reason, Detail: fmt.Sprintf("free again at %s, which is %s", free.Format(time.RFC3339), missed)}
}

// askHoldout withholds from a learner of the global control group or of the rule's holdout. The control group is asked
// first, so that its learners are in no rule's holdout.
func (s *stepper) askHoldout(_ *Run, rule *Rule, _ *Instr, _ time.Time) Answer {
	switch {
	case s.heldOut(s.env.Current.Settings.Control, "control", ""):
		return Answer{Kind: AnswerWithhold, Reason: ReasonControl}
	case s.heldOut(rule.Holdout, "holdout", rule.Name):
		return Answer{Kind: AnswerWithhold, Reason: ReasonHoldout}
	}
	return Answer{}
}
