package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// alarm is the one timer of a run.
type alarm struct {
	future workflow.Future // nil: not set
	cancel workflow.CancelFunc
	at     time.Time
}

// arm sees to it that the run is woken in time. It is lazy: a timer that rings too early costs less than one that is
// moved with every event, so only an earlier instant replaces it.
func (l *learner) arm(ctx workflow.Context) {
	at, why := l.Wake, l.Next
	sooner := func(end time.Time, then string) {
		if !end.IsZero() && l.idle(ctx) && (at.IsZero() || end.Before(at)) {
			at, why = end, then
		}
	}
	sooner(l.retireAt(), "retires if nothing happens until then")
	sooner(l.restAt(), "rests if nothing happens until then")
	if at.IsZero() {
		return
	}
	if l.alarm.future != nil {
		if !at.Before(l.alarm.at) {
			return
		}
		l.alarm.cancel()
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	wait := max(at.Sub(workflow.Now(ctx)), minSleep)
	l.alarm = alarm{
		future: workflow.NewTimerWithOptions(timerCtx, wait, workflow.TimerOptions{Summary: summary(why)}),
		cancel: cancel,
		at:     at,
	}
}

// rang notes that the timer has fired; if it was too early, arm sets the next one.
func (l *learner) rang(ctx workflow.Context) {
	l.alarm = alarm{}
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
