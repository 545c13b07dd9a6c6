package engine

import (
	"slices"
	"time"
)

// decideDueBefore decides everything that is due before t.
func (s *stepper) decideDueBefore(t time.Time) { s.decideDue(t.Add(-1)) }

// decideDue decides everything that is due up to a limit, in the order of time.
func (s *stepper) decideDue(limit time.Time) {
	for {
		due, ok := s.nextDue()
		if !ok || due.After(limit) || s.beyondStream(due) {
			return
		}
		at := later(due, s.st.Clock)
		s.st.Clock = at
		for si := s.nextSilence(); si != nil && !si.due.After(due); si = s.nextSilence() {
			s.startSilent(si, at)
		}
		for id := s.nextRun(due); id != ""; id = s.nextRun(due) {
			s.advanceRun(id, at)
		}
	}
}

// nextDue is the earliest instant at which anything can be decided in this phase of the step.
func (s *stepper) nextDue() (due time.Time, ok bool) {
	for i := range s.st.Runs {
		run := &s.st.Runs[i]
		if s.isReady(run) && (!ok || run.Due.Before(due)) {
			due = run.Due
			ok = true
		}
	}
	if si := s.nextSilence(); si != nil && (!ok || si.due.Before(due)) {
		due = si.due
		ok = true
	}
	return due, ok
}

// isReady reports whether a run acts at its due instant: it waits neither for a delivery's outcome nor, being late at a
// send, for the last input of the step.
func (s *stepper) isReady(run *Run) bool {
	if run.Ended || run.Due.IsZero() || run.Paused {
		return false
	}
	if run.FirstDue.IsZero() {
		return true
	}
	if s.pendingOfRun(run.ID) >= 0 || s.spare != nil && slices.Contains(s.spare.withheld, run.ID) {
		return false
	}
	return s.isPunctual(run.Due) || s.late && !s.beyondStream(s.now.Add(-s.env.Grace))
}

// nextRun returns the id of the ready run that goes first among those that are due up to an instant: the higher priority, then the rule's name, then
// the older run. Empty: none is.
func (s *stepper) nextRun(due time.Time) string {
	best := -1
	bestPriority := 0
	for i := range s.st.Runs {
		run := &s.st.Runs[i]
		if !s.isReady(run) || run.Due.After(due) {
			continue
		}
		priority := 0
		if rule := s.ruleOf(run); rule != nil {
			priority = rule.Priority
		}
		if best < 0 || priority > bestPriority || priority == bestPriority && run.Rule < s.st.Runs[best].Rule {
			best = i
			bestPriority = priority
		}
	}
	if best < 0 {
		return ""
	}
	return s.st.Runs[best].ID
}

// beyondStream reports whether what is due then waits for the stream.
func (s *stepper) beyondStream(due time.Time) bool {
	return !s.env.Watermark.IsZero() && due.After(s.env.Watermark)
}

func (s *stepper) isPunctual(due time.Time) bool { return s.now.Sub(due) <= s.env.Grace }

// decisionTime is the time that a decision due at `at` carries.
func (s *stepper) decisionTime(at time.Time) time.Time {
	if s.isPunctual(at) {
		return at
	}
	return s.now
}

// retryBehind is when to look again at what waits for the stream.
func (s *stepper) retryBehind() time.Time { return s.now.Add(max(time.Second, s.env.Grace/30)) }

// wakeAt is when the learner must be looked at next if no event comes; zero: never.
func (s *stepper) wakeAt() time.Time {
	var wake time.Time
	take := func(due time.Time) {
		if !due.After(s.now) {
			due = s.retryBehind() // it waits for the stream
		}
		if wake.IsZero() || due.Before(wake) {
			wake = due
		}
	}
	for i := range s.st.Runs {
		run := &s.st.Runs[i]
		waitsForOutcome := !run.FirstDue.IsZero() && s.pendingOfRun(run.ID) >= 0
		if !run.Ended && !run.Paused && !run.Due.IsZero() && !waitsForOutcome {
			take(run.Due)
		}
	}
	for i := range s.st.PendingDeliveries {
		if due := s.st.PendingDeliveries[i].SettleAt; !due.IsZero() {
			take(due)
		}
	}
	if s.hasSchedules() {
		s.listed = false // the list has one instant of each, which may have passed
	}
	if si := s.nextLook(); si != nil {
		take(si.due)
	}
	return wake
}
