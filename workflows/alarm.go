package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// alarm is a timer that is set.
type alarm struct {
	future workflow.Future
	cancel workflow.CancelFunc
	at     time.Time
}

// maxAlarms is how many timers are left set, at most.
const maxAlarms = 4

// arm sees to it that the run is woken in time, with as few timers as possible: each that is started is billed. It is lazy:
// only an instant before all that are set needs a new one, and one that rings too early is followed by the next. The later ones
// stay, so that what a short wait displaces need not be started again.
func (l *learner) arm(ctx workflow.Context) {
	at := l.Wake
	why := l.Next
	sooner := func(end time.Time, then string) {
		if !end.IsZero() && l.idle(ctx) && (at.IsZero() || end.Before(at)) {
			at = end
			why = then
		}
	}
	sooner(l.retireAt(), "retires if nothing happens until then")
	sooner(l.restAt(), "rests if nothing happens until then")
	if at.IsZero() {
		return
	}
	if n := len(l.alarms); n > 0 && !at.Before(l.alarms[n-1].at) {
		return
	}
	if l.Version < versionManyTimers {
		for _, a := range l.alarms {
			a.cancel()
		}
		l.alarms = nil
	} else if len(l.alarms) == maxAlarms {
		l.alarms[0].cancel()
		l.alarms = l.alarms[1:]
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	wait := max(at.Sub(workflow.Now(ctx)), minSleep)
	l.alarms = append(l.alarms, alarm{
		future: workflow.NewTimerWithOptions(timerCtx, wait, workflow.TimerOptions{Summary: summary(why)}),
		cancel: cancel,
		at:     at,
	})
}

// rang notes that the earliest timer has fired; if it was too early, arm sets the next one.
func (l *learner) rang(ctx workflow.Context) {
	l.alarms = l.alarms[:len(l.alarms)-1]
	l.woke = !l.Wake.IsZero() && !workflow.Now(ctx).Before(l.Wake)
}

// restAt is when the run may rest; zero: never, or it does already.
func (l *learner) restAt() time.Time {
	if l.Resting || l.Rest <= 0 {
		return time.Time{}
	}
	return l.since.Add(l.Rest)
}

// retireAt is when the run may end for want of anything to do; zero: never.
func (l *learner) retireAt() time.Time {
	if l.Retire <= 0 || l.held { // held: there are decisions to be told yet, and nobody takes them
		return time.Time{}
	}
	return l.since.Add(l.Retire)
}

// through says whether nothing has woken the learner for so long, and nothing is due, that the run is over.
func (l *learner) through(ctx workflow.Context) bool {
	at := l.retireAt()
	return !at.IsZero() && !workflow.Now(ctx).Before(at)
}

// tired says whether nothing has woken the learner for so long that a compact run is worth its price.
func (l *learner) tired(ctx workflow.Context) bool {
	at := l.restAt()
	return !at.IsZero() && !workflow.Now(ctx).Before(at)
}
