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
	items    []*item
	events   []*decodedItem // the first of items, as read; the others are to be read yet
	profiled int            // the first of events whose traits and feedback are in the learner's profile
}

// maxTurn bounds how many messages of a learner are worked on together.
const maxTurn = 500

// errStopping says that a try was given up because of the shutdown.
var errStopping = errors.New("shutting down")

// serveLane works on the lane's first turn, then on what has queued up until there is nothing left.
func (p *partition) serveLane(l *lane) {
	for more := true; more; more = p.nextTurn(l) {
		if err := p.processTurn(l); err != nil {
			p.giveUpLane(l)
			return
		}
	}
}

// nextTurn begins the lane's next turn. false: there was nothing to do, and the lane is gone.
func (p *partition) nextTurn(l *lane) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.turn = turn{}
	if len(l.queue) == 0 {
		delete(p.lanes, l.learner)
		return false
	}
	l.moveToTurn()
	return true
}

// extendTurn adds to the lane's turn what has queued up since it began.
func (p *partition) extendTurn(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.moveToTurn()
}

// moveToTurn moves messages from the queue to the turn, as far as there is room.
func (l *lane) moveToTurn() {
	n := min(len(l.queue), max(0, maxTurn-len(l.turn.items)))
	taken := slices.Clone(l.queue[:n])
	l.queue = l.queue[n:]
	slices.SortFunc(taken, compareSequence)
	l.turn.items = append(l.turn.items, taken...)
}

// giveUpLane sends back everything of a learner that is not finished. It happens at shutdown only.
func (p *partition) giveUpLane(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range append(l.turn.items, l.queue...) {
		if p.inFlight[it.seq] == it {
			delete(p.inFlight, it.seq)
			p.nakItem(it)
		}
	}
	l.queue = nil
	delete(p.lanes, l.learner)
}
