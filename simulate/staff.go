package simulate

import (
	"time"

	"homeroom/engine"
	"homeroom/profile"
)

// Staff are those who hear of events without a learner, on a virtual clock. They are told of each event by a host of its own, as in production by a workflow of its
// own. It is not safe for concurrent use.
type Staff struct {
	opts  HostOptions
	live  []*Host
	heard map[string]string // the run that sent a message, by send
}

// NewStaff returns staff who have heard nothing yet. Of the options, those that say who the learner is do not count.
func NewStaff(opts HostOptions) *Staff {
	s := &Staff{opts: opts, heard: map[string]string{}}
	s.opts.Learner = engine.NoLearner
	s.opts.Profile = profile.Profile{}
	s.opts.AssumeReachable = false
	s.opts.Assign = engine.AssignNobody
	s.opts.HeardBefore = s.noteSend
	if compose := opts.Compose; compose != nil {
		s.opts.Compose = func(send engine.Send, p engine.Profile) error {
			err := compose(send, p)
			if err != nil { // in production the ledger knows nothing of a message that could not be composed
				delete(s.heard, send.ID)
			}
			return err
		}
	}
	return s
}

// noteSend notes which run sends a message, and reports whether another one has sent it.
func (s *Staff) noteSend(send engine.Send) bool {
	run, sent := s.heard[send.ID]
	if !sent {
		s.heard[send.ID] = send.Run
	}
	return sent && run != send.Run
}

// ApplyEvent tells staff of an event without a learner. It keeps neither the event nor changes it.
func (s *Staff) ApplyEvent(ev *engine.Event, arrival time.Time) error {
	if len(s.opts.Ruleset.StaffRules(ev)) == 0 {
		return nil
	}
	if err := s.wakeUntil(func(w time.Time) bool { return w.Before(arrival) }); err != nil {
		return err
	}
	mine := *ev
	mine.Learner = engine.NoLearner
	mine.StoredAt = arrival
	host := NewHost(s.opts)
	if err := host.stepUntilDelivered([]engine.Input{{Event: &mine}}, arrival); err != nil {
		return err
	}
	if !host.state.IsOver() {
		s.live = append(s.live, host)
	}
	return nil
}

// Finish decides everything that falls due up to the given instant, inclusive.
func (s *Staff) Finish(until time.Time) error {
	return s.wakeUntil(func(w time.Time) bool { return !w.After(until) })
}

func (s *Staff) wakeUntil(due func(time.Time) bool) error {
	var live []*Host
	for _, host := range s.live {
		if err := host.wakeUntil(due); err != nil {
			return err
		}
		if !host.state.IsOver() {
			live = append(live, host)
		}
	}
	s.live = live
	return nil
}
