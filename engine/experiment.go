package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
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
func (s *stepper) withholdSend(run *Run, rule *Rule, in *Instr, at time.Time, reason Reason) {
	group := GroupHoldout
	if reason == ReasonControl {
		group = GroupControl
	}
	s.st.PastSends = append(s.st.PastSends, PastSend{
		ID:       withheldID(run, in.ID),
		Message:  in.Send.Message,
		Topic:    in.Send.Topic,
		Channel:  recordedChannel(in.Send.Channel),
		At:       at,
		Withheld: true,
	})
	spare := s.spareMemory()
	spare.withheld = append(spare.withheld, run.ID)
	if run.Exposed.IsZero() {
		run.Exposed = at
	}
	s.recordDecision(s.aboutStep(run, in, Decision{
		At:       at,
		Kind:     KindWithheld,
		Reason:   reason,
		Channel:  in.Send.Channel,
		Exposure: s.exposureOf(rule, in.Send, group),
	}))
}

// exposureOf is what the decision about a message says of the experiment; nil for a transactional message, which nobody is withheld.
func (s *stepper) exposureOf(rule *Rule, send *SendStep, group ExperimentGroup) *Exposure {
	if send.Transactional {
		return nil
	}
	return s.promiseExposure(rule, group)
}

// promiseExposure is a learner's group with what the revision in force promises.
func (s *stepper) promiseExposure(rule *Rule, group ExperimentGroup) *Exposure {
	e := &Exposure{
		Group:   group,
		Holdout: rule.Holdout,
		Control: s.env.Current.Settings.Control,
	}
	if rule.Goal != nil {
		e.Within = int64(rule.Goal.Within / time.Second)
	}
	return e
}

// groupOf is the group of a learner in a rule's experiment.
func (s *stepper) groupOf(rule *Rule) ExperimentGroup {
	reason := s.askHoldout(nil, rule, nil, time.Time{}).Reason
	if reason == ReasonControl {
		return GroupControl
	}
	if reason == ReasonHoldout {
		return GroupHoldout
	}
	return GroupTreated
}

// assignArm takes the run to the learner's arm. That is when the arms' experiment begins, for an arm that sends nothing as for the others.
func (s *stepper) assignArm(run *Run, rule *Rule, in *Instr, at time.Time) {
	arm := in.Split.armOf(s.st.Learner)
	shares := in.Split.armShares(rule.Program)
	version := 0
	if in.Split.Adapt != nil {
		var picked *PickedArm
		arm, picked = s.pickAdaptive(run, in.Split)
		shares = picked.sharesOf(shares)
		version = picked.Version
	}
	run.Arm = in.Split.Name + "=" + arm.Name
	run.PC = arm.PC
	if run.Assigned.IsZero() {
		run.Assigned = at
	}
	exposure := s.promiseExposure(rule, s.groupOf(rule))
	exposure.Arms = shares
	exposure.WeightsVersion = version
	s.recordDecision(Decision{
		At:       s.decisionTime(at),
		Rule:     run.Rule,
		Scope:    run.Scope,
		Kind:     KindAssigned,
		Step:     in.ID,
		Run:      run.ID,
		Rev:      run.Revision,
		Arm:      run.Arm,
		Exposure: exposure,
	})
}

// armShares lists the arms with the shares that their weights promise.
func (sp *Split) armShares(program []Instr) []ArmShare {
	total := 0.0
	for i := range sp.Arms {
		total += sp.Arms[i].Weight
	}
	shares := make([]ArmShare, len(sp.Arms))
	for i := range sp.Arms {
		shares[i] = ArmShare{
			Name:    sp.Arms[i].Name,
			Percent: 100 * sp.Arms[i].Weight / total,
			Sends:   slices.ContainsFunc(sp.ownSteps(program, i), func(in Instr) bool { return in.Op == OpSend }),
		}
	}
	return shares
}

// ownSteps are the instructions of one arm only: up to the next arm, or, of the last one, up to where the jumps behind the others lead.
func (sp *Split) ownSteps(program []Instr, arm int) []Instr {
	end := len(program)
	for i := range sp.Arms {
		next := sp.Arms[i].PC
		if i > 0 && program[next-1].Op == OpJump {
			end = program[next-1].Else
		}
		if next > sp.Arms[arm].PC {
			return program[sp.Arms[arm].PC:next]
		}
	}
	return program[sp.Arms[arm].PC:max(end, sp.Arms[arm].PC)]
}

// enteredAt is from when on a run's goal is watched for: its first message or its first split; zero: it is not yet.
func (r *Run) enteredAt() time.Time {
	if r.Exposed.IsZero() || !r.Assigned.IsZero() && r.Assigned.Before(r.Exposed) {
		return r.Assigned
	}
	return r.Exposed
}

// stopWatching ends the watch for the run's goal.
func (r *Run) stopWatching() {
	r.Exposed = time.Time{}
	r.Assigned = time.Time{}
}

// reachesGoal asks whether the event is the success that the rule is after, by the event's own time. Before the first message and the first split,
// whenever it is heard, it ends the run without a conversion; after it, within the goal's time, as converted. It reports whether the run has ended.
func (s *stepper) reachesGoal(run *Run, rule *Rule, ev *Event, course string, at time.Time) bool {
	entered := run.enteredAt()
	if rule.Goal == nil || run.Ended && entered.IsZero() {
		return false
	}
	own := s.ownTime(ev)
	if own.Before(run.beganAt()) || !entered.IsZero() && own.After(entered.Add(rule.Goal.Within)) {
		return false
	}
	if !s.matchesRun(&rule.Goal.Match, rule, run, ev, course, at) {
		return false
	}
	if entered.IsZero() || own.Before(entered) {
		run.stopWatching() // the goal was reached without the message
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
	run.stopWatching()
	s.exitRun(run, at, ReasonGoal, ev.Name, ev.ID)
	return true
}

// watchedUntil is until when a run's goal is watched for; zero: it is not.
func (s *stepper) watchedUntil(run *Run) time.Time {
	rule := s.ruleOf(run)
	entered := run.enteredAt()
	if rule == nil || rule.Goal == nil || entered.IsZero() {
		return time.Time{}
	}
	return entered.Add(rule.Goal.Within)
}
