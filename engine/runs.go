package engine

import (
	"fmt"
	"slices"
	"time"
)

// offerEvent shows an event to every run, oldest first: the goal, then a collect step, then until; and if the run has not ended, whether the silence
// that began it is over, a waiting wait_for, and the wait_for steps ahead. Of a run that has ended the goal is still watched for, and until gives up a
// delivery that is out.
func (s *stepper) offerEvent(ev *Event, course string, at time.Time) {
	s.collectedBy = s.collectedBy[:0]
	s.eachRun(func(run *Run) { s.offerToRun(run, ev, course, at) })
}

func (s *stepper) offerToRun(run *Run, ev *Event, course string, at time.Time) {
	rule := s.ruleOf(run)
	if rule == nil {
		s.exitRun(run, at, ReasonRevisionLost, "the rules this run started with are gone", ev.ID)
		return
	}
	if s.reachesGoal(run, rule, ev, course, at) {
		return
	}
	s.offerToCollect(run, rule, ev, course, at)
	if s.ownTime(ev).Before(run.beganAt()) {
		return // what happened before the trigger neither ends the run nor answers it
	}
	for i := range rule.Until {
		if s.matchesRun(&rule.Until[i], rule, run, ev, course, at) {
			s.exitRun(run, at, ReasonUntil, ev.Name, ev.ID)
			return
		}
	}
	if run.Ended {
		return
	}
	if reason := s.silenceOver(run, at); reason != "" {
		s.exitRun(run, at, reason, ev.Name, ev.ID)
		return
	}
	if run.Waiting && run.PC < len(rule.Program) {
		if in := &rule.Program[run.PC]; in.Op == OpFallback && s.answersNudge(run, in, ev) {
			run.Waiting = false
			run.KeepsEnd = false
			run.PC = in.Else
			run.Due = at
		} else if in.Op == OpWaitFor && s.matchesRun(in.Match, rule, run, ev, course, at) {
			run.keepAwaited(in, ev)
			run.Waiting = false
			run.KeepsEnd = false
			run.PC++
			run.Due = at
		}
	}
	s.answerAhead(run, rule, ev, course, at)
}

// ownTime is when an event happened, by its publisher's clock, but never later than now.
func (s *stepper) ownTime(ev *Event) time.Time { return earlier(ev.Time, s.now) }

// beganAt is when what started the run happened; an event from before it does not concern the run.
func (r *Run) beganAt() time.Time { return earlier(r.Trigger.Time, r.Started) }

// answerAhead notes an event for the wait_for steps that the run has not reached yet: they count events since the trigger. If a
// condition cannot be evaluated, the event does not answer the step, and no decision says so.
func (s *stepper) answerAhead(run *Run, rule *Rule, ev *Event, course string, at time.Time) {
	for pc := run.PC; pc < len(rule.Program); pc++ {
		in := &rule.Program[pc]
		if in.Op != OpWaitFor || in.Match.Event != ev.Name || in.SinceStep || run.Waiting && pc == run.PC || slices.Contains(run.Answered, in.ID) {
			continue
		}
		if !s.concernsRun(in.Match, rule, run, ev, course) {
			continue
		}
		if in.Match.If != nil {
			if yes, err := evalBool(in.Match.If, s.runVars(ev, run, at)); err != nil || !yes {
				continue
			}
		}
		run.Answered = append(run.Answered, in.ID)
		run.keepAhead(in, ev)
	}
}

// offerRemembered offers a run that starts now the remembered events that came before its trigger although they happened after it: two services publish
// out of order. An until among them ends the run at once. See rememberHeard.
func (s *stepper) offerRemembered(id string, rule *Rule, at time.Time) {
	for i := range s.st.Heard {
		ev := &s.st.Heard[i]
		run := s.runByID(id)
		if run == nil || run.Ended {
			return
		}
		if !s.ownTime(ev).After(run.beganAt()) {
			continue
		}
		course := s.env.Standing.CourseOf(ev, s.env.Current.Keys)
		for j := range rule.Until {
			if s.matchesRun(&rule.Until[j], rule, run, ev, course, at) {
				s.exitRun(run, at, ReasonUntil, ev.Name, ev.ID)
				return
			}
		}
		s.answerAhead(run, rule, ev, course, at)
	}
}

// rememberHeard keeps an event for runs whose trigger happened before it and arrives after it, if an until or a wait of a rule names such an event. The last
// maxHeard are kept, each for heardFor.
func (s *stepper) rememberHeard(ev *Event) {
	if !s.env.Current.endsOrAnswers(ev.Name) || jsonBytes(ev.Properties) > maxHeardBytes {
		return
	}
	s.st.Heard = append(s.st.Heard, Event{
		ID:         ev.ID,
		Name:       ev.Name,
		Time:       s.ownTime(ev),
		Properties: s.copyProperties(ev.Properties),
	})
	for len(s.st.Heard) > maxHeard {
		s.forgetHeard(0)
	}
}

// forgetHeard drops a remembered event. The map of its properties is the state's own: a Stepper, which builds the new state in the memory of the old, uses
// it again.
func (s *stepper) forgetHeard(i int) {
	if properties := s.st.Heard[i].Properties; s.unseen && properties != nil {
		spare := s.spareMemory()
		spare.properties = append(spare.properties, properties)
	}
	s.st.Heard = slices.Delete(s.st.Heard, i, i+1)
}

// endsOrAnswers reports whether an event of this name can end a run of a rule (until), or is one that a step waits for.
func (r *Ruleset) endsOrAnswers(event string) bool {
	for _, rule := range r.Rules {
		for i := range rule.Until {
			if rule.Until[i].Event == event {
				return true
			}
		}
		for i := range rule.Program {
			if m := rule.Program[i].Match; m != nil && m.Event == event {
				return true
			}
		}
	}
	return false
}

// startRuns starts the runs that an event starts, in order of rule name.
func (s *stepper) startRuns(ev *Event, course string, at time.Time) {
	for _, rule := range s.env.Current.Rules {
		if rule.When.IsState() || rule.When.Match.Event != ev.Name || !s.fitsAudience(rule, ev, course, at) {
			continue
		}
		if rule.When.Match.Counts != nil && s.env.Standing.isTurnedDown(ev) { // another rule wants the repeat
			continue
		}
		fits, err := s.fitsTrigger(rule, ev, course, at)
		if err != nil {
			s.notStarted(rule, "", ev, at, ReasonConditionError, err.Error())
		}
		if !fits {
			continue
		}
		var room [4]string
		values := room[:0]
		missing := ""
		for _, key := range rule.Per {
			value := keyValue(ev, key, course)
			if value == "" {
				missing = key
			}
			values = append(values, value)
		}
		if missing != "" {
			s.notStarted(rule, "", ev, at, ReasonKeyUnknown, "the event does not tell its "+missing)
			continue
		}
		s.startRun(rule, scopeOf(rule.Per, values), course, ev, at, time.Time{})
	}
}

// fitsTrigger reports whether an event fulfils the condition of a rule's trigger. An error counts as false.
func (s *stepper) fitsTrigger(rule *Rule, ev *Event, course string, at time.Time) (bool, error) {
	cond := rule.When.Match.If
	if cond == nil {
		s.traceTrigger(rule, ev, nil, at, true, nil)
		return true, nil
	}
	vars := s.exprVars(ev, nil, course, at)
	yes, err := evalBool(cond, vars)
	s.traceTrigger(rule, ev, vars, at, yes, err)
	return yes, err
}

func (s *stepper) notStarted(rule *Rule, scope string, ev *Event, at time.Time, reason Reason, detail string) {
	s.traceNotStarted(rule, scope, ev, at, reason, detail)
	s.recordDecision(Decision{
		At:     s.decisionTime(at),
		Rule:   rule.Name,
		Scope:  scope,
		Kind:   KindSkipped,
		Reason: reason,
		Detail: detail,
		Rev:    s.env.Current.Hash,
	}, ev.ID)
}

// startRun begins a run, unless one is live that the trigger does not end, it may not start again yet, its trigger is stale, or there are too many. A
// trigger that cannot begin a run ends none. armed is the activity from which a silence counts, or the instant of a schedule or due date; zero: an event
// starts the run.
func (s *stepper) startRun(rule *Rule, scope, course string, ev *Event, at, armed time.Time) {
	settings := &s.env.Current.Settings
	past := s.pastRun(rule.Name, scope)
	live := s.liveRun(rule.Name, scope)
	fell := ev.Time
	if rule.When.Date != nil {
		fell = at // the event carries the date, also if the run was put off
	}
	switch {
	case live != nil && !rule.Again.Restart && slices.Contains(s.collectedBy, live.ID):
		return // the live run has it
	case live != nil && !rule.Again.Restart:
		s.notStarted(rule, scope, ev, at, ReasonRunning, "")
		return
	case live != nil && s.ownTime(ev).Before(live.beganAt()):
		s.notStarted(rule, scope, ev, at, ReasonRunning, "it happened before what began the run")
		return
	case !rule.Again.allows(past, at):
		s.notStarted(rule, scope, ev, at, ReasonAgain, rule.Again.String())
		return
	case settings.MaxEventAge > 0 && s.now.Sub(fell) > settings.MaxEventAge && (armed.IsZero() || !s.isPunctual(fell)):
		// What falls due by itself is not stale as long as it counts as punctual, however short the age.
		s.notStarted(rule, scope, ev, at, ReasonStale, "")
		return
	case !s.hasRoom(ev, live):
		s.notStarted(rule, scope, ev, at, ReasonTooManyRuns, fmt.Sprintf("at most %d at a time", maxRuns))
		return
	case live != nil:
		s.exitRun(live, at, ReasonRestarted, ev.Name, ev.ID)
	}
	s.changePastRun(rule.Name, scope, func(p PastRun) PastRun {
		p.Started = at.UnixMilli()
		return p
	})
	s.st.Runs = append(s.st.Runs, Run{
		ID:       hashID(s.st.Learner, rule.Name, scope, ev.ID),
		Rule:     rule.Name,
		Revision: s.env.Current.Hash,
		Scope:    scope,
		Course:   course,
		Trigger:  *ev,
		Started:  at,
		Due:      s.beginOfRun(ev, at),
		Armed:    armed,
	})
	run := &s.st.Runs[len(s.st.Runs)-1]
	run.Trigger.Learner = ""
	run.Trigger.Properties = s.copyProperties(ev.Properties) // the event's own are the host's
	s.recordDecision(Decision{
		At:     s.decisionTime(at),
		Rule:   rule.Name,
		Scope:  scope,
		Kind:   KindStarted,
		Run:    run.ID,
		Rev:    run.Revision,
		Detail: ev.Name,
	}, ev.ID)
	s.traceStart(rule, scope, run.ID, ev, at, Answer{})
	s.offerRemembered(run.ID, rule, at)
}

// hasRoom reports whether a run that an event starts finds room among the others. replaced is the run that it ends, or nil.
func (s *stepper) hasRoom(ev *Event, replaced *Run) bool {
	runs := len(s.st.Runs)
	bytes := s.runsBytes() + jsonBytes(ev.Properties)
	if replaced != nil && !s.outlivesEnd(replaced) {
		runs--
		bytes -= jsonBytes(replaced.Trigger.Properties) + awaitedBytes(replaced.Awaited, replaced.AwaitedAhead)
	}
	return runs < maxRuns && bytes <= maxRunsBytes
}

// outlivesEnd reports whether a run is kept when it has ended: its delivery is out or its goal is watched for.
func (s *stepper) outlivesEnd(run *Run) bool {
	return s.pendingOfRun(run.ID) >= 0 || !s.watchedUntil(run).IsZero()
}

// allows reports whether a rule may start at `at` after what is remembered of its last run in the scope.
func (a Again) allows(past PastRun, at time.Time) bool {
	if past.Started == 0 || a.Always || a.Restart {
		return true
	}
	return a.After > 0 && at.UnixMilli() >= past.Started+a.After.Milliseconds()
}

// allowedFrom is when a rule with After may start again after what is remembered of its last run in the scope.
func (a Again) allowedFrom(past PastRun) time.Time {
	return time.UnixMilli(past.Started).UTC().Add(a.After)
}

// String is the option as a rule writes it.
func (a Again) String() string {
	switch {
	case a.Always:
		return "always"
	case a.Restart:
		return "restart"
	case a.After > 0:
		return "after " + FormatDuration(a.After)
	}
	return "never"
}

// exitRun ends a run before its last step. A delivery that is out is not tried again; one that has been out for longer
// than Grace is given up if it has not begun. (A punctual one went before the learner left, in every host alike.) The
// goal goes on being watched for if the learner has been exposed: leaving may be how they reach it.
func (s *stepper) exitRun(run *Run, at time.Time, reason Reason, detail, occasion string) {
	if i := s.pendingOfRun(run.ID); i >= 0 && !s.endsByItself(&s.st.PendingDeliveries[i], at, reason) {
		s.st.PendingDeliveries[i].ExitReason = reason
		if s.st.PendingDeliveries[i].SettleAt.IsZero() && !s.isPunctual(s.st.PendingDeliveries[i].Send.At) {
			s.effects = append(s.effects, Effect{Kind: EffectCancel, Send: s.st.PendingDeliveries[i].Send})
		}
	}
	if !run.Ended {
		s.recordDecision(Decision{
			At:     s.decisionTime(at),
			Rule:   run.Rule,
			Scope:  run.Scope,
			Kind:   KindExited,
			Reason: reason,
			Run:    run.ID,
			Rev:    run.Revision,
			Arm:    run.Arm,
			Detail: detail,
		}, occasion)
	}
	s.endRun(run)
}

// endsByItself reports whether a run ends by its own program at the very instant of its last message: nobody has left, and
// should the provider say "later" the message is tried again.
func (s *stepper) endsByItself(f *PendingDelivery, at time.Time, reason Reason) bool {
	return (reason == ReasonStop || reason == ReasonConditionError) && f.Send.At.Equal(at)
}

// endRun takes a run out of the learner's way. It is kept, over, while its delivery is out or its goal is watched for.
func (s *stepper) endRun(run *Run) {
	run.Ended = true
	run.Due = time.Time{}
	run.FirstDue = time.Time{}
	run.Waiting = false
	run.WaitSince = time.Time{}
	run.KeepsEnd = false
	run.ForNight = false
	run.Paused = false
	if !s.outlivesEnd(run) {
		s.removeRun(run.ID)
	}
}
