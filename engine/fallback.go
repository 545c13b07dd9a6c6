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
	return hashID(s.st.Learner, run.Rule, run.Scope, run.ID, step)
}

// withheldID is the id under which a withheld message of a run is remembered.
func withheldID(run *Run, step string) string { return hashID(run.ID, step) }
