package engine

import (
	"slices"
	"time"
)

// NudgeAnswers are the events by which the platform says what became of a nudge, with the nudge's id as KeySend.
func NudgeAnswers() []string {
	return []string{EventNudgeSeen, EventNudgeClicked, EventNudgeDismissed}
}

// KeySend is the property in which an event about a message names it.
const KeySend = "send_id"

// startFallback waits for an answer to the nudge that the run has just sent. If that was not sent, nothing comes in its place.
func (s *stepper) startFallback(run *Run, in *Instr, at time.Time) bool {
	sent := func(m PastSend) bool { return m.ID == s.sendID(run, in.Nudge) || m.ID == withheldID(run, in.Nudge) }
	if !slices.ContainsFunc(s.st.PastSends, sent) {
		run.PC = in.Else
		return true
	}
	return s.waitUntil(run, at.Add(in.Dur), at)
}

// hasFallbackOnly reports whether the send at which a run stands has a fallback, and the learner has no address for its own channel, so that the fallback's is the first
// by which they can be reached.
func (s *stepper) hasFallbackOnly(run *Run, rule *Rule, in *Instr) bool {
	channel, _ := ChannelNamed(in.Send.Channel)
	if !channel.NeedsAddress || run.PC+2 >= len(rule.Program) {
		return false
	}
	wait := &rule.Program[run.PC+1]
	reach := s.env.Profile.Reach[channel.Name]
	return wait.Op == OpFallback && wait.Nudge == in.ID && (!reach.Known || reach.Unusable != "")
}

// skipToFallback lets a run go on at the second channel of a send, without a word about the first.
func (s *stepper) skipToFallback(run *Run, at time.Time) {
	s.moveToNextStep(run, at) // the wait for somebody to see the first message
	s.moveToNextStep(run, at)
}

// answersNudge reports whether an event says what became of the nudge for which a fallback waits.
func (s *stepper) answersNudge(run *Run, in *Instr, ev *Event) bool {
	if !slices.Contains(NudgeAnswers(), ev.Name) {
		return false
	}
	id, _ := ev.Text(KeySend)
	return id == s.sendID(run, in.Nudge)
}

// sendID is the id of the message that a run sends at a step.
func (s *stepper) sendID(run *Run, step string) string {
	if s.st.Learner == NoLearner && run.Scope != "" {
		return hashID(NoLearner, run.Rule, run.Scope, step) // of one value of `per` staff hear once, whatever the event
	}
	return hashID(s.st.Learner, run.Rule, run.Scope, run.ID, step)
}

// withheldID is the id under which a withheld message of a run is remembered.
func withheldID(run *Run, step string) string { return hashID(run.ID, step) }
