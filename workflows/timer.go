package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// timer is one Temporal timer that has been started.
type timer struct {
	future workflow.Future
	cancel workflow.CancelFunc
	at     time.Time
}

// MaxTimers is the most timers that stay set at a time.
const MaxTimers = 4

// setTimer starts a timer for the next instant at which the run must act, unless an earlier one is set. Each started timer is billed, so a timer
// that is later than needed is not replaced: when a timer fires too early, setTimer starts the next one. Later timers stay
// set, because a short wait would otherwise have to start them again.
func (l *learner) setTimer(ctx workflow.Context) {
	at := l.Wake
	why := l.Next
	sooner := func(end time.Time, then string) {
		if !end.IsZero() && l.nothingUnderWay(ctx) && (at.IsZero() || end.Before(at)) {
			at = end
			why = then
		}
	}
	sooner(l.retireAt(), "retires if nothing happens until then")
	sooner(l.publishAt(), "publishes what was decided if nothing happens until then")
	if l.needsRestTimer() {
		sooner(l.restAt(), "rests if nothing happens until then")
	}
	if at.IsZero() {
		return
	}
	if n := len(l.timers); n > 0 && !at.Before(l.timers[n-1].at) {
		return
	}
	if l.Version < versionManyTimers {
		for _, a := range l.timers {
			a.cancel()
		}
		l.timers = nil
	} else if len(l.timers) == MaxTimers {
		l.timers[0].cancel()
		l.timers = l.timers[1:]
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	wait := max(at.Sub(workflow.Now(ctx)), minSleep)
	l.timers = append(l.timers, timer{
		future: workflow.NewTimerWithOptions(timerCtx, wait, workflow.TimerOptions{Summary: shortenSummary(why)}),
		cancel: cancel,
		at:     at,
	})
}

// onTimerFired removes the earliest timer and notes whether WakeAt has come. If the timer was too early, setTimer starts the next one.
func (l *learner) onTimerFired(ctx workflow.Context) {
	l.timers = l.timers[:len(l.timers)-1]
	l.woken = !l.Wake.IsZero() && !workflow.Now(ctx).Before(l.Wake)
}

// restAt is when the run may continue as a compact run; zero: never, or it is one already, or it is woken before that is worth it.
func (l *learner) restAt() time.Time {
	if l.Resting || l.Rest <= 0 || l.Version >= versionRestsLess && l.isWokenSoon() {
		return time.Time{}
	}
	return l.decidedAt.Add(l.Rest)
}

// publishAt is when unpublished decisions are published by an activity of their own, though the run goes on; zero: they are published before that, with the next
// decision or before the run rests.
func (l *learner) publishAt() time.Time {
	if l.Version < versionRestsLess || len(l.Unpublished) == 0 || l.publishFailed || l.Resting || l.Rest <= 0 {
		return time.Time{}
	}
	return l.decidedAt.Add(l.Rest)
}

// shouldPublish reports whether unpublished decisions have waited for long enough.
func (l *learner) shouldPublish(ctx workflow.Context) bool {
	at := l.publishAt()
	return !at.IsZero() && !workflow.Now(ctx).Before(at)
}

// retireAt is when the workflow may end because nothing is due; zero: never.
func (l *learner) retireAt() time.Time {
	if l.Retire <= 0 || l.publishFailed { // unpublished decisions are left, and publishing them failed
		return time.Time{}
	}
	return l.decidedAt.Add(l.Retire)
}

// shouldRetire reports whether the run has decided nothing for Retire and nothing is due.
func (l *learner) shouldRetire(ctx workflow.Context) bool {
	at := l.retireAt()
	return !at.IsZero() && !workflow.Now(ctx).Before(at)
}

// shouldRest reports whether the run has decided nothing for Rest, so that a compact run is worth a continue-as-new.
func (l *learner) shouldRest(ctx workflow.Context) bool {
	if l.Resting || l.Rest <= 0 {
		return false
	}
	at := l.restAt()
	return l.wokenToRest || !at.IsZero() && !workflow.Now(ctx).Before(at)
}

// maxRestsLate says how soon a wake-up makes a timer for resting unnecessary: if the run is woken within maxRestsLate times Rest after its last decision, no such timer
// is set, and the run rests at the wake-up if RestsWhenWoken says so. That time is longer than any silence that the example academy waits for, because a rest takes four
// billed actions.
const maxRestsLate = 4

// restsWhenWoken is how many times Rest must have passed since the decision before for a run to rest when it is woken. Looks for silence come every few days in
// the middle of a course; resting at each of them would cost more than it saves.
const restsWhenWoken = 4

// Before versionRestsLess both were less, and a run also rested when it had something to publish.
const (
	oldMaxRestsLate   = 3
	oldRestsWhenWoken = 2
)

// IsWokenSoon reports whether a run that decided at decidedAt, rests after rest, and is woken at wake (zero: by nothing) need not rest before that. The bench's model of
// Temporal's actions asks here, too.
func IsWokenSoon(wake, decidedAt time.Time, rest time.Duration) bool {
	return isWokenWithin(maxRestsLate*rest, wake, decidedAt)
}

// RestsWhenWoken reports whether a run that nothing but its wake-up made decide, after it was left alone for idle, rests at once; rest is after how long it rests otherwise.
func RestsWhenWoken(idle, rest time.Duration) bool { return idle >= restsWhenWoken*rest }

// isWokenWithin reports whether wake is not zero and not later than so long after the last decision.
func isWokenWithin(late time.Duration, wake, decidedAt time.Time) bool {
	return !wake.IsZero() && !wake.After(decidedAt.Add(late))
}

// isWokenSoon is IsWokenSoon of the run, as its version has it.
func (l *learner) isWokenSoon() bool {
	if l.Version < versionRestsLess {
		return isWokenWithin(oldMaxRestsLate*l.Rest, l.Wake, l.decidedAt)
	}
	return IsWokenSoon(l.Wake, l.decidedAt, l.Rest)
}

// needsRestTimer reports whether the run must be woken to rest: nothing else wakes it soon, or decisions are to be published before that.
func (l *learner) needsRestTimer() bool {
	if l.Version < versionFewerActions {
		return true
	}
	return !l.isWokenSoon() || l.Version < versionRestsLess && len(l.Unpublished) > 0
}

// noteDecided notes that Decide has succeeded, and whether the run may rest now because it was woken and had been left alone for long.
func (l *learner) noteDecided(ctx workflow.Context, inputs []engine.Input) {
	now := workflow.Now(ctx)
	heard := slices.ContainsFunc(inputs, func(in engine.Input) bool { return in.Outcome == nil })
	idle := now.Sub(l.decidedAt)
	long := RestsWhenWoken(idle, l.Rest)
	if l.Version < versionRestsLess {
		long = idle >= oldRestsWhenWoken*l.Rest
	}
	l.wokenToRest = l.Version >= versionFewerActions && l.woken && !heard && l.Rest > 0 && long
	l.decidedAt = now
}
