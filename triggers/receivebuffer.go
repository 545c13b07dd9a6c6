package triggers

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/clock"
	"homeroom/subjects"
)

// receiveBuffer holds what a partition has received and not finished, and puts it into stream order.
//
// JetStream delivers a partition's new messages in stream order, but one that was delivered and not acknowledged (the process died, a connection
// broke, another replica had the pin) comes again only after AckWait, behind newer ones. If a newer event were handed over first, the
// workflow would take the older one for a repeat and drop it. So:
//
//   - Each delivery has a consumer sequence, one more than the delivery before it. While these follow each other without a
//     gap, everything delivered is in flight here, and the sorter gets it in stream order.
//   - At the start, if messages are unacknowledged, and at any gap, the buffer parks: what arrives is held back.
//     It goes on when the server's count of unacknowledged messages is no more than those in flight here that were delivered
//     before it counted. Then no older one is still to come, and what was held goes to the sorter, sorted by sequence.
//
// This is stricter than waiting for the acknowledgement floor, which would let two old messages overtake each other. It is also kinder: a learner
// who cannot be handed over does not keep the partition parked.
//
// The lock of a buffer is the innermost of the package: nothing is called with it that takes another.
type receiveBuffer struct {
	clock        clock.Clock
	log          *slog.Logger
	onParked     func()          // counts
	onRewind     func(rewind)    // must not block
	memory       int             // how many finished sequences are remembered
	stopping     <-chan struct{} // closed when shutdown begins
	filled       chan struct{}   // has an element when there may be something in queue
	forged       chan struct{}   // has an element when an event came whose publisher had set the header Nats-Pin-Id
	parkingBegan chan struct{}   // has an element when parking has begun
	acked        atomic.Uint64   // everything up to this stream sequence is acknowledged

	mu       sync.Mutex
	closed   bool             // shutdown has begun: nothing new is taken
	inFlight map[uint64]*item // received and not finished, by stream sequence
	queue    []*item          // those in flight that the sorter looks at next
	room     sync.Cond        // broadcast when the queue has been emptied
	parked   bool
	held     []*item   // those in flight that are held back while parked
	delivery uint64    // consumer sequence of the last delivery received
	last     uint64    // highest stream sequence received
	lastAt   time.Time // when the stream stored it, in real time; zero: none received yet
	pin      string    // the id by which the server names us as the one client that it serves; empty: never yet
	finished recent    // finished lately: if one comes again, only its acknowledgement was late or lost
	back     *rewind   // the last time the stream went back; nil: it never did
	heard    bool      // a message was received since progress was called last
}

// maxQueue is how many messages lie in the queue before reading waits for the sorter.
const maxQueue = 1000

// item is one message in flight.
type item struct {
	msg      jetstream.Msg
	subject  string
	learner  string // of the subject; NoLearner if it cannot be read
	name     string // of the event, as the subject has it
	problem  error  // what is wrong with the subject, if anything
	seq      uint64
	delivery uint64
	storedAt time.Time // by the server's clock, in real time
	since    time.Time // when it was received, in Homeroom's time
	made     int64     // when the stream was made that held it first, in Unix seconds; zero: it comes from the stream that is read
	aged     bool      // was in flight at the last round of extensions already
}

// rewind says that the stream went back in time: it gave a sequence out again.
type rewind struct {
	from   uint64    // the highest sequence received before
	fromAt time.Time // when the message under it was stored, in real time
	to     uint64    // the sequence that was given out again
	at     time.Time // when the message under it was stored, in real time
}

func newReceiveBuffer(c clock.Clock, log *slog.Logger, memory int, onParked func(), onRewind func(rewind)) *receiveBuffer {
	b := &receiveBuffer{
		clock:        c,
		log:          log,
		onParked:     onParked,
		onRewind:     onRewind,
		memory:       memory,
		filled:       make(chan struct{}, 1),
		forged:       make(chan struct{}, 1),
		parkingBegan: make(chan struct{}, 1),
		inFlight:     map[uint64]*item{},
		finished:     newRecent(memory),
	}
	b.room.L = &b.mu
	return b
}

// receive takes one delivery in. It is called for one delivery after the other. Reading stands still meanwhile, so it must be quick; it waits only
// while the queue is full.
func (b *receiveBuffer) receive(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		b.log.Error("a message without JetStream metadata was delivered", "error", err)
		return
	}
	it := &item{
		msg:      msg,
		subject:  msg.Subject(),
		seq:      meta.Sequence.Stream,
		delivery: meta.Sequence.Consumer,
		storedAt: meta.Timestamp,
		since:    b.clock.Now(),
	}
	_, it.learner, it.name, it.problem = subjects.ParseStored(it.subject)
	if it.learner == "" {
		it.learner = subjects.NoLearner
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	pins := msg.Headers()["Nats-Pin-Id"] // the server adds its own to what the publisher wrote
	if len(pins) > 1 {
		notifyOnce(b.forged)
	}
	if n := len(pins); n > 0 && pins[n-1] != b.pin {
		b.pin = pins[n-1]
		b.startParking("another replica may have been served", 0)
	}
	b.heard = true
	gap := it.delivery != b.delivery+1
	b.delivery = it.delivery
	if b.closed {
		b.sendNak(it)
		return
	}
	if gap {
		b.startParking("a delivery is missing", 0)
	}
	b.noticeRewind(it)
	if known := b.inFlight[it.seq]; known != nil && known.storedAt.Equal(it.storedAt) { // sent again while it is being worked on
		known.delivery = it.delivery
		return
	}
	if b.finished.hasItem(it) {
		b.ack(it)
		return
	}
	b.inFlight[it.seq] = it
	if it.seq > b.last || b.lastAt.IsZero() {
		b.last = it.seq
		b.lastAt = it.storedAt
	}
	if b.parked {
		b.held = append(b.held, it)
		return
	}
	b.enqueue(it)
	for len(b.queue) >= maxQueue && !b.closed {
		b.room.Wait()
	}
}

// notifyOnce puts an element into a channel that has room for one, unless it has one already.
func notifyOnce(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// noticeRewind notices that the stream went back: a sequence that was received before, or one below it, comes with a later time than everything before.
// (A redelivery comes with its old time.) What is remembered of higher sequences is forgotten. The caller holds the lock.
func (b *receiveBuffer) noticeRewind(it *item) {
	if it.seq > b.last || b.lastAt.IsZero() || !it.storedAt.After(b.lastAt) {
		return
	}
	b.back = &rewind{
		from:   b.last,
		fromAt: b.lastAt,
		to:     it.seq,
		at:     it.storedAt,
	}
	b.last = it.seq
	b.lastAt = it.storedAt
	b.acked.Store(0) // until the consumer is asked again
	b.log.Error("the stream went back in time: a sequence was given out again. What is stored from now on is applied; what was lost, the platform has to publish again",
		"from_sequence", b.back.from, "to_sequence", b.back.to, "stored_at", it.storedAt)
	b.onRewind(*b.back)
}

// enqueue puts a message into the queue. The caller holds the lock.
func (b *receiveBuffer) enqueue(it *item) {
	b.queue = append(b.queue, it)
	notifyOnce(b.filled)
}

// takeQueue empties the queue.
func (b *receiveBuffer) takeQueue() []*item {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.queue
	b.queue = nil
	b.room.Broadcast()
	return items
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

// close begins the shutdown: what nobody works on yet, and what arrives from now on, goes back to the server.
func (b *receiveBuffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	waiting := append(b.held, b.queue...)
	slices.SortFunc(waiting, compareSequence)
	for _, it := range waiting {
		delete(b.inFlight, it.seq)
		b.sendNak(it)
	}
	b.held = nil
	b.queue = nil
	b.room.Broadcast()
}

// isStopping reports whether shutdown has begun.
func (b *receiveBuffer) isStopping() bool {
	select {
	case <-b.stopping:
		return true
	default:
		return false
	}
}

// receiveProgress is what is known from deliveries alone: when the newest was stored, whether one came in since the last call, and whether the buffer is
// parked.
func (b *receiveBuffer) receiveProgress() (lastAt time.Time, heard, parked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	heard = b.heard
	b.heard = false
	return b.lastAt, heard, b.parked
}

// oldestInFlight is the message in flight that bounds the watermark; nil: none is in flight.
func (b *receiveBuffer) oldestInFlight() *item {
	b.mu.Lock()
	defer b.mu.Unlock()
	var oldest *item
	for _, it := range b.inFlight {
		if oldest == nil || it.seq < oldest.seq {
			oldest = it
		}
	}
	return oldest
}

// pinID is the id under which the server serves this replica; empty: it never did.
func (b *receiveBuffer) pinID() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pin
}
