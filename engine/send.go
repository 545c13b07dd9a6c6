package engine

import (
	"fmt"
	"slices"
	"time"
)

// sendTime notes that a run stands at a send that is due at `at`, and returns the instant at which it is decided: that
// one, or now if it is late.
func (s *stepper) sendTime(run *Run, at time.Time) time.Time {
	if run.FirstDue.IsZero() {
		run.FirstDue = at
		run.Due = at
	}
	if !s.punctual(run.Due) {
		return s.now
	}
	return at
}

// ask puts the questions of rules.md (Sending) to a send step at the instant `at`, and reports whether the run goes on
// at once.
func (s *stepper) ask(run *Run, rule *Rule, in *Instr, at time.Time) bool {
	if !s.ready(run) {
		return false // late, or the run's last delivery is still out: asked again, in this step or a later one
	}
	if s.horizon.IsZero() {
		s.st.Clock = later(s.st.Clock, at)
	} else { // a late send may be ahead of the stream by as much as Grace; the learner's clock is not
		s.st.Clock = later(s.st.Clock, earlier(at, s.horizon))
	}
	if reason := s.silenceOver(run, at); reason != "" {
		s.exit(run, at, reason, "", in.ID)
		return false
	}
	if s.paused(run.Rule) {
		s.hold(run, in, at)
		return false
	}
	if in.Send.If != nil {
		errs := len(s.decisions)
		if !s.holds(in.Send.If, run, in, at) {
			if len(s.decisions) == errs {
				s.skip(run, in, at, ReasonCondition, in.Send.If.Source())
			}
			return s.pass(run, at)
		}
	}
	if reason := s.unreachable(in.Send); reason != "" {
		s.skip(run, in, at, reason, "")
		return s.pass(run, at)
	}
	if !in.Send.Transactional {
		patience := run.FirstDue.Add(s.env.Current.Settings.Patience)
		if at.After(patience) {
			s.skip(run, in, at, ReasonLate, fmt.Sprintf("due at %s", run.FirstDue.Format(time.RFC3339)))
			return s.pass(run, at)
		}
		if since, ignored := s.ignoring(at); ignored {
			s.skip(run, in, at, ReasonIgnored, fmt.Sprintf("left alone until %s", since.Format(time.RFC3339)))
			return s.pass(run, at)
		}
		if free, reason := s.free(at, patience, in.Send.Topic); reason != "" {
			if free.After(patience) {
				s.skip(run, in, at, reason, fmt.Sprintf("free again at %s, which is past its patience", free.Format(time.RFC3339)))
				return s.pass(run, at)
			}
			run.Due = free
			s.note(s.about(run, in, Decision{At: at, Kind: KindDeferred, Reason: reason, Until: free}), at.Format(time.RFC3339Nano))
			return false
		}
	}
	if s.withhold(run, rule, in, at) {
		return s.pass(run, at)
	}
	if !s.deliver(run, in, at) {
		return false
	}
	return s.pass(run, at)
}

// pass goes to the next step, which counts from `at`.
func (s *stepper) pass(run *Run, at time.Time) bool {
	run.PC = run.PC + 1
	run.Due = at
	run.FirstDue = time.Time{}
	return true
}

func (s *stepper) about(run *Run, in *Instr, d Decision) Decision {
	d.Rule = run.Rule
	d.Scope = run.Scope
	d.Run = run.ID
	d.Rev = run.Revision
	d.Arm = run.Arm
	d.Step = in.ID
	d.Message = in.Send.Message
	return d
}

func (s *stepper) skip(run *Run, in *Instr, at time.Time, reason Reason, detail string) {
	s.note(s.about(run, in, Decision{At: at, Kind: KindSkipped, Reason: reason, Detail: detail}))
}

// unreachable tells why the learner cannot or does not want to be written to; empty: they can and do.
func (s *stepper) unreachable(send *SendStep) Reason {
	return s.env.Profile.Refuses(&Send{Channel: send.Channel, Topic: send.Topic, Transactional: send.Transactional, OptIn: s.optIn(send.Topic)})
}

// optIn tells whether nobody gets the topic who has not chosen it.
func (s *stepper) optIn(topic string) bool {
	byDefault, declared := s.env.Current.Settings.Topics[topic]
	return declared && !byDefault
}

// free returns the first instant from t on that is neither in quiet hours nor over a cap, and what blocks t itself; an
// empty reason: nothing does. It looks no further than patience: then the instant is later than that, and the reason is
// what would have had to be waited for.
func (s *stepper) free(t, patience time.Time, topic string) (time.Time, Reason) {
	var first Reason
	for {
		reason := Reason("")
		next := t
		if end, quiet := s.quietUntil(t); quiet {
			reason = ReasonQuietHours
			next = end
		} else if end, full := s.cappedUntil(t, topic); full {
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
	return q.until(t, s.zone())
}

// cappedUntil tells whether a send at t would be one too many, and when the first full cap frees: a slot is free again
// exactly Per after the send that took it.
func (s *stepper) cappedUntil(t time.Time, topic string) (time.Time, bool) {
	var until time.Time
	for _, limit := range s.env.Current.Settings.Caps {
		if limit.Topic != "" && limit.Topic != topic {
			continue
		}
		var taken []time.Time
		for _, m := range s.st.PastSends {
			if !m.NoSlot && (limit.Topic == "" || m.Topic == limit.Topic) && m.At.After(t.Add(-limit.Per)) {
				taken = append(taken, m.At)
			}
		}
		if len(taken) >= limit.Max {
			if limit.Max <= 0 {
				return t.Add(farAway), true
			}
			slices.SortFunc(taken, time.Time.Compare)
			until = later(until, taken[len(taken)-limit.Max].Add(limit.Per))
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

// deliver asks the host to deliver a send. The run goes on as if it had gone out; should the provider say "later", the
// run comes back to this step (see outcome). A `with:` that cannot be told ends the run: better no message than a wrong one.
func (s *stepper) deliver(run *Run, in *Instr, at time.Time) bool {
	values, err := s.values(run, in, at)
	if err != nil {
		s.exit(run, at, ReasonConditionError, err.Error(), in.ID)
		return false
	}
	send := Send{
		ID:            hashID(s.st.Learner, run.Rule, run.Scope, run.ID, in.ID),
		Learner:       s.st.Learner,
		Rule:          run.Rule,
		Scope:         run.Scope,
		Run:           run.ID,
		Step:          in.ID,
		Revision:      run.Revision,
		Message:       in.Send.Message,
		Channel:       in.Send.Channel,
		Topic:         in.Send.Topic,
		Transactional: in.Send.Transactional,
		OptIn:         s.optIn(in.Send.Topic),
		Course:        run.Course,
		Trigger:       run.Trigger,
		Arm:           run.Arm,
		Vars:          values,
		At:            at,
	}
	if c := s.env.Standing.Courses[run.Course]; c != nil {
		send.CourseTitle = c.Title
	}
	if run.Exposed.IsZero() {
		run.Exposed = at
	}
	s.st.PastSends = append(s.st.PastSends, PastSend{ID: send.ID, Message: send.Message, Topic: send.Topic, At: at, NoSlot: send.Transactional})
	s.st.PendingDeliveries = append(s.st.PendingDeliveries, PendingDelivery{Send: send, PC: run.PC, FirstDue: run.FirstDue})
	s.effects = append(s.effects, Effect{Kind: EffectDeliver, Send: send})
	return true
}

// values evaluates what a step hands to its message.
func (s *stepper) values(run *Run, in *Instr, at time.Time) (Values, error) {
	if len(in.Send.With) == 0 {
		return nil, nil
	}
	values := Values{}
	for _, b := range in.Send.With {
		v, err := b.Expr.Eval(s.vars(nil, &run.Trigger, run.Course, at))
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
