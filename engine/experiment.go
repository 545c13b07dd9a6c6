package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"
)

// placeLearner places a learner, by hash and so for good, somewhere in [0, 100) for one purpose.
func placeLearner(learner, purpose, name string) float64 {
	sum := sha256.Sum256([]byte(learner + "\x00" + purpose + "\x00" + name))
	return float64(binary.BigEndian.Uint64(sum[:8])) / math.Exp2(64) * 100
}

// armOf is the learner's arm: sticky for the split's name as long as the weights stay.
func (sp *Split) armOf(learner string) *Arm {
	total := 0.0
	for i := range sp.Arms {
		total += sp.Arms[i].Weight
	}
	place := placeLearner(learner, "split", sp.Name) / 100 * total
	for i := range sp.Arms {
		if place -= sp.Arms[i].Weight; place < 0 {
			return &sp.Arms[i]
		}
	}
	return &sp.Arms[len(sp.Arms)-1]
}

// heldOut reports whether the learner is among the percent of a holdout or control group.
func (s *stepper) heldOut(percent float64, purpose, name string) bool {
	switch {
	case percent <= 0:
		return false
	case percent >= 100:
		return true
	}
	switch s.env.Assign {
	case AssignNobody:
		return false
	case AssignAll:
		return true
	case AssignByHash:
	}
	return placeLearner(s.st.Learner, purpose, name) < percent
}

// withholdSend records that a message was withheld which would be sent now.
//
// A withheld message does to the learner's later decisions what a sent one does that provokes nothing: it takes its slots, makes sent() true and
// counts for back-off. Otherwise the groups would differ in more than the message, and the lift would be wrong.
func (s *stepper) withholdSend(run *Run, in *Instr, at time.Time, reason Reason) {
	s.st.PastSends = append(s.st.PastSends, PastSend{
		ID:       hashID(run.ID, in.ID),
		Message:  in.Send.Message,
		Topic:    in.Send.Topic,
		At:       at,
		Withheld: true,
	})
	s.withheld = append(s.withheld, run.ID)
	if run.Exposed.IsZero() {
		run.Exposed = at
	}
	s.recordDecision(s.aboutStep(run, in, Decision{At: at, Kind: KindWithheld, Reason: reason}))
}

// reachesGoal asks whether the event is the success that the rule is after, by the event's own time. Before the first message, whenever it is heard, it
// ends the run without a conversion; after it, within the goal's time, as converted. It reports whether the run has ended.
func (s *stepper) reachesGoal(run *Run, rule *Rule, ev *Event, course string, at time.Time) bool {
	if rule.Goal == nil || run.Ended && run.Exposed.IsZero() {
		return false
	}
	own := s.ownTime(ev)
	if own.Before(run.beganAt()) || !run.Exposed.IsZero() && own.After(run.Exposed.Add(rule.Goal.Within)) {
		return false
	}
	if !s.matchesRun(&rule.Goal.Match, rule, run, ev, course, at) {
		return false
	}
	if run.Exposed.IsZero() || own.Before(run.Exposed) {
		run.Exposed = time.Time{} // nothing is watched for any more: the goal was reached without the message
		s.exitRun(run, at, ReasonGoalUnaided, ev.Name, ev.ID)
		return true
	}
	s.recordDecision(Decision{
		At:     s.decisionTime(at),
		Rule:   run.Rule,
		Scope:  run.Scope,
		Kind:   KindConverted,
		Reason: ReasonGoal,
		Run:    run.ID,
		Rev:    run.Revision,
		Arm:    run.Arm,
		Detail: ev.Name,
	}, ev.ID)
	run.Ended = true
	run.Exposed = time.Time{} // nothing is watched for any more
	s.exitRun(run, at, ReasonGoal, ev.Name, ev.ID)
	return true
}

// watchedUntil is until when a run's goal is watched for; zero: it is not.
func (s *stepper) watchedUntil(run *Run) time.Time {
	rule := s.ruleOf(run)
	if rule == nil || rule.Goal == nil || run.Exposed.IsZero() {
		return time.Time{}
	}
	return run.Exposed.Add(rule.Goal.Within)
}
