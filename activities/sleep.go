package activities

import (
	"hash/fnv"
	"time"
)

const (
	// lagging is how far, for real, the stream may be behind before learners are looked at less often.
	lagging = 5 * time.Second
	// soon is how far ahead, for real, a wake-up must be to be spread: what somebody may be waiting for is not.
	soon = time.Minute
	// shared is the instants that many learners may have in common: whole minutes, such as the end of quiet hours and
	// silences, which count in steps. What is due so long after somebody's own event is spread by itself.
	shared = time.Minute
)

// sleep is how long to wait, for real, before looking again: at least a millisecond if there is a wake-up at all.
// While the stream lags nothing new can be decided, so looking every second would only be in the way of catching up.
func (d *Decide) sleep(learner string, now, wakeAt, handedOver time.Time) time.Duration {
	if wakeAt.IsZero() {
		return 0
	}
	sleep := max(d.o.Clock.Wait(wakeAt.Sub(now)), time.Millisecond)
	if sleep > soon && wakeAt.Equal(wakeAt.Truncate(shared)) {
		sleep += d.spread(learner)
	}
	if lag := d.o.Clock.Wait(now.Sub(handedOver)); lag > lagging {
		sleep = max(sleep, min(lag/4, time.Minute))
	}
	return sleep
}

func (d *Decide) rest() time.Duration {
	if d.o.RestAfter < 0 {
		return 0
	}
	return d.o.Clock.Wait(d.o.RestAfter)
}

// spread is how much later than at their instant this learner wakes, always the same. It stays far below Grace, so that what
// is decided then still counts as punctual and carries the instant at which it was due.
func (d *Decide) spread(learner string) time.Duration {
	window := min(d.o.Spread, d.o.Clock.Wait(d.o.Grace)/12)
	if window <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(learner))
	return time.Duration(h.Sum64() % uint64(window)).Truncate(time.Millisecond)
}
