package activities

import (
	"hash/fnv"
	"time"
)

const (
	// maxLag is how far, in real time, the watermark may be behind before learners are woken less often.
	maxLag = 5 * time.Second
	// minSpreadSleep is how long, in real time, a sleep must be for its wake-up to be spread. An earlier one may have a person waiting for it.
	minSpreadSleep = time.Minute
	// sharedStep divides the instants that many learners have in common: whole minutes, such as the end of quiet hours. Wake-ups that follow a
	// learner's own event are spread already.
	sharedStep = time.Minute
)

// sleepDuration is how long to sleep, in real time, until the next decision: at least a millisecond if there is a wake-up; 0: until an event. While
// the watermark lags nothing new can be decided, so learners sleep longer, which leaves the machine to the triggers.
func (d *Decide) sleepDuration(learner string, now, wakeAt, handedOver time.Time) time.Duration {
	if wakeAt.IsZero() {
		return 0
	}
	sleep := max(d.o.Clock.Timer(wakeAt.Sub(now)), time.Millisecond)
	if sleep > minSpreadSleep && wakeAt.Equal(wakeAt.Truncate(sharedStep)) {
		sleep += d.spreadWakeUp(learner)
	}
	if lag := d.o.Clock.Wait(now.Sub(handedOver)); lag > maxLag {
		sleep = max(sleep, min(lag/4, time.Minute))
	}
	return sleep
}

// restAfter is Options.RestAfter in real time; 0: never.
func (d *Decide) restAfter() time.Duration {
	if d.o.RestAfter < 0 {
		return 0
	}
	return d.o.Clock.Wait(d.o.RestAfter)
}

// spreadWakeUp is by how much this learner wakes after the due instant; it is always the same for a learner. It is far below Grace, so that the
// decision still counts as punctual and carries the due instant.
func (d *Decide) spreadWakeUp(learner string) time.Duration {
	window := min(d.o.Spread, d.o.Clock.Wait(d.o.Grace)/12)
	if window <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(learner))
	return time.Duration(h.Sum64() % uint64(window)).Truncate(time.Millisecond)
}
