package engine

import (
	"fmt"
	"strings"
)

// traitTimezone is the trait that says where a learner lives.
const traitTimezone = "timezone"

// ApplyTraits takes in what an event says of the learner as a person, after Apply of the same event, and adds to its change. A trait from which
// runs work out when to go on, and which has another value than was last heard, must reach the learner's workflow. Of a learner of whom nothing was known
// before the event, no run waits.
func (s *Standing) ApplyTraits(traits map[string]any, rs *Ruleset, change *Change) {
	for name, value := range traits {
		if !rs.timesBy(name) {
			continue
		}
		mark := uint32(hash64(fnvBasis, fmt.Sprint(value)) >> 32)
		if known, ok := s.Marks[name]; ok && known == mark {
			continue
		}
		if s.Marks == nil {
			s.Marks = map[string]uint32{}
		}
		s.Marks[name] = mark
		change.Changed = true
		change.Profile = change.Profile || !change.First || rs.datedBy(name)
	}
}

// timesBy reports whether an instant at which a run goes on may depend on a trait. An expression reads no trait whose name is not in its source.
func (r *Ruleset) timesBy(trait string) bool {
	if trait == traitTimezone && r.Settings.Quiet != nil {
		return true
	}
	for _, rule := range r.Rules {
		if rule.When.Schedule != nil && trait == traitTimezone || rule.When.dateReadsTrait(trait) {
			return true
		}
		for i := range rule.Program {
			in := &rule.Program[i]
			if in.waitsForClock() && trait == traitTimezone || in.Op == OpWaitTime && in.readsTrait(trait) {
				return true
			}
		}
	}
	return false
}

// waitsForClock reports whether a wait ends at a time of day where the learner lives.
func (in *Instr) waitsForClock() bool {
	return in.Op == OpWaitClock || in.Op == OpCollect && in.Dur == 0
}

// readsTrait reports whether the instant of a wait may depend on a trait. A date without a time of day begins at midnight in the learner's zone, and only
// timestamp() makes an instant of a date.
func (in *Instr) readsTrait(trait string) bool {
	source := in.Expr.Source()
	return strings.Contains(source, trait) || trait == traitTimezone && strings.Contains(source, "timestamp")
}

// retimeRuns works out anew when the waiting runs go on, for the learner's zone, traits or standing may have changed: never earlier than now.
func (s *stepper) retimeRuns(inputs []Input) {
	if len(s.st.Runs) == 0 {
		return
	}
	s.retimeWaits()
	for _, in := range inputs {
		if in.Event != nil && in.Event.Name == EventProfileUpdated {
			s.askDeferredAnew()
			return
		}
	}
}

// retimeWaits works out anew when the waits for a local time and the waits for a timestamp end.
func (s *stepper) retimeWaits() {
	s.eachRun(func(run *Run) {
		if run.Waiting && !run.KeepsEnd && !run.Ended {
			s.retimeWait(run)
		}
	})
}

// retimeWait works out anew when a run's wait ends. A wait for a length of time, or for an event, keeps its end.
func (s *stepper) retimeWait(run *Run) {
	rule := s.ruleOf(run)
	if rule == nil || run.PC >= len(rule.Program) {
		return
	}
	switch in := &rule.Program[run.PC]; in.Op {
	case OpCollect:
		if in.waitsForClock() && run.Due.After(s.now) {
			run.Due = nextClock(later(s.st.Clock, s.now), in.Clock, in.Days, s.learnerZone())
		}
	case OpWaitClock:
		if run.Due.After(s.now) {
			run.Due = nextClock(later(s.st.Clock, s.now), s.clockOf(run, in), in.Days, s.learnerZone())
		}
	case OpWaitTime:
		s.retimeTimestamp(run, in)
	case OpWait, OpWaitFor, OpSend, OpBranch, OpJump, OpStop, OpSplit, OpSuppress, OpSet, OpFallback:
	}
}

// retimeTimestamp reads a timestamp again, as of the instant at which the wait began. Of a wait from an older version that instant is not known: it
// keeps its end.
func (s *stepper) retimeTimestamp(run *Run, in *Instr) {
	if run.WaitSince.IsZero() {
		return
	}
	t, err := evalTime(in.Expr, s.runVars(nil, run, run.WaitSince))
	switch {
	case err != nil: // better no message than one at the wrong time
		s.exitRun(run, later(s.st.Clock, s.now), ReasonConditionError, err.Error(), in.ID)
	case t.After(s.now):
		run.Due = t
	case run.Due.After(s.now):
		run.Due = s.now
	}
}

// askDeferredAnew makes the sends due now that wait for the end of quiet hours, if their first free instant is another than the one they wait for, as after
// a move to another zone: then their questions are asked again.
func (s *stepper) askDeferredAnew() {
	for i := range s.st.Runs {
		run := &s.st.Runs[i]
		if run.Ended || run.Paused || !run.ForNight || !run.Due.After(s.now) || s.pendingOfRun(run.ID) >= 0 {
			continue
		}
		rule := s.ruleOf(run)
		if rule == nil || run.PC >= len(rule.Program) || rule.Program[run.PC].Send == nil {
			continue
		}
		in := &rule.Program[run.PC]
		if free, _ := s.nextFree(s.now, s.lastInstant(run, in, s.now), in.Send); !free.Equal(run.Due) {
			run.Due = s.now
		}
	}
}
