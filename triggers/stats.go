package triggers

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Stats count messages by what became of them. A message that the server sent again after its acknowledgement was lost
// counts again.
type Stats struct {
	HandedOver int64 // accepted by the Starter
	Unneeded   int64 // noted in the standing; no rule could use them
	NoLearner  int64 // admin events
	Dead       int64 // in the dead-letter stream
	Retries    int64 // failed tries that were repeated
	Parkings   int64 // how often new messages had to wait for older ones
	// OldestHeld is for how long, for real, the message that holds a mark back most has been in hand. Decisions that fall
	// due for the learners of its partition wait as long.
	OldestHeld time.Duration
}

type counters struct {
	handedOver, unneeded, noLearner, dead, retries, parkings atomic.Int64

	deadMu sync.Mutex
	deadBy map[string]int64
}

// countDead counts a dead letter and its reason. There are as many reasons as codes, a dozen or so.
func (t *Triggers) countDead(code string) {
	t.count.dead.Add(1)
	t.count.deadMu.Lock()
	defer t.count.deadMu.Unlock()
	if t.count.deadBy == nil {
		t.count.deadBy = map[string]int64{}
	}
	t.count.deadBy[code]++
}

// DeadBy counts dead letters by reason: the catalog's codes, and those of this package.
func (t *Triggers) DeadBy() map[string]int64 {
	t.count.deadMu.Lock()
	defer t.count.deadMu.Unlock()
	return maps.Clone(t.count.deadBy)
}

// Stats returns the counts so far.
func (t *Triggers) Stats() Stats {
	return Stats{
		HandedOver: t.count.handedOver.Load(),
		Unneeded:   t.count.unneeded.Load(),
		NoLearner:  t.count.noLearner.Load(),
		Dead:       t.count.dead.Load(),
		Retries:    t.count.retries.Load(),
		Parkings:   t.count.parkings.Load(),
		OldestHeld: t.oldestHeld(t.o.Clock.Now()),
	}
}

func (t *Triggers) setPartitions(parts []*partition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts = parts
}

func (t *Triggers) oldestHeld(now time.Time) (oldest time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.parts {
		p.mu.Lock()
		if it := p.oldestInFlight(); it != nil {
			oldest = max(oldest, p.heldFor(it, now))
		}
		p.mu.Unlock()
	}
	return oldest
}

// oldestInFlight is the message in hand that bounds the mark; nil: none is in hand. The caller holds the lock.
func (p *partition) oldestInFlight() *item {
	var oldest *item
	for _, it := range p.inFlight {
		if oldest == nil || it.seq < oldest.seq {
			oldest = it
		}
	}
	return oldest
}

// heldFor is for how long, for real, a message has been in hand.
func (p *partition) heldFor(it *item, now time.Time) time.Duration {
	return max(0, p.t.o.Clock.Wait(now.Sub(it.since)))
}

// warnEvery is after how long, for real, somebody is told that a message holds the mark back, and how often again.
const warnEvery = time.Minute

// warnHeldBack tells the operator who holds the mark back: decisions for all learners of the partition wait for it. The caller
// holds the lock.
func (p *partition) warnHeldBack(now time.Time) {
	it := p.oldestInFlight()
	if it == nil {
		return
	}
	age := p.heldFor(it, now)
	if age < warnEvery || !p.warned.IsZero() && p.t.o.Clock.Wait(now.Sub(p.warned)) < warnEvery {
		return
	}
	p.warned = now
	p.log.Warn("an event cannot be handed over, so what falls due for the other learners of this partition waits too",
		"learner", it.learner, "event", it.name, "sequence", it.seq, "age", age.Round(time.Second))
}
