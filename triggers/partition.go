package triggers

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// partition serves one partition of the stream.
//
// Order. JetStream delivers a partition's new messages in stream order, but one that was delivered and not acknowledged
// (the process died, a connection broke, another replica had the pin) comes again only after AckWait, behind newer ones.
// Handing a newer event over first would make the workflow take the older one for a repeat and drop it. So:
//
//   - Each delivery has a consumer sequence, one more than the delivery before it. While these follow each other without a
//     gap, everything delivered is in our hands, and lanes get it in stream order.
//   - At the start, if messages are unacknowledged, and at any gap, the partition parks: what arrives is held back.
//     It goes on when the server's count of unacknowledged messages is no more than those in our hands that were delivered
//     before it counted. Then none is still to come that is older, and what was held goes to the lanes sorted by sequence.
//
// This is stricter than waiting for the acknowledgement floor, which would let two old messages overtake each other, and
// kinder: a learner who cannot be handed over does not keep the partition parked.
type partition struct {
	t      *Triggers
	number int
	log    *slog.Logger
	cons   jetstream.Consumer
	stream jetstream.Stream
	made   int64 // when the stream was created, in Unix seconds
	pinned bool
	leave  func() // ends the subscription

	work      context.Context // ends when shutdown's grace is over
	stopping  <-chan struct{} // closed when shutdown begins
	filled    chan struct{}   // has an element when there may be something in the tray
	lanesDone sync.WaitGroup

	mu       sync.Mutex
	closed   bool             // shutdown has begun: nothing new is taken
	inFlight map[uint64]*item // received and not finished, by stream sequence
	inbox    []*item          // those of hand that the sorter is to look at next
	room     sync.Cond        // broadcast when the tray has been emptied
	lanes    map[string]*lane
	parked   bool
	held     []*item
	delivery uint64    // consumer sequence of the last delivery received
	last     uint64    // highest stream sequence received
	lastAt   time.Time // when the stream stored it, for real; zero: none received yet
	floor    uint64    // everything up to this stream sequence is acknowledged
	pin      string    // our pin, if we were ever served as the pinned client
	done     recent    // finished lately: should one come again, only its acknowledgement was late or lost
	created  time.Time // of the consumer; another time means another consumer, whose sequences may begin anew
	warned   time.Time // when somebody was told last that the mark is held back
	heard    bool      // a message was received since mustAsk was asked last
	asked    time.Time // when the consumer was asked last, in Homeroom's time
}

// item is one message in hand.
type item struct {
	msg      jetstream.Msg
	subject  string
	learner  string // of the subject; NoLearner if it cannot be read
	name     string // of the event, as the subject has it
	problem  error  // what is wrong with the subject, if anything
	seq      uint64
	delivery uint64
	storedAt time.Time // by the server's clock, for real
	since    time.Time // when it came into our hands, in Homeroom's time
	aged     bool      // was in hand at the last round of extensions already
}

func newPartition(t *Triggers, number int) *partition {
	p := &partition{
		t:        t,
		number:   number,
		log:      t.o.Log.With("partition", number),
		filled:   make(chan struct{}, 1),
		inFlight: map[uint64]*item{},
		lanes:    map[string]*lane{},
		done:     newRecent(2 * t.o.Unacked),
	}
	p.room.L = &p.mu
	return p
}

// readConsumerState looks where the consumer stands before the first message is asked for.
func (p *partition) readConsumerState(ctx context.Context) error {
	info, err := p.cons.Info(ctx)
	if err != nil {
		return err
	}
	p.freeAbandonedPin(ctx, info)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.created.Equal(info.Created) {
		p.created = info.Created
		p.inFlight = map[uint64]*item{}
		p.held = nil
		p.inbox = nil
		p.done = newRecent(2 * p.t.o.Unacked)
		p.parked = false
	}
	p.delivery = info.Delivered.Consumer
	p.floor = info.AckFloor.Stream
	// A mark may only build on what this subscription received.
	p.last = info.Delivered.Stream
	p.lastAt = time.Time{}
	if info.NumAckPending > 0 {
		p.startParking("unacknowledged at the start", info.NumAckPending)
	}
	return nil
}

// startParking holds back what arrives from now on. The caller holds the lock.
func (p *partition) startParking(why string, unacked int) {
	if p.parked {
		return
	}
	p.parked = true
	p.t.count.parkings.Add(1)
	p.log.Debug("new messages wait for older ones", "why", why, "unacknowledged", unacked)
}

// receiveMessage takes one delivery in. It is called for one after the other, and must be quick: reading stands still
// meanwhile.
func (p *partition) receiveMessage(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		p.log.Error("a message without JetStream metadata was delivered", "error", err)
		return
	}
	it := &item{
		msg:      msg,
		subject:  msg.Subject(),
		seq:      meta.Sequence.Stream,
		delivery: meta.Sequence.Consumer,
		storedAt: meta.Timestamp,
		since:    p.t.o.Clock.Now(),
	}
	_, it.learner, it.name, it.problem = subjects.ParseStored(it.subject)
	if it.learner == "" {
		it.learner = subjects.NoLearner
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	if pin := msg.Headers().Get("Nats-Pin-Id"); pin != "" {
		p.pin = pin
	}
	p.heard = true
	gap := it.delivery != p.delivery+1
	p.delivery = it.delivery
	if p.closed {
		p.nakItem(it)
		return
	}
	if gap {
		p.startParking("a delivery is missing", 0)
	}
	if known := p.inFlight[it.seq]; known != nil { // sent again while it is being worked on
		known.delivery = it.delivery
		return
	}
	if p.done.hasSequence(it.seq) {
		p.ackItem(it)
		return
	}
	p.inFlight[it.seq] = it
	if it.seq > p.last || p.lastAt.IsZero() {
		p.last = it.seq
		p.lastAt = it.storedAt
	}
	if p.parked {
		p.held = append(p.held, it)
		return
	}
	p.enqueueItem(it)
	p.waitForRoom()
}

// endParking releases what was held, in stream order. The caller holds the lock.
func (p *partition) endParking() {
	p.parked = false
	held := p.held
	p.held = nil
	slices.SortFunc(held, compareSequence)
	for _, it := range held {
		p.enqueueItem(it)
	}
}

func compareSequence(a, b *item) int {
	switch {
	case a.seq < b.seq:
		return -1
	case a.seq > b.seq:
		return 1
	}
	return 0
}

// settleItems acknowledges finished messages. Should an acknowledgement be lost, the message comes again; after a restart the
// workflow recognizes it by its sequence.
func (p *partition) settleItems(items ...*item) {
	// Out of the hand first: in between, the server counts more than we do, which only delays (see complete).
	p.mu.Lock()
	for _, it := range items {
		if p.inFlight[it.seq] == it {
			delete(p.inFlight, it.seq)
			p.done.addSequence(it.seq)
		}
	}
	p.mu.Unlock()
	for _, it := range items {
		p.ackItem(it)
	}
}

func (p *partition) ackItem(it *item) {
	if err := it.msg.Ack(); err != nil {
		p.log.Debug("acknowledge", "error", err)
	}
}

// nakItem asks the server to send a message again soon, to whoever is there then.
func (p *partition) nakItem(it *item) {
	if err := it.msg.Nak(); err != nil {
		p.log.Debug("send back", "error", err)
	}
}

// refuseNew begins the shutdown: what nobody works on yet or arrives from now on goes back.
func (p *partition) refuseNew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	waiting := append(p.held, p.inbox...)
	slices.SortFunc(waiting, compareSequence)
	for _, it := range waiting {
		delete(p.inFlight, it.seq)
		p.nakItem(it)
	}
	p.held = nil
	p.inbox = nil
	p.room.Broadcast()
}

// recent remembers the last sequences that were finished.
type recent struct {
	set  map[uint64]struct{}
	ring []uint64
	next int
}

func newRecent(size int) recent {
	return recent{set: make(map[uint64]struct{}), ring: make([]uint64, size)}
}

func (r *recent) hasSequence(seq uint64) bool { _, ok := r.set[seq]; return ok }

func (r *recent) addSequence(seq uint64) {
	delete(r.set, r.ring[r.next])
	r.ring[r.next] = seq
	r.set[seq] = struct{}{}
	r.next = (r.next + 1) % len(r.ring)
}
