package engine

import (
	"slices"
	"time"
)

// isPaused reports whether a rule is paused in the ruleset in force, whatever revision a run started with.
func (s *stepper) isPaused(rule string) bool {
	current := s.env.Current.Rule(rule)
	return current != nil && current.Paused
}

// resumePaused makes the sends due whose rule is no longer paused.
func (s *stepper) resumePaused() {
	for i := range s.st.Runs {
		if run := &s.st.Runs[i]; run.Paused && !s.isPaused(run.Rule) {
			run.Paused = false
			run.Due = s.now
			run.FirstDue = s.now
		}
	}
}

// applyPublication does to the live runs what a publication asks for.
func (s *stepper) applyPublication(p *Publication) {
	at := later(s.st.Clock, s.now)
	ids := make([]string, 0, len(s.st.Runs))
	for i := range s.st.Runs {
		if run := &s.st.Runs[i]; !run.Ended && run.Revision != s.env.Current.Hash {
			ids = append(ids, run.ID)
		}
	}
	for _, id := range ids {
		run := s.runByID(id)
		old := s.ruleOf(run)
		next := s.env.Current.Rule(run.Rule)
		switch p.RunPolicy {
		case RunPolicyMigrate:
			s.migrateRun(run, old, next, at, p.Hash)
		case RunPolicyCancel:
			if old == nil || next == nil || old.Hash != next.Hash {
				s.exitRun(run, at, ReasonWithdrawn, "by a publication", p.Hash)
			}
		case RunPolicyFinish:
		}
	}
}

// migrateRun moves a run to the step with the same id in the ruleset in force. A wait that is under way keeps its end.
func (s *stepper) migrateRun(run *Run, old, next *Rule, at time.Time, publication string) {
	to := -1
	if old != nil && next != nil {
		if run.PC >= len(old.Program) {
			to = len(next.Program)
		} else if id := old.Program[run.PC].ID; id != "" {
			to = slices.IndexFunc(next.Program, func(in Instr) bool { return in.ID == id })
		}
	}
	if to < 0 || run.Waiting && !next.Program[to].waits() {
		s.exitRun(run, at, ReasonMigratedAway, "its step is gone", publication)
		return
	}
	if i := s.pendingOfRun(run.ID); i >= 0 { // should the message come back, it comes back to its own step
		back := -1
		if pc := s.st.PendingDeliveries[i].PC; pc < len(old.Program) {
			back = slices.IndexFunc(next.Program, func(in Instr) bool { return in.ID == old.Program[pc].ID })
		}
		if back < 0 {
			s.exitRun(run, at, ReasonMigratedAway, "its step is gone", publication)
			return
		}
		s.st.PendingDeliveries[i].PC = back
	}
	if run.Waiting && !old.Program[run.PC].sameWait(&next.Program[to]) {
		run.KeepsEnd = true
		run.WaitSince = time.Time{}
	}
	run.PC = to
	run.Revision = s.env.Current.Hash
}

// waits reports whether a run can sleep at this instruction.
func (in *Instr) waits() bool {
	return in.Op == OpWait || in.Op == OpWaitClock || in.Op == OpWaitTime || in.Op == OpWaitFor
}

// sameWait reports whether two waits end at the same instant.
func (in *Instr) sameWait(other *Instr) bool {
	switch {
	case in.Op != other.Op || in.Dur != other.Dur || in.Clock != other.Clock || !slices.Equal(in.Days, other.Days):
		return false
	case in.Expr == nil || other.Expr == nil:
		return in.Expr == nil && other.Expr == nil
	}
	return in.Expr.Source() == other.Expr.Source()
}

// FirstSilence is the first instant at or after `after` at which an inactivity rule would fall due for a learner of whom
// nothing but the standing is known. A publisher wakes those learners: never too few.
func FirstSilence(rs *Ruleset, st *Standing, after time.Time) (time.Time, bool) {
	s := newStepper(Env{Current: rs, Standing: st}, State{Clock: after.Add(-1)}, after)
	if si := s.nextSilence(); si != nil {
		return si.due, true
	}
	return time.Time{}, false
}
