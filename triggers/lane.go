package triggers

import (
	"errors"
	"slices"
)

// lane is one learner's queue; a goroutine serves it while there is something in it.
type lane struct {
	learner string
	queue   []*item
	turn    turn // the goroutine's own
}

// turn is what is worked on together: a learner's messages in stream order.
type turn struct {
	items  []*item
	events []*read // the first of items, as read; the others are to be read yet
	told   int     // the first of events whose traits and feedback are in the learner's profile
}

// takeMost bounds how many messages of a learner are worked on together.
const takeMost = 500

// errStopping says that a try was given up because of the shutdown.
var errStopping = errors.New("shutting down")

// serve works on the lane's first turn, then on what has queued up until there is nothing left.
func (p *partition) serve(l *lane) {
	for more := true; more; more = p.next(l) {
		if err := p.process(l); err != nil {
			p.giveUp(l)
			return
		}
	}
}

// next begins the lane's next turn. false: there was nothing to do, and the lane is gone.
func (p *partition) next(l *lane) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.turn = turn{}
	if len(l.queue) == 0 {
		delete(p.lanes, l.learner)
		return false
	}
	l.take()
	return true
}

// gather adds to the lane's turn what has queued up since it began.
func (p *partition) gather(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.take()
}

// take moves messages from the queue to the turn, as far as there is room.
func (l *lane) take() {
	n := min(len(l.queue), max(0, takeMost-len(l.turn.items)))
	taken := slices.Clone(l.queue[:n])
	l.queue = l.queue[n:]
	slices.SortFunc(taken, bySeq)
	l.turn.items = append(l.turn.items, taken...)
}

// giveUp sends back everything of a learner that is not finished. It happens at shutdown only.
func (p *partition) giveUp(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range append(l.turn.items, l.queue...) {
		if p.hand[it.seq] == it {
			delete(p.hand, it.seq)
			p.sendBack(it)
		}
	}
	l.queue = nil
	delete(p.lanes, l.learner)
}
