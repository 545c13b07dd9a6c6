package triggers

import (
	"cmp"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/subjects"
)

// The sorter. Most events are of no use to any rule and change nothing that is stored: the learner was active in this step already. Such an event
// costs no request and no goroutine. What arrives is put into the partition's receive buffer, and one goroutine, the sorter, empties its queue: it takes
// everything there is, learner by learner, and finishes what needs nothing but a standing in memory. Every other learner
// gets a lane with a goroutine of its own, which may wait for as long as it takes; while a learner has a lane, whatever
// arrives for them goes there. The sorter itself waits for no store, so that one learner holds nobody else up.

// runSorter empties the receive buffer's queue whenever there is something in it, until filled is closed.
func (p *partition) runSorter() {
	for range p.buffer.filled {
		p.waitForMore()
		for items := p.buffer.takeQueue(); len(items) > 0; items = p.buffer.takeQueue() {
			p.sortItems(items)
		}
	}
}

// waitForMore waits up to Linger so that more messages can join the first one.
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

// sortItems finishes the messages that need nothing but a standing in memory and puts the rest onto lanes.
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
		if p.lanes.appendToLane(learner, group) {
			continue
		}
		events, done := p.passThrough(learner, group)
		if done {
			passed = append(passed, group...)
			continue
		}
		ln := newLane(learner)
		ln.turn.items = slices.Clone(group)
		ln.turn.events = events
		p.lanes.open(ln, p.serveLane)
	}
	p.buffer.acknowledgeItems(passed...)
}

// passThrough reports whether a learner's messages need nothing but to be acknowledged. If they need more, it returns them decoded, or nil if they
// cannot be decoded yet.
func (p *partition) passThrough(learner string, items []*item) (events []*decodedItem, done bool) {
	cat := p.t.o.Catalog()
	rs := p.t.o.Ruleset()
	if cat == nil || rs == nil {
		return nil, false
	}
	events = p.decodeItems(cat, items)
	for _, e := range events {
		if e.dead != nil || !e.statement().IsEmpty() || engine.PreviousOf(&e.event) != "" {
			return events, false
		}
	}
	if learner == subjects.NoLearner {
		if slices.ContainsFunc(events, func(e *decodedItem) bool { return e.many || e.staff }) {
			return events, false
		}
		p.t.count.noLearner.Add(int64(len(items)))
		return events, true
	}
	readable := slices.DeleteFunc(slices.Clone(events), func(e *decodedItem) bool { return e.ignored })
	merged := false
	kept := len(readable) == 0 || p.t.o.Standings.TryUpdate(learner, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		if merged = st.MergedInto != ""; merged {
			return false, owed
		}
		return p.applyEvents(rs, st, owed, readable)
	})
	if !kept || merged || slices.ContainsFunc(events, func(e *decodedItem) bool { return e.wanted || e.dead != nil }) {
		return events, false
	}
	p.t.count.unneeded.Add(int64(len(readable)))
	p.t.count.ignored.Add(int64(len(events) - len(readable)))
	return events, true
}
