package triggers

import (
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// startAt takes over how far the consumer is before the first message of a subscription is asked for. anew says that it is another consumer, whose
// sequences may begin anew, so that nothing known so far holds.
func (b *receiveBuffer) startAt(info *jetstream.ConsumerInfo, anew bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if anew {
		b.inFlight = map[uint64]*item{}
		b.held = nil
		b.queue = nil
		b.finished = newRecent(b.memory)
		b.parked = false
	}
	b.delivery = info.Delivered.Consumer
	b.acked.Store(info.AckFloor.Stream)
	// A watermark may build only on what this subscription received.
	b.last = info.Delivered.Stream
	b.lastAt = time.Time{}
	if info.NumAckPending > 0 {
		b.startParking("unacknowledged at the start", info.NumAckPending)
	}
}

// startParking holds back what arrives from now on, and has the consumer asked at once whether that may end. The caller holds the lock.
func (b *receiveBuffer) startParking(why string, unacked int) {
	if b.parked {
		return
	}
	b.parked = true
	notifyOnce(b.parkingBegan)
	b.onParked()
	b.log.Debug("new messages wait for older ones", "why", why, "unacknowledged", unacked)
}

// endParking puts what was held back into the queue, in stream order. The caller holds the lock.
func (b *receiveBuffer) endParking() {
	b.parked = false
	held := b.held
	b.held = nil
	slices.SortFunc(held, compareSequence)
	for _, it := range held {
		b.enqueue(it)
	}
}

// isParked reports whether new messages wait for older ones.
func (b *receiveBuffer) isParked() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.parked
}

// inspectConsumer takes over what the consumer's info says (nil: there was no answer), ends parking if it may end, and returns how far everything is handed
// over (zero: not known) and whether the buffer is parked. stored is the sequence of the partition's last stored message; see watermark.go.
func (b *receiveBuffer) inspectConsumer(before time.Time, info *jetstream.ConsumerInfo, stored uint64) (bound time.Time, parked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if info != nil {
		b.acked.Store(max(b.acked.Load(), info.AckFloor.Stream))
		if b.parked && b.holdsAllUnacknowledged(info) {
			b.endParking()
		}
	}
	if b.parked {
		return time.Time{}, true
	}
	if b.isStopping() { // what is given back leaves inFlight without having been handed over
		return time.Time{}, false
	}
	return b.handedOverUpTo(before, info, stored), false
}

// handedOverUpTo is the instant up to which everything stored has been handed over; see watermark.go. The caller holds the lock.
func (b *receiveBuffer) handedOverUpTo(before time.Time, info *jetstream.ConsumerInfo, stored uint64) time.Time {
	var bound time.Time
	switch {
	case info != nil && info.NumPending == 0 && stored <= max(b.last, info.Delivered.Stream) && b.holdsAllUnacknowledged(info):
		bound = earlierOf(before, b.clock.At(info.TimeStamp))
	case !b.lastAt.IsZero():
		bound = b.clock.At(b.lastAt)
	default:
		return time.Time{}
	}
	for _, it := range b.inFlight {
		bound = earlierOf(bound, b.clock.At(it.storedAt))
	}
	return bound
}

// holdsAllUnacknowledged reports whether every unacknowledged message that the info counts is in flight here. An acknowledgement that is still on its
// way makes it false for a moment. It is never true by mistake: what is in flight is unacknowledged (see acknowledgeItems), and what was
// delivered after the info was gathered is not counted. The caller holds the lock.
func (b *receiveBuffer) holdsAllUnacknowledged(info *jetstream.ConsumerInfo) bool {
	if info.NumAckPending == 0 {
		// Whoever was served, this replica or another, has finished everything.
		b.delivery = max(b.delivery, info.Delivered.Consumer)
		return true
	}
	counted := 0
	for _, it := range b.inFlight {
		if it.delivery <= info.Delivered.Consumer && it.seq > info.AckFloor.Stream {
			counted++
		}
	}
	return counted >= info.NumAckPending
}
