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
	Ignored    int64 // a source knows the body and does not want it
	NoLearner  int64 // admin events
	Dead       int64 // in the dead-letter stream
	Remarks    int64 // what of events that count cannot be used: refused traits, properties that look misspelt
	Retries    int64 // failed tries that were repeated
	Parkings   int64 // how often new messages had to wait for older ones
	Rewinds    int64 // how often a partition's stream went back in time
	SetAside   int64 // how often a learner was set aside
	// OldestHeld is for how long, in real time, the message that holds a watermark back most has been in flight. Decisions that fall due for the
	// learners of its partition wait as long.
	OldestHeld time.Duration
}

type counters struct {
	setAside                                                                   atomic.Int64
	handedOver, unneeded, ignored, noLearner, dead, retries, parkings, rewinds atomic.Int64
	remarks                                                                    atomic.Int64

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
		Ignored:    t.count.ignored.Load(),
		NoLearner:  t.count.noLearner.Load(),
		Dead:       t.count.dead.Load(),
		Remarks:    t.count.remarks.Load(),
		Retries:    t.count.retries.Load(),
		Parkings:   t.count.parkings.Load(),
		Rewinds:    t.count.rewinds.Load(),
		SetAside:   t.count.setAside.Load(),
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
		if it := p.buffer.oldestInFlight(); it != nil {
			oldest = max(oldest, p.watermark.heldFor(it, now))
		}
	}
	return oldest
}
