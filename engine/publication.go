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
	to, obstacle := findStep(run, old, next)
	back := -1
	pending := s.pendingOfRun(run.ID)
	if obstacle == MigrationMoves && pending >= 0 {
		back, obstacle = findPendingStep(s.st.PendingDeliveries[pending].PC, old, next)
	}
	if obstacle != MigrationMoves {
		s.exitRun(run, at, ReasonMigratedAway, "its step is gone", publication)
		return
	}
	if pending >= 0 { // should the message come back, it comes back to its own step
		s.st.PendingDeliveries[pending].PC = back
	}
	if run.Waiting && !old.Program[run.PC].sameWait(&next.Program[to]) {
		run.KeepsEnd = true
		run.WaitSince = time.Time{}
	}
	run.PC = to
	run.Revision = s.env.Current.Hash
}

// MigrationOutcome is what a publication that migrates does to a live run: it moves, or why it ends.
type MigrationOutcome string

const (
	MigrationMoves        MigrationOutcome = "moves"         // to the step with the same id
	MigrationRuleGone     MigrationOutcome = "rule_gone"     // no rule has its name any more
	MigrationStepGone     MigrationOutcome = "step_gone"     // no step has the id of its step
	MigrationNoWait       MigrationOutcome = "no_wait"       // it waits, and the step with the id of its step is no wait
	MigrationRevisionLost MigrationOutcome = "revision_lost" // what it began on cannot be read any more
)

// findStep returns the step of next with the id of the step where the run stands. It returns MigrationMoves, or why there is none to go
// on at.
func findStep(run *Run, old, next *Rule) (int, MigrationOutcome) {
	switch {
	case next == nil:
		return -1, MigrationRuleGone
	case old == nil:
		return -1, MigrationRevisionLost
	case run.PC >= len(old.Program):
		return migrateTo(run, next, len(next.Program))
	}
	id := old.Program[run.PC].ID
	to := -1
	if id != "" {
		to = slices.IndexFunc(next.Program, func(in Instr) bool { return in.ID == id })
	}
	return migrateTo(run, next, to)
}

// migrateTo reports whether the run can go on at a step of next; -1: there is none.
func migrateTo(run *Run, next *Rule, to int) (int, MigrationOutcome) {
	switch {
	case to < 0:
		return -1, MigrationStepGone
	case run.Waiting && (to >= len(next.Program) || !next.Program[to].waits()):
		return -1, MigrationNoWait
	}
	return to, MigrationMoves
}

// findPendingStep returns the step of next with the id of the step whose delivery is out.
func findPendingStep(pc int, old, next *Rule) (int, MigrationOutcome) {
	if pc < len(old.Program) {
		if back := slices.IndexFunc(next.Program, func(in Instr) bool { return in.ID == old.Program[pc].ID }); back >= 0 {
			return back, MigrationMoves
		}
	}
	return -1, MigrationStepGone
}

// Migration is what a publication that migrates would do to one live run.
type Migration struct {
	Rule    string
	Step    string // id of the step where it stands, or whose delivery is out; empty: it is behind the last step, or not known
	Outcome MigrationOutcome
	Now     Op // with MigrationNoWait: what the step with this id is now
}

// PreviewMigration returns what a publication of next that migrates would do to the live runs of a state. Runs that are on next already are
// left out. The function revision returns a ruleset by its hash, or nil if it cannot be read any more.
func PreviewMigration(st *State, next *Ruleset, revision func(hash string) *Ruleset) []Migration {
	var all []Migration
	for i := range st.Runs {
		run := &st.Runs[i]
		if run.Ended || run.Revision == next.Hash {
			continue
		}
		var old *Rule
		if rs := revision(run.Revision); rs != nil {
			old = rs.Rule(run.Rule)
		}
		all = append(all, previewRun(st, run, old, next.Rule(run.Rule)))
	}
	return all
}

func previewRun(st *State, run *Run, old, next *Rule) Migration {
	m := Migration{Rule: run.Rule}
	_, m.Outcome = findStep(run, old, next)
	pc := run.PC
	if m.Outcome == MigrationMoves {
		if i := slices.IndexFunc(st.PendingDeliveries, func(f PendingDelivery) bool { return f.Send.Run == run.ID }); i >= 0 {
			if _, m.Outcome = findPendingStep(st.PendingDeliveries[i].PC, old, next); m.Outcome != MigrationMoves {
				pc = st.PendingDeliveries[i].PC
			}
		}
	}
	if old != nil && pc < len(old.Program) {
		m.Step = old.Program[pc].ID
	}
	if m.Outcome == MigrationNoWait {
		if to := slices.IndexFunc(next.Program, func(in Instr) bool { return in.ID == m.Step }); to >= 0 {
			m.Now = next.Program[to].Op
		}
	}
	return m
}

// waits reports whether a run can sleep at this instruction.
func (in *Instr) waits() bool {
	return in.Op == OpWait || in.Op == OpWaitClock || in.Op == OpWaitTime || in.Op == OpWaitFor || in.Op == OpCollect || in.Op == OpFallback
}

// sameWait reports whether two waits end at the same instant.
func (in *Instr) sameWait(other *Instr) bool {
	switch {
	case in.Op != other.Op || in.Dur != other.Dur || in.Clock != other.Clock || in.Usual != other.Usual || !slices.Equal(in.Days, other.Days):
		return false
	case in.Expr == nil || other.Expr == nil:
		return in.Expr == nil && other.Expr == nil
	}
	return in.Expr.Source() == other.Expr.Source()
}

// FirstSilence is the first instant at or after `after` at which an inactivity rule would fall due for a learner of whom
// nothing but the standing is known. A publisher wakes those learners: never too few.
func FirstSilence(rs *Ruleset, st *Standing, after time.Time) (time.Time, bool) {
	for _, rule := range rs.Rules {
		if rule.When.Date != nil && rule.When.DateReadsProfile() {
			return after, true
		}
	}
	s := newStepper(Env{Current: rs, Standing: st}, State{Clock: after.Add(-1)}, after)
	if si := s.nextSilence(); si != nil {
		return si.due, true
	}
	return time.Time{}, false
}
