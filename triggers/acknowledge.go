package triggers

import (
	"slices"
)

// acknowledgeItems acknowledges finished messages. If an acknowledgement is lost, the message comes again; after a restart the workflow recognizes it by its
// sequence.
func (b *receiveBuffer) acknowledgeItems(items ...*item) {
	// They leave inFlight before they are acknowledged: in between, the server counts more than we do, which only delays (see
	// holdsAllUnacknowledged).
	known := make([]*item, 0, len(items))
	b.mu.Lock()
	for _, it := range items {
		if b.inFlight[it.seq] == it {
			delete(b.inFlight, it.seq)
			b.finished.add(it)
			known = append(known, it)
		}
	}
	b.mu.Unlock()
	// An item that is not in flight any more is left out: another message may lie under its sequence.
	for _, it := range known {
		b.ack(it)
	}
}

// findUnfinished returns those of the items that are in flight.
func (b *receiveBuffer) findUnfinished(items []*item) []*item {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return b.inFlight[it.seq] != it })
}

// giveBack asks the server to send unfinished messages again, to whoever is there then. It happens at shutdown only.
func (b *receiveBuffer) giveBack(items ...*item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, it := range items {
		if b.inFlight[it.seq] == it {
			delete(b.inFlight, it.seq)
			b.sendNak(it)
		}
	}
}

func (b *receiveBuffer) ack(it *item) {
	if err := it.msg.Ack(); err != nil {
		b.log.Debug("acknowledge", "error", err)
	}
}

func (b *receiveBuffer) sendNak(it *item) {
	if err := it.msg.Nak(); err != nil {
		b.log.Debug("send back", "error", err)
	}
}

// extendAckWait reports to the server that what has been in flight for a while is being worked on. What is held back is left out: if the server counts it
// differently than we do, it must come again.
func (b *receiveBuffer) extendAckWait() {
	b.mu.Lock()
	var old []*item
	for _, it := range b.inFlight {
		if it.aged {
			old = append(old, it)
		}
		it.aged = true
	}
	for _, it := range b.held {
		it.aged = false
	}
	b.mu.Unlock()
	for _, it := range old {
		if err := it.msg.InProgress(); err != nil {
			b.log.Debug("extend", "error", err)
			return
		}
	}
}

// recent remembers the last messages that were finished: their sequences, and when the stream stored them.
type recent struct {
	stored map[uint64]int64 // by sequence, in Unix nanoseconds
	ring   []uint64
	next   int
}

func newRecent(size int) recent {
	return recent{
		stored: make(map[uint64]int64),
		ring:   make([]uint64, size),
	}
}

// hasItem reports whether this very message was finished lately; another one may have been stored under its sequence before.
func (r *recent) hasItem(it *item) bool {
	stored, ok := r.stored[it.seq]
	return ok && stored == it.storedAt.UnixNano()
}

func (r *recent) add(it *item) {
	delete(r.stored, r.ring[r.next])
	r.ring[r.next] = it.seq
	r.stored[it.seq] = it.storedAt.UnixNano()
	r.next = (r.next + 1) % len(r.ring)
}
