package engine

import "time"

// noteBehind leaves one decision about all runs that wait for the stream, as soon as one of them has waited for longer than Grace. A decision for each run,
// and at the first look at an event that comes late, would be most of what a storm of new learners publishes. The time counts from the first step in which
// the run waited: that an event was handed over late is no wait of the run. A run is noted once for each wait.
func (s *stepper) noteBehind() {
	var unnoted []*Run
	overdue := false
	for i := range s.st.Runs {
		run := &s.st.Runs[i]
		switch {
		case !s.waitsForStream(run):
			run.StreamSince = time.Time{}
			continue
		case run.StreamSince.IsZero():
			run.StreamSince = s.now
		}
		if !run.Behind {
			unnoted = append(unnoted, run)
			overdue = overdue || s.now.Sub(run.StreamSince) > s.env.Grace
		}
	}
	if !overdue {
		return
	}
	decisions := make([]Decision, 0, len(unnoted))
	for _, run := range unnoted {
		run.Behind = true
		decisions = append(decisions, s.behindDecision(run))
	}
	s.addDecision(joinRuns(decisions))
}

// waitsForStream reports whether a run is due and can be decided only when more of the stream has been handed over.
func (s *stepper) waitsForStream(run *Run) bool {
	return !run.Ended && !run.Due.IsZero() && !run.Paused && !run.Due.After(s.now) && s.pendingOfRun(run.ID) < 0
}

// behindDecision returns the decision that a run waits for the stream.
func (s *stepper) behindDecision(run *Run) Decision {
	d := Decision{
		At:     s.now,
		Rule:   run.Rule,
		Scope:  run.Scope,
		Kind:   KindDeferred,
		Reason: ReasonBehind,
		Run:    run.ID,
		Rev:    run.Revision,
		Until:  s.retryBehind(),
		Detail: "events of this learner are still on their way",
	}
	if rule := s.ruleOf(run); rule != nil {
		pc := run.PC
		if run.Waiting {
			pc++
		}
		if pc < len(rule.Program) && rule.Program[pc].Send != nil {
			d.Message = rule.Program[pc].Send.Message
			d.Step = rule.Program[pc].ID
		}
	}
	s.identifyDecision(&d, run.Due.Format(time.RFC3339Nano))
	return d
}

// joinRuns makes one decision of several that differ in their runs only. Its id depends on all of them: another attempt at the same step, in which more
// runs wait, makes another decision.
func joinRuns(decisions []Decision) Decision {
	joined := decisions[0]
	if len(decisions) == 1 {
		return joined
	}
	ids := make([]string, 0, len(decisions))
	runs := make([]DecidedRun, 0, len(decisions))
	for i := range decisions {
		d := &decisions[i]
		ids = append(ids, d.ID)
		runs = append(runs, DecidedRun{
			ID:      d.ID,
			Rule:    d.Rule,
			Scope:   d.Scope,
			Message: d.Message,
			Step:    d.Step,
			Run:     d.Run,
			Rev:     d.Rev,
		})
	}
	joined.ID = hashID(ids...)
	joined.Runs = &runs
	return joined
}
