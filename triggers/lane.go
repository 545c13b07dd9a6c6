package triggers

import (
	"errors"
	"slices"
)

// lane is one learner's queue; a goroutine serves it while there is something in it.
type lane struct {
	learner string
	queue   []*item
}

// takeMost bounds how many messages of a learner are worked on together.
const takeMost = 500

// errStopping says that a try was given up because of the shutdown.
var errStopping = errors.New("shutting down")

// serve works on the first messages, then on what is on the lane until it is empty. events are the messages as read; nil:
// not read yet.
func (p *partition) serve(l *lane, items []*item, events []*read) {
	for items != nil {
		if err := p.process(l.learner, items, events); err != nil {
			p.giveUp(l, items)
			return
		}
		items, events = p.take(l), nil
	}
}

// take returns the next messages of the lane in stream order; nil after the last, when the lane is gone.
func (p *partition) take(l *lane) []*item {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(l.queue) == 0 {
		delete(p.lanes, l.learner)
		return nil
	}
	n := min(len(l.queue), takeMost)
	items := slices.Clone(l.queue[:n])
	l.queue = l.queue[n:]
	slices.SortFunc(items, bySeq)
	return items
}

// giveUp sends back everything of a learner that is not finished. It happens at shutdown only.
func (p *partition) giveUp(l *lane, items []*item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range append(items, l.queue...) {
		if p.hand[it.seq] == it {
			delete(p.hand, it.seq)
			p.sendBack(it)
		}
	}
	l.queue = nil
	delete(p.lanes, l.learner)
}
