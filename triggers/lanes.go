package triggers

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// lanes are the learners of a partition for whom something is to be done that may take a while. Each has a lane with a goroutine of its own, which
// hands the learner's events over in stream order. While a learner has a lane, everything that arrives for them goes there.
//
// The lock of lanes is taken before that of the buffer, never after it.
type lanes struct {
	buffer *receiveBuffer
	done   sync.WaitGroup // the lanes' goroutines

	mu        sync.Mutex
	byLearner map[string]*lane
}

// lane is one learner's queue; a goroutine serves it while there is something in it.
type lane struct {
	learner string
	queue   []*item
	turn    turn // the goroutine's own

	// The learner is set aside: whatever arrives waits. The goroutine alone writes it, with the lock of lanes.
	aside bool
	wake  chan struct{} // has an element when a lane that is set aside has something to do
	// The goroutine's own: for how long, in real time, the lane has failed, and when it failed last, in Homeroom's time.
	failedFor time.Duration
	failedAt  time.Time
}

// turn is what is worked on together: a learner's messages in stream order.
type turn struct {
	items    []*item
	events   []*decodedItem // the first of items, decoded; the others are to be decoded yet
	profiled int            // how many of events are in the learner's profile already
	// handedOver says that some of the events went to the learner's workflow.
	handedOver bool
	// mergedInto is the id under which the learner goes on, where the events belong; empty: this one.
	mergedInto string
}

// maxTurn bounds how many messages of a learner are worked on together.
const maxTurn = 500

// errStopping says that a try was given up because of the shutdown.
var errStopping = errors.New("shutting down")

func newLane(learner string) *lane {
	return &lane{
		learner: learner,
		wake:    make(chan struct{}, 1),
	}
}

func newLanes(b *receiveBuffer) *lanes {
	return &lanes{
		buffer:    b,
		byLearner: map[string]*lane{},
	}
}

// appendToLane puts a learner's messages onto their lane and reports whether they have one. During a shutdown it gives the messages back: a lane may
// have just been given up, and nothing may overtake what was on it.
func (l *lanes) appendToLane(learner string, items []*item) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buffer.isStopping() {
		l.buffer.giveBack(items...)
		return true
	}
	ln := l.byLearner[learner]
	if ln == nil {
		return false
	}
	ln.queue = append(ln.queue, items...)
	ln.wakeUp()
	return true
}

// open begins to serve a lane.
func (l *lanes) open(ln *lane, serve func(*lane)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byLearner[ln.learner] = ln
	l.done.Go(func() { serve(ln) })
}

// nextTurn begins the lane's next turn. It returns false if there is nothing to do; the lane is gone then.
func (l *lanes) nextTurn(ln *lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln.turn = turn{}
	if len(ln.queue) == 0 {
		delete(l.byLearner, ln.learner)
		return false
	}
	ln.moveToTurn()
	return true
}

// extendTurn adds to the lane's turn what has queued up since it began. The turn of a lane that is set aside is of what waited already, and what queues
// up comes after all of that.
func (l *lanes) extendTurn(ln *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ln.aside {
		ln.moveToTurn()
	}
}

// openSetAside opens a lane for a learner who is set aside, if they have none.
func (l *lanes) openSetAside(learner string, serve func(*lane)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byLearner[learner] != nil || l.buffer.isStopping() {
		return
	}
	ln := newLane(learner)
	ln.aside = true
	l.byLearner[learner] = ln
	l.done.Go(func() { serve(ln) })
}

// beginSetAside puts what is not finished of the lane's turn back into the queue and marks the lane as set aside.
func (l *lanes) beginSetAside(ln *lane) {
	unfinished := l.buffer.findUnfinished(ln.turn.items)
	l.mu.Lock()
	defer l.mu.Unlock()
	ln.queue = append(unfinished, ln.queue...)
	ln.turn = turn{}
	ln.aside = true
}

// endSetAside lets the lane hand over again.
func (l *lanes) endSetAside(ln *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln.aside = false
	ln.failedFor = 0
	ln.turn = turn{}
}

// wakeSetAside wakes the lanes that are set aside and have something in their queues, or are due.
func (l *lanes) wakeSetAside(due func(learner string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for learner, ln := range l.byLearner {
		if ln.aside && (len(ln.queue) > 0 || due(learner)) {
			ln.wakeUp()
		}
	}
}

// wakeUp wakes the lane if it waits; a lane that is not set aside never does.
func (ln *lane) wakeUp() {
	select {
	case ln.wake <- struct{}{}:
	default:
	}
}

// takeQueue empties the lane's queue and returns what was in it, in stream order.
func (l *lanes) takeQueue(ln *lane) []*item {
	l.mu.Lock()
	defer l.mu.Unlock()
	items := slices.Clone(ln.queue)
	ln.queue = nil
	slices.SortFunc(items, compareSequence)
	return items
}

// returnQueue puts back what takeQueue returned.
func (l *lanes) returnQueue(ln *lane, items []*item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln.queue = append(items, ln.queue...)
}

// moveToTurn moves messages from the queue to the turn, as far as there is room.
func (ln *lane) moveToTurn() {
	n := min(len(ln.queue), max(0, maxTurn-len(ln.turn.items)))
	moved := slices.Clone(ln.queue[:n])
	ln.queue = ln.queue[n:]
	slices.SortFunc(moved, compareSequence)
	ln.turn.items = append(ln.turn.items, moved...)
}

// giveUp gives back everything of a learner that is not finished. It happens at shutdown only. The messages go back before the lane does, so that
// nothing of this learner overtakes them.
func (l *lanes) giveUp(ln *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer.giveBack(append(ln.turn.items, ln.queue...)...)
	ln.queue = nil
	delete(l.byLearner, ln.learner)
}
