package triggers

import (
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/clock"
)

// watermark finds the instant M, in Homeroom's time, such that every event the partition stored up to M has been handed over (or noted as not
// needed, or is a dead letter). Decisions that fall due later than M wait for it. A watermark that is too early delays decisions;
// one that is too late may cause a wrong message. Timestamps are the stream's: given under its lock, in the order of its
// sequences. The watermark is the earliest of what is known:
//
//  1. What has not been received. If no delivery is missing (the buffer is not parked), everything that was not received has a
//     higher sequence than the last message received, so it was stored no earlier: that message's time bounds the
//     watermark. A better bound is known if the consumer's info says that nothing is pending, every unacknowledged
//     delivery is in flight here, and the partition's last stored message has been delivered: then whatever was not
//     received was stored after the server gathered the info, so that time bounds the watermark. It is taken as the
//     earlier of our clock before asking and the server's own in the answer: a skew between the two clocks, or a slow
//     answer, only makes the watermark earlier.
//  2. What was received and is not finished: the oldest stored time among the messages in flight. Messages enter inFlight
//     under the same lock that moves "the last message received", and leave it after the hand-over was accepted, so both
//     are read in one consistent moment, after the info was asked for.
//
// The last stored message is asked for because the server stores first and informs the consumers after, without waiting: on a busy machine the
// consumer may count nothing as pending for a good while. From the earliest of these a margin is taken away all the same, because
// a message also gets its time a moment before it is stored. While parked, a delivery may be missing, so the watermark
// stays where it is. A watermark published before a crash stays true: handing over is not undone. Two replicas may both
// publish; each watermark is true by itself, and the store only moves them forward. While one of them keeps a partition's
// watermark new, the others neither ask nor publish: every process reads every watermark, so that their number would grow with
// the square of the number of replicas.
//
// Its lock is held while no other is taken.
type watermark struct {
	buffer *receiveBuffer
	clock  clock.Clock
	log    *slog.Logger
	every  time.Duration // how often it is published, in real time
	margin time.Duration // how far it stays back, in real time

	mu     sync.Mutex
	asked  time.Time // when the consumer was asked last, in Homeroom's time
	warned time.Time // when it was logged last that the watermark is held back
}

// unknownSequence is the last stored sequence where it could not be found out: the highest there is.
const unknownSequence = math.MaxUint64

// computeWatermark returns the watermark (zero: none) and whether the buffer is parked. before is Homeroom's time before the consumer was asked.
func (w *watermark) computeWatermark(before time.Time, info *jetstream.ConsumerInfo, stored uint64) (at time.Time, parked bool) {
	bound, parked := w.buffer.inspectConsumer(before, info, stored)
	if bound.IsZero() {
		return time.Time{}, parked
	}
	return bound.Add(-w.clock.Scale(w.margin)), false
}

// freshFor is how old, in real time, the last message received may be for the consumer's info to add nothing.
const freshFor = 250 * time.Millisecond

// mustAskConsumer reports whether the consumer has to be asked for more than is known from what was received. Asking a busy consumer is expensive:
// the server answers when the consumer lets it, and holds up other requests meanwhile, reads of standings among them. While messages
// come in, the last one's time is as good, or the stream is so far behind that more is pending for sure. published is the partition's newest watermark, in
// Homeroom's time: while it is new, a replica has just said what the consumer would say.
func (w *watermark) mustAskConsumer(now, published time.Time) bool {
	lastAt, heard, parked := w.buffer.receiveProgress()
	w.mu.Lock()
	defer w.mu.Unlock()
	age := w.clock.Wait(now.Sub(w.clock.At(lastAt)))
	received := heard && (age <= freshFor || age >= w.every)
	// While a clock stands, the time since the consumer was asked does not pass, and what was stored before it stood is still to be handed over.
	known := (received || w.isNew(published, now)) && !parked && !w.clock.IsStanding() && w.clock.Wait(now.Sub(w.asked)) < 10*w.every
	if !known {
		w.asked = now
	}
	return !known
}

// isNew reports whether a watermark was published less than the usual interval ago. One that is ahead of the clock says nothing of the present.
func (w *watermark) isNew(published, now time.Time) bool {
	age := w.clock.Wait(now.Sub(published)) - w.margin
	return age < w.every && !published.After(now)
}

// heldFor is for how long, in real time, a message has been in flight.
func (w *watermark) heldFor(it *item, now time.Time) time.Duration {
	return max(0, w.clock.Wait(now.Sub(it.since)))
}

// warnEvery is after how long, in real time, it is logged that a message holds the watermark back, and how often again.
const warnEvery = time.Minute

// warnHeldBack logs which message holds the watermark back: decisions for all learners of the partition wait for it.
func (w *watermark) warnHeldBack(now time.Time) {
	it := w.buffer.oldestInFlight()
	if it == nil {
		return
	}
	age := w.heldFor(it, now)
	w.mu.Lock()
	recently := !w.warned.IsZero() && w.clock.Wait(now.Sub(w.warned)) < warnEvery
	if age >= warnEvery && !recently {
		w.warned = now
	}
	w.mu.Unlock()
	if age < warnEvery || recently {
		return
	}
	w.log.Warn("an event cannot be handed over, so what falls due for the other learners of this partition waits too",
		"learner", it.learner, "event", it.name, "sequence", it.seq, "age", age.Round(time.Second))
}

func earlierOf(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
