package triggers

import (
	"cmp"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/profile"
	"homeroom/subjects"
)

// The tray. Most events are of no use to any rule and change nothing that is stored: the learner was active in this step
// already. Such an event costs no request and no goroutine. What arrives is put into the partition's tray, and one
// goroutine, the sorter, empties it: it takes everything there is, learner by learner, and settles what passes through by
// the standing in memory. Every other learner gets a lane with a goroutine of its own, which may wait for as long as it
// takes; while a learner has a lane, whatever comes for them goes there. The sorter itself waits for nobody, so that one
// learner holds nobody else up.

// trayMost is how many messages lie in the tray before reading waits for the sorter.
const trayMost = 1000

// enqueue puts a message into the tray. The caller holds the lock.
func (p *partition) enqueue(it *item) {
	p.tray = append(p.tray, it)
	select {
	case p.filled <- struct{}{}:
	default:
	}
}

// waitForRoom waits until the tray can take more. The caller holds the lock.
func (p *partition) waitForRoom() {
	for len(p.tray) >= trayMost && !p.closed {
		p.room.Wait()
	}
}

// sorting empties the tray whenever there is something in it, until filled is closed.
func (p *partition) sorting() {
	for range p.filled {
		p.linger()
		for items := p.emptyTray(); len(items) > 0; items = p.emptyTray() {
			p.sort(items)
		}
	}
}

// linger gives the first message company.
func (p *partition) linger() {
	if p.t.o.Linger <= 0 {
		return
	}
	timer := time.NewTimer(p.t.o.Linger)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.stopping:
	}
}

func (p *partition) emptyTray() []*item {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := p.tray
	p.tray = nil
	p.room.Broadcast()
	return items
}

// sort settles what passes through and puts the rest onto lanes.
func (p *partition) sort(items []*item) {
	slices.SortFunc(items, func(a, b *item) int {
		return cmp.Or(cmp.Compare(a.learner, b.learner), cmp.Compare(a.seq, b.seq))
	})
	passed := items[:0]
	for len(items) > 0 {
		learner := items[0].learner
		n := 1
		for n < min(len(items), takeMost) && items[n].learner == learner {
			n++
		}
		group := items[:n]
		items = items[n:]
		if p.join(learner, group) {
			continue
		}
		events, through := p.passes(learner, group)
		if through {
			passed = append(passed, group...)
			continue
		}
		p.open(&lane{learner: learner, turn: turn{items: slices.Clone(group), events: events}})
	}
	p.settle(passed...)
}

// join puts a learner's messages onto the lane they have, and says whether there is one. During a shutdown they are sent
// back: a lane may have just been given up, and nothing may overtake what was on it.
func (p *partition) join(learner string, items []*item) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stopping:
		for _, it := range items {
			delete(p.hand, it.seq)
			p.sendBack(it)
		}
		return true
	default:
	}
	l := p.lanes[learner]
	if l == nil {
		return false
	}
	l.queue = append(l.queue, items...)
	return true
}

// open begins to serve a lane.
func (p *partition) open(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lanes[l.learner] = l
	p.lanesDone.Go(func() { p.serve(l) })
}

// passes says whether a learner's messages need nothing but to be acknowledged. If not, it returns them as they were
// read, or nil if they could not be read yet.
func (p *partition) passes(learner string, items []*item) (events []*read, through bool) {
	cat := p.t.o.Catalog()
	rs := p.t.o.Ruleset()
	if cat == nil || rs == nil {
		return nil, false
	}
	events = p.decode(cat, items)
	for _, e := range events {
		if e.dead != nil || len(e.traits) > 0 || profile.FeedbackOf(e.event.Name, e.event.Properties) != (profile.Feedback{}) {
			return events, false
		}
	}
	if learner == subjects.NoLearner {
		p.t.count.noLearner.Add(int64(len(items)))
		return events, true
	}
	kept := p.t.o.Standings.TryUpdate(learner, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		return p.apply(rs, st, owed, events)
	})
	if !kept || slices.ContainsFunc(events, func(e *read) bool { return e.wanted || e.dead != nil }) {
		return events, false
	}
	p.t.count.unneeded.Add(int64(len(items)))
	return events, true
}
