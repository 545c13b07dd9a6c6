package triggers

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// partition serves one partition of the stream. It wires three parts, each with a lock of its own: the [receiveBuffer] takes deliveries in and keeps stream
// order, [lanes] hand events over learner by learner, and the [watermark] says how far everything has been handed over. Locks are
// taken in the order lanes, receive buffer; the watermark holds its own while it takes no other.
type partition struct {
	t      *Triggers
	number int
	log    *slog.Logger

	cons    jetstream.Consumer
	stream  jetstream.Stream
	made    int64     // when the stream was created, in Unix seconds
	created time.Time // of the consumer; another time means another consumer, whose sequences may begin anew
	pinned  bool
	leave   func() // ends the subscription

	work     context.Context // ends when shutdown's grace is over
	stopping <-chan struct{} // closed when shutdown begins

	buffer    *receiveBuffer
	lanes     *lanes
	watermark *watermark
}

func newPartition(t *Triggers, number int) *partition {
	log := t.o.Log.With("partition", number)
	b := newReceiveBuffer(t.o.Clock, log, 2*t.o.Unacked, func() { t.count.parkings.Add(1) }, func(r rewind) { t.noteRewind(number, r) })
	return &partition{
		t:      t,
		number: number,
		log:    log,
		buffer: b,
		lanes:  newLanes(b),
		watermark: &watermark{
			buffer: b,
			clock:  t.o.Clock,
			log:    log,
			every:  t.o.WatermarkEvery,
			margin: t.o.WatermarkMargin,
		},
	}
}

// setStopping gives all parts the channel by which the shutdown begins.
func (p *partition) setStopping(stopping <-chan struct{}) {
	p.stopping = stopping
	p.buffer.stopping = stopping
}

// readConsumerState looks where the consumer stands before the first message is asked for.
func (p *partition) readConsumerState(ctx context.Context) error {
	info, err := p.cons.Info(ctx)
	if err != nil {
		return err
	}
	p.freeAbandonedPin(ctx, info)
	anew := !p.created.Equal(info.Created)
	p.created = info.Created
	p.buffer.startAt(info, anew)
	return p.syncSetAside(ctx)
}

// How often the consumer is asked whether parking may end. It is asked at once when parking begins, and mostly may end it: the first message that a process
// gets in a partition parks it, because another replica may have been served before. After that the wait doubles.
const (
	parkedFirst = 5 * time.Millisecond
	parkedEvery = 100 * time.Millisecond
)

// tendConsumer asks the consumer how it stands, ends parking, publishes the watermark, and keeps what is in flight from being sent again, until ctx
// ends.
func (p *partition) tendConsumer(ctx context.Context) {
	extensions := time.NewTicker(p.t.o.AckWait / 3)
	defer extensions.Stop()
	inspection := time.NewTimer(0)
	defer inspection.Stop()
	var published time.Time
	var floor uint64 // the consumer's first unacknowledged message; see takeDisguised
	wait := parkedFirst
	for {
		select {
		case <-ctx.Done():
			return
		case <-extensions.C:
			p.buffer.extendAckWait()
			floor = p.takeDisguised(ctx, floor)
		case <-p.buffer.parkingBegan:
			wait = parkedFirst
			inspection.Reset(0)
		case <-inspection.C:
			at, parked := p.inspectConsumer(ctx)
			if at.After(published) {
				if err := p.t.o.Watermarks.PublishWatermark(ctx, p.number, at); err == nil {
					published = at
				} else if ctx.Err() == nil {
					p.log.Warn("publish the watermark", "error", err)
				}
			}
			if parked {
				inspection.Reset(min(wait, p.t.o.WatermarkEvery))
				wait = min(2*wait, parkedEvery)
			} else {
				inspection.Reset(p.t.o.WatermarkEvery)
			}
		}
	}
}

// inspectConsumer finds out how the consumer stands and returns the watermark that follows (zero: none), and whether the buffer is parked.
func (p *partition) inspectConsumer(ctx context.Context) (at time.Time, parked bool) {
	before := p.t.o.Clock.Now()
	var info *jetstream.ConsumerInfo
	stored := uint64(unknownSequence)
	if p.watermark.mustAskConsumer(before, p.t.o.Watermarks.Watermark(p.number)) {
		info, stored = p.askConsumer(ctx)
	}
	p.watermark.warnHeldBack(before)
	p.tendSetAside()
	if info != nil && p.buffer.isParked() {
		// Another replica may have set learners aside and acknowledged their events before the consumer was asked.
		if err := p.syncSetAside(ctx); err != nil {
			p.log.Warn("cannot find out who is set aside; trying again", "error", err)
			return time.Time{}, true
		}
	}
	return p.watermark.computeWatermark(before, info, stored)
}

// askConsumer returns the consumer's info, nil if it cannot be had, and the sequence of the last message stored. It ends the subscription of a
// consumer that is gone: when a consumer is deleted the server informs only requests that wait, and between two of them nobody would
// hear of it.
func (p *partition) askConsumer(ctx context.Context) (info *jetstream.ConsumerInfo, stored uint64) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	info, err := p.cons.Info(ctx)
	if p.consumerGone(info, err) {
		p.log.Warn("the consumer was deleted", "made_anew", err == nil)
		p.leave()
		return nil, unknownSequence
	}
	if err != nil {
		return nil, unknownSequence
	}
	if info.NumPending > 0 {
		return info, unknownSequence
	}
	return info, p.lastStoredSequence(ctx)
}

// consumerGone reports whether the consumer that was read from exists no more, by the answer to a question for its info.
func (p *partition) consumerGone(info *jetstream.ConsumerInfo, err error) bool {
	if err != nil {
		return errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound)
	}
	return !info.Created.Equal(p.created)
}

// lastStoredSequence is the sequence of the last message of the partition that the stream holds; unknownSequence if it cannot be found out.
func (p *partition) lastStoredSequence(ctx context.Context) uint64 {
	msg, err := p.stream.GetLastMsgForSubject(ctx, subjects.Partition(p.number))
	switch {
	case err == nil:
		return msg.Sequence
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0
	}
	return unknownSequence
}
