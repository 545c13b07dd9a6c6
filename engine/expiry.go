package engine

import "time"

// patienceEnd returns the last instant at which the message of a run's present step may be sent, as far as patience goes: the step's own, or the settings'.
func (s *stepper) patienceEnd(run *Run, send *SendStep) time.Time {
	if send.Patience > 0 {
		return run.FirstDue.Add(send.Patience)
	}
	return run.FirstDue.Add(s.env.Current.Settings.Patience)
}

// expiryOf returns the instant after which a message is not sent; zero: it does not expire.
func (s *stepper) expiryOf(run *Run, in *Instr, at time.Time) (time.Time, error) {
	if in.Send.Expires == nil {
		return time.Time{}, nil
	}
	return evalTime(in.Send.Expires, s.runVars(nil, run, at))
}

// lastInstant returns the last instant to which a message may be put off: the end of its patience, or the instant at which it expires if that is earlier.
func (s *stepper) lastInstant(run *Run, in *Instr, at time.Time) time.Time {
	last := s.patienceEnd(run, in.Send)
	if expires, err := s.expiryOf(run, in, at); err == nil && !expires.IsZero() {
		return earlier(last, expires)
	}
	return last
}

// notAfter returns the instant after which a delivery must not begin; zero: there is none. Only a step with a patience of its own or an expiry has one. It is Grace
// later than the last instant at which the message may be decided, for a decision may be that late and is stamped with its due instant.
func (s *stepper) notAfter(run *Run, in *Instr, at time.Time) time.Time {
	last, _ := s.expiryOf(run, in, at) // askExpiry has reported its error already
	if in.Send.Patience > 0 && !in.Send.Transactional {
		last = s.lastInstant(run, in, at)
	}
	if last.IsZero() {
		return last
	}
	return last.Add(s.env.Grace)
}
