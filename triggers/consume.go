package triggers

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

const (
	// priorityGroup is the pinned consumers' only group.
	priorityGroup = "homeroom"
	// pullExpiry is how long a request for messages stands. Renewing it keeps the pin, so it is well below PinTTL; and
	// the server may pin a request whose client has just gone, so it is short.
	pullExpiry = time.Second
)

func consumerName(p int) string { return "homeroom-triggers-" + strconv.Itoa(p) }

// bindConsumer creates the partition's consumer or finds it. A server older than 2.11 knows no pinned consumers and ignores the
// wish: then the consumer is a plain one, and there must be one replica only.
func (p *partition) bindConsumer(ctx context.Context) error {
	cons, err := p.t.o.JS.CreateOrUpdateConsumer(ctx, subjects.Stream, jetstream.ConsumerConfig{
		Durable:        consumerName(p.number),
		Description:    "Homeroom's triggers, partition " + strconv.Itoa(p.number),
		FilterSubject:  subjects.Partition(p.number),
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        p.t.o.AckWait,
		MaxAckPending:  p.t.o.Unacked,
		MaxDeliver:     -1,
		PriorityPolicy: jetstream.PriorityPolicyPinned,
		PriorityGroups: []string{priorityGroup},
		PinnedTTL:      p.t.o.PinTTL,
	})
	if err != nil {
		return fmt.Errorf("create the consumer %s: %w", consumerName(p.number), err)
	}
	if p.stream, err = p.t.o.JS.Stream(ctx, subjects.Stream); err != nil {
		return fmt.Errorf("find the stream %s: %w", subjects.Stream, err)
	}
	p.made = p.stream.CachedInfo().Created.Unix()
	p.cons = cons
	p.pinned = len(cons.CachedInfo().Config.PriorityGroups) > 0
	if !p.pinned && p.number == p.t.o.Partitions[0] {
		p.log.Warn("this NATS server knows no pinned consumers (it takes 2.11): run one replica of Homeroom only")
	}
	return nil
}

// runPartition serves the partition until ctx ends. If the consumer is lost (deleted, connection closed) it begins anew.
func (p *partition) runPartition(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	p.work = work
	p.setStopping(ctx.Done())
	sorted := make(chan struct{})
	go func() { defer close(sorted); p.runSorter() }()
	for n := 0; ctx.Err() == nil; n++ {
		if n > 0 {
			p.t.waitBeforeRetry(ctx, n)
			if err := p.bindConsumer(ctx); err != nil {
				p.log.Warn("cannot read the stream; trying again", "error", err)
				continue
			}
		}
		if err := p.consumeMessages(ctx); err != nil {
			p.log.Warn("reading the stream failed; beginning anew", "error", err)
		}
	}
	p.buffer.close() // if reading never began
	close(p.buffer.filled)
	<-sorted
	p.finishLanes(cancel)
}

// consumeMessages reads until ctx ends or the subscription breaks.
func (p *partition) consumeMessages(ctx context.Context) error {
	if err := p.readConsumerState(ctx); err != nil {
		return err
	}
	options := []jetstream.PullConsumeOpt{
		jetstream.PullMaxMessages(p.t.o.Fetch), jetstream.PullExpiry(pullExpiry),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			p.log.Debug("reading the stream", "error", err)
		}),
	}
	if p.pinned {
		options = append(options, jetstream.PullPriorityGroup(priorityGroup))
	}
	reading, err := p.cons.Consume(p.buffer.receive, options...)
	if err != nil {
		return err
	}
	closed := reading.Closed()
	p.leave = reading.Stop
	tended := make(chan struct{})
	tending, stop := context.WithCancel(ctx)
	go func() { defer close(tended); p.tendConsumer(tending) }()
	go p.dropForgedPins(tending)
	select {
	case <-ctx.Done():
		p.buffer.close()
		reading.Drain() // what has arrived already is sent back by receive
		select {
		case <-closed:
		case <-time.After(p.t.o.Grace):
		}
	case <-closed:
		err = fmt.Errorf("the subscription ended")
	}
	stop()
	<-tended
	return err
}

// dropForgedPins gives the pin up when an event came with a forged one, until ctx ends. The client library believes what the publisher wrote and asks for more
// under it; the server would answer only when PinTTL is over. Without a pin the next request is answered at once.
func (p *partition) dropForgedPins(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.buffer.forged:
			p.log.Warn("an event came with the header Nats-Pin-Id, which belongs to the server: its publisher should leave it out")
			p.unpinConsumer(ctx)
		}
	}
}

// finishLanes lets lanes end within the grace, sends back what they could not finish, and gives the pin up, so that a
// successor is served at once.
func (p *partition) finishLanes(abandon context.CancelFunc) {
	done := make(chan struct{})
	go func() { p.lanes.done.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(p.t.o.Grace):
		abandon()
		select {
		case <-done:
		case <-time.After(time.Second):
			p.log.Warn("a hand-over does not end; leaving it")
		}
	}
	pin := p.buffer.pinID()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if pin == "" {
		return
	}
	if info, err := p.cons.Info(ctx); err == nil && pinOf(info) == pin {
		p.unpinConsumer(ctx)
	}
}

// freeAbandonedPin takes the pin from a client that is gone: a live one always has a request waiting. If it is alive after all,
// it loses the pin to whoever asks next, which costs a parking and nothing else.
func (p *partition) freeAbandonedPin(ctx context.Context, info *jetstream.ConsumerInfo) {
	if pinOf(info) != "" && info.NumWaiting == 0 {
		p.unpinConsumer(ctx)
	}
}

func pinOf(info *jetstream.ConsumerInfo) string {
	if len(info.PriorityGroups) == 0 {
		return ""
	}
	return info.PriorityGroups[0].PinnedClientID
}

func (p *partition) unpinConsumer(ctx context.Context) {
	stream, err := p.t.o.JS.Stream(ctx, subjects.Stream)
	if err == nil {
		err = stream.UnpinConsumer(ctx, consumerName(p.number), priorityGroup)
	}
	if err != nil {
		p.log.Debug("giving the pin up", "error", err)
	}
}
