package engine

import (
	"fmt"
	"slices"
	"time"
)

// advanceRun walks a run from where it stands, at the instant `at`, until it waits, asks for a delivery, or ends.
func (s *stepper) advanceRun(id string, at time.Time) {
	run := s.runByID(id)
	rule := s.ruleOf(run)
	if rule == nil {
		s.exitRun(run, at, ReasonRevisionLost, "the rules this run started with are gone", "advance")
		return
	}
	run.Behind = false
	run.Paused = false
	if run.Waiting {
		run.Waiting = false
		run.WaitSince = time.Time{}
		run.KeepsEnd = false
		switch in := &rule.Program[run.PC]; in.Op {
		case OpWaitFor:
			run.PC = in.Else
		case OpCollect:
			run.endCollect(in)
			run.PC++
		case OpWait, OpWaitClock, OpWaitTime, OpSend, OpBranch, OpJump, OpStop, OpSplit, OpSuppress, OpSet, OpFallback:
			run.PC++
		}
	}
	for run.PC < len(rule.Program) {
		in := &rule.Program[run.PC]
		if in.Op == OpSend {
			at = s.sendTime(run, at)
		}
		if !s.runInstruction(run, rule, in, at) {
			return
		}
		if run = s.runByID(id); run == nil {
			return
		}
	}
	s.endRun(run)
}

// runInstruction does one instruction and reports whether the run goes on at once. A run may be gone afterwards.
func (s *stepper) runInstruction(run *Run, rule *Rule, in *Instr, at time.Time) bool {
	switch in.Op {
	case OpWait:
		return s.waitUntil(run, at.Add(in.Dur), at)
	case OpWaitClock:
		if in.Usual {
			run.UsualOf = s.env.Standing.lastSession(at)
		}
		return s.waitUntil(run, nextClock(at, s.clockOf(run, in), in.Days, s.learnerZone()), at)
	case OpWaitTime:
		t, err := evalTime(in.Expr, s.runVars(nil, run, at))
		if err != nil { // better no message than one at the wrong time
			s.exitRun(run, at, ReasonConditionError, err.Error(), in.ID)
			return false
		}
		if s.waitUntil(run, t, at) {
			return true
		}
		run.WaitSince = at
		return false
	case OpWaitFor:
		if slices.Contains(run.Answered, in.ID) {
			run.takeAhead(in.ID)
			run.PC++
			return true
		}
		run.Waiting = true
		run.Due = at.Add(in.Dur)
		return false
	case OpBranch:
		if s.evalCondition(in.Expr, run, in, at) {
			run.PC++
		} else {
			run.PC = in.Else
		}
		return true
	case OpJump:
		run.PC = in.Else
		return true
	case OpStop:
		s.exitRun(run, at, ReasonStop, in.Reason, in.ID)
		return false
	case OpSuppress:
		s.suppressTopics(run, in, at)
		run.PC++
		return true
	case OpSet:
		s.setTraits(run, in, at)
		run.PC++
		return true
	case OpFallback:
		return s.startFallback(run, in, at)
	case OpCollect:
		return s.startCollect(run, rule, in, at)
	case OpSplit:
		s.assignArm(run, rule, in, at)
		return true
	case OpSend:
		return s.decideSend(run, rule, in, at)
	}
	panic(fmt.Sprintf("engine: rule %q step %s: unknown instruction %q", rule.Name, in.ID, in.Op))
}

// waitUntil sleeps until t, or goes on at once if that is not in the future.
func (s *stepper) waitUntil(run *Run, t, at time.Time) bool {
	if !t.After(at) {
		run.PC++
		return true
	}
	run.Waiting = true
	run.Due = t
	return false
}

// evalCondition evaluates a step's condition; an error leaves a decision and counts as false.
func (s *stepper) evalCondition(cond Expr, run *Run, in *Instr, at time.Time) bool {
	vars := s.runVars(nil, run, at)
	yes, err := evalBool(cond, vars)
	s.traceBranch(run, in, vars, at, yes, err)
	if err != nil {
		s.recordConditionError(run, in, at, err.Error())
	}
	return yes
}

func (s *stepper) recordConditionError(run *Run, in *Instr, at time.Time, detail string) {
	d := Decision{
		At:     s.decisionTime(at),
		Rule:   run.Rule,
		Scope:  run.Scope,
		Kind:   KindSkipped,
		Reason: ReasonConditionError,
		Step:   in.ID,
		Run:    run.ID,
		Rev:    run.Revision,
		Detail: detail,
	}
	if in.Send != nil {
		d.Message = in.Send.Message
	}
	s.recordDecision(d)
}

// evalTime evaluates a timestamp.
func evalTime(expr Expr, v *Vars) (time.Time, error) {
	got, err := expr.Eval(v)
	if err != nil {
		return time.Time{}, err
	}
	t, ok := got.(time.Time)
	if !ok {
		return time.Time{}, fmt.Errorf("%s: want a timestamp, got %T", expr.Source(), got)
	}
	return t, nil
}

// evalBool evaluates a condition.
func evalBool(cond Expr, v *Vars) (bool, error) {
	got, err := cond.Eval(v)
	if err != nil {
		return false, err
	}
	yes, ok := got.(bool)
	if !ok {
		return false, fmt.Errorf("%s: want true or false, got %T", cond.Source(), got)
	}
	return yes, nil
}
