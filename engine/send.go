package engine

import (
	"fmt"
	"time"
)

// sendTime notes that a run stands at a send that is due at `at`, and returns the instant at which it is decided: that
// one, or now if it is late.
func (s *stepper) sendTime(run *Run, at time.Time) time.Time {
	if run.FirstDue.IsZero() {
		run.FirstDue = at
		run.Due = at
	}
	if !s.isPunctual(run.Due) {
		return s.now
	}
	return at
}

// decideSend asks the questions about a send step at the instant `at`, does what their answer says, and reports whether
// the run goes on at once.
func (s *stepper) decideSend(run *Run, rule *Rule, in *Instr, at time.Time) bool {
	if !s.isReady(run) {
		return false // late, or the run's last delivery is pending: decided later, in this step or another
	}
	if s.env.Watermark.IsZero() {
		s.st.Clock = later(s.st.Clock, at)
	} else { // a late send may be ahead of the stream by as much as Grace; the learner's clock is not
		s.st.Clock = later(s.st.Clock, earlier(at, s.env.Watermark))
	}
	if s.hasFallbackOnly(run, rule, in) {
		s.skipToFallback(run, at)
		return true
	}
	answer := s.judgeSend(run, rule, in, at)
	switch answer.Kind {
	case AnswerExit:
		s.exitRun(run, at, answer.Reason, answer.Detail, in.ID)
		return false
	case AnswerDefer:
		s.deferSend(run, in, at, answer)
		return false
	case AnswerSkip:
		s.recordSkip(run, in, at, answer)
	case AnswerWithhold:
		s.withholdSend(run, rule, in, at, answer.Reason)
	case AnswerGoOn:
		if !s.requestDelivery(run, rule, in, at) {
			return false
		}
	}
	s.moveToNextStep(run, at)
	return true
}

// deferSend leaves the run at its send: until answer.Until, or until the rule's pause is lifted.
func (s *stepper) deferSend(run *Run, in *Instr, at time.Time, answer Answer) {
	run.ForNight = answer.Reason == ReasonQuietHours
	if answer.Until.IsZero() {
		run.Paused = true
	} else {
		run.Due = answer.Until
	}
	d := Decision{
		At:     at,
		Kind:   KindDeferred,
		Reason: answer.Reason,
		Until:  answer.Until,
		Detail: answer.Detail,
	}
	s.recordDecision(s.aboutStep(run, in, d), at.Format(time.RFC3339Nano))
}

func (s *stepper) recordSkip(run *Run, in *Instr, at time.Time, answer Answer) {
	if answer.Reason == ReasonConditionError {
		s.recordConditionError(run, in, at, answer.Detail)
		return
	}
	s.recordDecision(s.aboutStep(run, in, Decision{At: at, Kind: KindSkipped, Reason: answer.Reason, Detail: answer.Detail}))
}

// moveToNextStep moves the run to the next step of its program, which counts from `at`.
func (s *stepper) moveToNextStep(run *Run, at time.Time) {
	run.PC++
	run.Due = at
	run.FirstDue = time.Time{}
	run.ForNight = false
}

// aboutStep adds to a decision what it says of the run and of the send step.
func (s *stepper) aboutStep(run *Run, in *Instr, d Decision) Decision {
	d.Rule = run.Rule
	d.Scope = run.Scope
	d.Run = run.ID
	d.Rev = run.Revision
	d.Arm = run.Arm
	d.Step = in.ID
	d.Message = in.Send.Message
	return d
}

// optIn reports whether the topic is off by default.
func (s *stepper) optIn(topic string) bool {
	byDefault, declared := s.env.Current.Settings.Topics[topic]
	return declared && !byDefault
}

// nextFree returns the first instant from t on that is neither in quiet hours nor over a cap, and what blocks t itself; an
// empty reason: nothing does. It looks no further than patience: then the instant is later than that, and the reason is
// what would have had to be waited for.
func (s *stepper) nextFree(t, patience time.Time, send *SendStep) (time.Time, Reason) {
	var first Reason
	for {
		reason := Reason("")
		next := t
		if end, quiet := s.quietUntil(t); quiet {
			reason = ReasonQuietHours
			next = end
		} else if end, full := s.cappedUntil(t, send); full {
			reason = ReasonCap
			next = end
		}
		switch {
		case reason == "":
			return t, first
		case next.After(patience):
			return next, reason
		case first == "":
			first = reason
		}
		t = next
	}
}

func (s *stepper) quietUntil(t time.Time) (time.Time, bool) {
	q := s.env.Current.Settings.Quiet
	if q == nil {
		return t, false
	}
	return q.until(t, s.learnerZone())
}

// cappedUntil reports whether a send at t would be one too many, and when every full cap is free again.
func (s *stepper) cappedUntil(t time.Time, send *SendStep) (time.Time, bool) {
	var until time.Time
	for i := range s.env.Current.Settings.Caps {
		limit := &s.env.Current.Settings.Caps[i]
		if !limit.Covers(send.Topic, send.Channel) {
			continue
		}
		if taken := limit.slotsTaken(&s.st, t); len(taken) >= limit.Max {
			if limit.Max <= 0 {
				return t.Add(farAway), true
			}
			until = later(until, limit.freeAt(taken))
		}
	}
	return until, !until.IsZero()
}

// farAway is past any patience: a cap of none never frees.
const farAway = 100 * 365 * 24 * time.Hour

// memoryOfSends is how far back caps and sent() look at messages.
func (s *stepper) memoryOfSends() time.Duration {
	window := s.env.Current.SentWindow
	for _, limit := range s.env.Current.Settings.Caps {
		window = max(window, limit.Per)
	}
	return window
}

// requestDelivery asks the host to deliver a send. The run goes on as if it had gone out; should the provider say "later", the
// run comes back to this step (see applyOutcome). A `with:` that cannot be evaluated ends the run: better no message than a wrong one.
func (s *stepper) requestDelivery(run *Run, rule *Rule, in *Instr, at time.Time) bool {
	values, err := s.evalWith(run, in, at)
	if err != nil {
		s.exitRun(run, at, ReasonConditionError, err.Error(), in.ID)
		return false
	}
	send := Send{
		ID:            s.sendID(run, in.ID),
		Learner:       s.st.Learner,
		Rule:          run.Rule,
		Scope:         run.Scope,
		Run:           run.ID,
		Step:          in.ID,
		Revision:      run.Revision,
		Message:       in.Send.Message,
		Channel:       in.Send.Channel,
		Staff:         in.Send.Staff,
		Topic:         in.Send.Topic,
		Transactional: in.Send.Transactional,
		OptIn:         s.optIn(in.Send.Topic),
		Course:        run.Course,
		Trigger:       run.Trigger,
		Awaited:       run.Awaited,
		Arm:           run.Arm,
		Exposure:      s.exposureOf(rule, in.Send, GroupTreated),
		Vars:          values,
		At:            at,
		NotAfter:      s.notAfter(run, in, at),
		SetTraits:     s.changedTraits(),
	}
	if c := s.env.Standing.Courses[run.Course]; c != nil {
		send.CourseTitle = c.Title
	}
	s.addNextSteps(&send, run, in, at)
	s.addRiskReason(&send, run, in, at)
	if send.Staff == "" {
		s.rememberSend(run, &send)
	}
	s.st.PendingDeliveries = append(s.st.PendingDeliveries, PendingDelivery{Send: send, PC: run.PC, FirstDue: run.FirstDue})
	s.effects = append(s.effects, Effect{Kind: EffectDeliver, Send: send})
	return true
}

// rememberSend remembers what the learner is sent, for caps, sent() and the goal. What staff get is no message to the learner.
func (s *stepper) rememberSend(run *Run, send *Send) {
	if run.Exposed.IsZero() {
		run.Exposed = send.At
	}
	s.st.PastSends = append(s.st.PastSends, PastSend{
		ID:      send.ID,
		Message: send.Message,
		Topic:   send.Topic,
		Channel: recordedChannel(send.Channel),
		At:      send.At,
		NoSlot:  send.Transactional,
	})
}

// evalWith evaluates what a step hands to its message.
func (s *stepper) evalWith(run *Run, in *Instr, at time.Time) (Values, error) {
	if len(in.Send.With) == 0 {
		return nil, nil
	}
	values := Values{}
	for _, b := range in.Send.With {
		v, err := b.Expr.Eval(s.runVars(nil, run, at))
		if err != nil {
			return nil, fmt.Errorf("with %s: %w", b.Name, err)
		}
		if t, ok := v.(time.Time); ok {
			v = t.UTC().Format(time.RFC3339)
		}
		values[b.Name] = v
	}
	return values, nil
}

// addRiskReason hands a message that reads it what speaks most for the learner's risk in the course.
func (s *stepper) addRiskReason(send *Send, run *Run, in *Instr, at time.Time) {
	if !in.Send.RiskReason || s.env.Current.Settings.Risk == nil || run.Course == "" {
		return
	}
	if score, known := s.env.Current.RiskOf(s.env.Standing, run.Course, at); known {
		send.RiskReason = score.FirstReason()
	}
}

// addNextSteps hands a message that reads them what comes next for the learner.
func (s *stepper) addNextSteps(send *Send, run *Run, in *Instr, at time.Time) {
	if in.Send.Next && run.Course != "" {
		if next, known := s.nextUnit(run.Course, at); known {
			send.Next = &next
		}
	}
	if in.Send.NextCourse {
		if next, known := s.nextCourse(at); known {
			send.NextCourse = &next
		}
	}
}
