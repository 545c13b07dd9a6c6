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

// maxInbox is how many messages lie in the tray before reading waits for the sorter.
const maxInbox = 1000

// enqueueItem puts a message into the tray. The caller holds the lock.
func (p *partition) enqueueItem(it *item) {
	p.inbox = append(p.inbox, it)
	select {
	case p.filled <- struct{}{}:
	default:
	}
}

// waitForRoom waits until the tray can take more. The caller holds the lock.
func (p *partition) waitForRoom() {
	for len(p.inbox) >= maxInbox && !p.closed {
		p.room.Wait()
	}
}

// runSorter empties the tray whenever there is something in it, until filled is closed.
func (p *partition) runSorter() {
	for range p.filled {
		p.waitForMore()
		for items := p.takeInbox(); len(items) > 0; items = p.takeInbox() {
			p.sortItems(items)
		}
	}
}

// waitForMore gives the first message company.
func (p *partition) waitForMore() {
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

func (p *partition) takeInbox() []*item {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := p.inbox
	p.inbox = nil
	p.room.Broadcast()
	return items
}

// sortItems settles what passes through and puts the rest onto lanes.
func (p *partition) sortItems(items []*item) {
	slices.SortFunc(items, func(a, b *item) int {
		return cmp.Or(cmp.Compare(a.learner, b.learner), cmp.Compare(a.seq, b.seq))
	})
	passed := items[:0]
	for len(items) > 0 {
		learner := items[0].learner
		n := 1
		for n < min(len(items), maxTurn) && items[n].learner == learner {
			n++
		}
		group := items[:n]
		items = items[n:]
		if p.appendToLane(learner, group) {
			continue
		}
		events, through := p.passThrough(learner, group)
		if through {
			passed = append(passed, group...)
			continue
		}
		p.openLane(&lane{learner: learner, turn: turn{items: slices.Clone(group), events: events}})
	}
	p.settleItems(passed...)
}

// appendToLane puts a learner's messages onto the lane they have, and says whether there is one. During a shutdown they are sent
// back: a lane may have just been given up, and nothing may overtake what was on it.
func (p *partition) appendToLane(learner string, items []*item) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stopping:
		for _, it := range items {
			delete(p.inFlight, it.seq)
			p.nakItem(it)
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

// openLane begins to serve a lane.
func (p *partition) openLane(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lanes[l.learner] = l
	p.lanesDone.Go(func() { p.serveLane(l) })
}

// passThrough says whether a learner's messages need nothing but to be acknowledged. If not, it returns them as they were
// read, or nil if they could not be read yet.
func (p *partition) passThrough(learner string, items []*item) (events []*decodedItem, through bool) {
	cat := p.t.o.Catalog()
	rs := p.t.o.Ruleset()
	if cat == nil || rs == nil {
		return nil, false
	}
	events = p.decodeItems(cat, items)
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
		return p.applyEvents(rs, st, owed, events)
	})
	if !kept || slices.ContainsFunc(events, func(e *decodedItem) bool { return e.wanted || e.dead != nil }) {
		return events, false
	}
	p.t.count.unneeded.Add(int64(len(items)))
	return events, true
}
