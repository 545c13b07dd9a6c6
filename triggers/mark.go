package triggers

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// The mark of a partition is an instant M, in Homeroom's time, such that every event the partition stored up to M has
// been handed over (or noted as not needed, or is a dead letter). Decisions that fall due later than M wait for it, so
// a mark too late costs a second of delay, and one too early may send something wrong. Timestamps are the stream's: given
// under its lock, in the order of its sequences. The mark is the earliest of what is known:
//
//  1. What has not been received. If no delivery is missing (the partition is not parked), everything that was not
//     received has a higher sequence than the last message received, so it was stored no earlier: that message's time
//     bounds the mark. Better, if the consumer's info says that nothing is pending, every unacknowledged delivery is in
//     our hands, and the partition's last stored message has been delivered: then whatever was not received was stored
//     after the server gathered the info, so that time bounds the mark. It is taken as the earlier of our clock before
//     asking and the server's own in the answer: a skew between the two clocks, or a slow answer, only makes the mark
//     earlier.
//  2. What was received and is not finished: the oldest stored time among the messages in hand. Messages enter the hand
//     under the same lock that moves "the last message received", and leave it after the hand-over was accepted, so both
//     are read in one consistent moment, after the info was asked for.
//
// The last stored message is asked for because the server stores first and tells the consumers after, without waiting:
// on a busy machine the consumer may count nothing as pending for a good while. From the earliest of these a margin is
// taken away all the same, because a message also gets its time a moment before it is stored. While parked, a delivery
// may be missing, so the mark stays where it is. A mark published before a crash stays true: handing over is not undone.
// Two replicas may both publish; each mark is true by itself, and the store only moves them forward.

// parkedEvery is how often the consumer is asked whether parking may end.
const parkedEvery = 100 * time.Millisecond

// tendConsumer asks the consumer how it stands, ends parking, publishes the mark, and keeps what is in hand from being sent
// again, until ctx ends.
func (p *partition) tendConsumer(ctx context.Context) {
	extensions := time.NewTicker(p.t.o.AckWait / 3)
	defer extensions.Stop()
	look := time.NewTimer(0)
	defer look.Stop()
	var published time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-extensions.C:
			p.extendAckWait()
		case <-look.C:
			mark, parked := p.inspectConsumer(ctx)
			if mark.After(published) {
				if err := p.t.o.Watermarks.PublishWatermark(ctx, p.number, mark); err == nil {
					published = mark
				} else if ctx.Err() == nil {
					p.log.Warn("publish the mark", "error", err)
				}
			}
			if parked {
				look.Reset(min(parkedEvery, p.t.o.WatermarkEvery))
			} else {
				look.Reset(p.t.o.WatermarkEvery)
			}
		}
	}
}

// inspectConsumer finds out how the consumer stands and returns the mark that follows (zero: none), and whether the partition is
// parked.
func (p *partition) inspectConsumer(ctx context.Context) (mark time.Time, parked bool) {
	before := p.t.o.Clock.Now()
	var info *jetstream.ConsumerInfo
	stored := uint64(math.MaxUint64)
	if p.mustAskConsumer(before) {
		info, stored = p.askConsumer(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.warnHeldBack(before)
	if info != nil {
		p.floor = max(p.floor, info.AckFloor.Stream)
		if p.parked && p.holdsAllUnacknowledged(info) {
			p.endParking()
		}
	}
	if p.parked {
		return time.Time{}, true
	}
	select {
	case <-p.stopping: // what is given up leaves our hands, and is not handed over
		return time.Time{}, false
	default:
	}
	return p.computeWatermark(before, info, stored), false
}

// freshFor is how old, for real, the last message received may be for the consumer's info to be no news.
const freshFor = 250 * time.Millisecond

// mustAskConsumer says whether the consumer has to be asked for more than is known from what was received. To ask a consumer that
// is busy is dear: the server answers when the consumer lets it, and holds up others' requests meanwhile, reads of
// standings among them. While messages come in, the last one's time is as good, or the stream is so far behind that more
// is pending for sure.
func (p *partition) mustAskConsumer(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.t.o.Clock
	every := p.t.o.WatermarkEvery
	age := c.Wait(now.Sub(c.At(p.lastAt)))
	known := p.heard && !p.parked && (age <= freshFor || age >= every) && c.Wait(now.Sub(p.asked)) < 10*every
	p.heard = false
	if !known {
		p.asked = now
	}
	return !known
}

// askConsumer returns the consumer's info, nil if there is none to be had, and the sequence of the last message stored. It ends the
// subscription of a consumer that is gone: the server tells only requests that wait when it is deleted, and between two of them
// nobody would hear of it.
func (p *partition) askConsumer(ctx context.Context) (info *jetstream.ConsumerInfo, stored uint64) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	info, err := p.cons.Info(ctx)
	if p.consumerGone(info, err) {
		p.log.Warn("the consumer was deleted", "made_anew", err == nil)
		p.leave()
		return nil, math.MaxUint64
	}
	if err != nil {
		return nil, math.MaxUint64
	}
	if info.NumPending > 0 {
		return info, math.MaxUint64
	}
	return info, p.lastStoredSequence(ctx)
}

// consumerGone says whether the consumer that was read from is no more, by the answer to a question for its info.
func (p *partition) consumerGone(info *jetstream.ConsumerInfo, err error) bool {
	if err != nil {
		return errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !info.Created.Equal(p.created)
}

// lastStoredSequence is the sequence of the last message of the partition that the stream holds; the highest there is if that
// cannot be found out.
func (p *partition) lastStoredSequence(ctx context.Context) uint64 {
	msg, err := p.stream.GetLastMsgForSubject(ctx, subjects.Partition(p.number))
	switch {
	case err == nil:
		return msg.Sequence
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0
	}
	return math.MaxUint64
}

// holdsAllUnacknowledged reports whether every unacknowledged message that the info counts is in our hands. An acknowledgement that is
// still on its way makes it false for a moment. It cannot be true wrongly: what is in our hands is unacknowledged (see
// settle), and what was delivered after the info was gathered is not counted. The caller holds the lock.
func (p *partition) holdsAllUnacknowledged(info *jetstream.ConsumerInfo) bool {
	if info.NumAckPending == 0 {
		// Whoever was served, us or another replica, has finished everything.
		p.delivery = max(p.delivery, info.Delivered.Consumer)
		return true
	}
	counted := 0
	for _, it := range p.inFlight {
		if it.delivery <= info.Delivered.Consumer && it.seq > info.AckFloor.Stream {
			counted++
		}
	}
	return counted >= info.NumAckPending
}

// computeWatermark computes the mark; see the top of the file. The caller holds the lock.
func (p *partition) computeWatermark(before time.Time, info *jetstream.ConsumerInfo, stored uint64) time.Time {
	c := p.t.o.Clock
	var bound time.Time
	if info != nil && info.NumPending == 0 && stored <= max(p.last, info.Delivered.Stream) && p.holdsAllUnacknowledged(info) {
		bound = earlierOf(before, c.At(info.TimeStamp))
	} else if !p.lastAt.IsZero() {
		bound = c.At(p.lastAt)
	} else {
		return time.Time{}
	}
	for _, it := range p.inFlight {
		bound = earlierOf(bound, c.At(it.storedAt))
	}
	return bound.Add(-c.Scale(p.t.o.WatermarkMargin))
}

// extendAckWait tells the server that what has been in hand for a while is being worked on. What is held back is left out: if
// the server counts it differently than we do, it must come again.
func (p *partition) extendAckWait() {
	p.mu.Lock()
	var old []*item
	for _, it := range p.inFlight {
		if it.aged {
			old = append(old, it)
		}
		it.aged = true
	}
	for _, it := range p.held {
		it.aged = false
	}
	p.mu.Unlock()
	for _, it := range old {
		if err := it.msg.InProgress(); err != nil {
			p.log.Debug("extend", "error", err)
			return
		}
	}
}

func earlierOf(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
