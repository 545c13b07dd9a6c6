package api

import (
	"sync"
	"time"
)

// limits holds each key to its events a second. A batch is taken as a whole while the key has anything left, and paid for
// afterwards: a batch that is larger than a second's worth is not refused for ever.
type limits struct {
	mu   sync.Mutex
	paid map[string]time.Time // by key: up to when its events are paid for
}

func newLimits() *limits { return &limits{paid: map[string]time.Time{}} }

// limitBurst is how far in the future the time may lie up to which a key's events are paid for while more are taken.
const limitBurst = time.Second

// allowEvents counts events of a key. If they are too many, wait is how long until the next are taken, and nothing is counted.
func (l *limits) allowEvents(key Key, events int, now time.Time) (wait time.Duration, ok bool) {
	if key.PerSecond <= 0 {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	paid := l.paid[key.ID]
	if ahead := paid.Sub(now); ahead >= limitBurst {
		return ahead - limitBurst + time.Millisecond, false
	}
	if paid.Before(now) {
		paid = now
	}
	l.paid[key.ID] = paid.Add(time.Duration(float64(events) / float64(key.PerSecond) * float64(time.Second)))
	return 0, true
}
