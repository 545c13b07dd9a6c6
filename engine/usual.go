package engine

import "time"

const (
	halfHour = 30 // minutes
	wholeDay = 24 * 60
	// sessionPause is the longest pause within one session.
	sessionPause = time.Hour
)

// lastSession returns when the learner's last session up to an instant began, as far as it is remembered; zero: no activity is known.
func (s *Standing) lastSession(at time.Time) time.Time {
	var began time.Time
	for i := len(s.Platform) - 1; i >= 0; i-- {
		t := time.UnixMilli(s.Platform[i]).UTC()
		switch {
		case t.After(at):
		case began.IsZero(), began.Sub(t) <= sessionPause:
			began = t
		default:
			return began
		}
	}
	return began
}

// usualMinute returns the minute after midnight, a half hour, at which a learner whose last session began at `session` gets a message: that half hour or, if it is
// quiet then, the last allowed one before the quiet hours. A zero session: the half hour of the settings.
func (s *stepper) usualMinute(session time.Time) int {
	settings := &s.env.Current.Settings
	minute := settings.Usual
	if !session.IsZero() {
		local := session.In(s.learnerZone())
		minute = local.Hour()*60 + local.Minute()
	}
	minute -= minute % halfHour
	if q := settings.Quiet; q != nil {
		return q.lastAllowed(minute)
	}
	return minute
}

// lastAllowed returns a half hour or, if it is quiet, the last one before the quiet hours that is not. If none is, it is the end of the quiet hours.
func (q *QuietHours) lastAllowed(minute int) int {
	if !q.hasMinute(minute) {
		return minute
	}
	before := (q.From - 1 + wholeDay) % wholeDay
	before -= before % halfHour
	if q.hasMinute(before) {
		return q.To
	}
	return before
}

// hasMinute reports whether a minute after midnight is in the quiet hours; if they begin when they end, all of the day is.
func (q *QuietHours) hasMinute(minute int) bool {
	if q.From < q.To {
		return q.From <= minute && minute < q.To
	}
	return minute >= q.From || minute < q.To
}

// clockOf returns the minute after midnight at which a wait of a run for a local time ends. A wait for the usual hour goes by the session before it began, so
// that what the learner does during the wait moves nothing.
func (s *stepper) clockOf(run *Run, in *Instr) int {
	if in.Usual {
		return s.usualMinute(run.UsualOf)
	}
	return in.Clock
}
