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

// inbox holds what a partition has received and not finished, and puts it into stream order.
//
// JetStream delivers a partition's new messages in stream order, but one that was delivered and not acknowledged (the process died, a connection
// broke, another replica had the pin) comes again only after AckWait, behind newer ones. If a newer event were handed over first, the
// workflow would take the older one for a repeat and drop it. So:
//
//   - Each delivery has a consumer sequence, one more than the delivery before it. While these follow each other without a
//     gap, everything delivered is in flight here, and the sorter gets it in stream order.
//   - At the start, if messages are unacknowledged, and at any gap, the inbox parks: what arrives is held back.
//     It goes on when the server's count of unacknowledged messages is no more than those in flight here that were delivered
//     before it counted. Then no older one is still to come, and what was held goes to the sorter, sorted by sequence.
//
// This is stricter than waiting for the acknowledgement floor, which would let two old messages overtake each other. It is also kinder: a learner
// who cannot be handed over does not keep the partition parked.
//
// The lock of an inbox is the innermost of the package: nothing is called with it that takes another.
type inbox struct {
	clock    clock.Clock
	log      *slog.Logger
	onParked func()          // counts
	onRewind func(rewind)    // must not block
	memory   int             // how many finished sequences are remembered
	stopping <-chan struct{} // closed when shutdown begins
	filled   chan struct{}   // has an element when there may be something in queue
	acked    atomic.Uint64   // everything up to this stream sequence is acknowledged

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
	pin      string    // our pin, if we were ever served as the pinned client
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
	from uint64    // the highest sequence received before
	to   uint64    // the sequence that was given out again
	at   time.Time // when the message under it was stored, in real time
}

func newInbox(c clock.Clock, log *slog.Logger, memory int, onParked func(), onRewind func(rewind)) *inbox {
	b := &inbox{
		clock:    c,
		log:      log,
		onParked: onParked,
		onRewind: onRewind,
		memory:   memory,
		filled:   make(chan struct{}, 1),
		inFlight: map[uint64]*item{},
		finished: newRecent(memory),
	}
	b.room.L = &b.mu
	return b
}

// begin takes over where the consumer stands before the first message of a subscription is asked for. anew says that it is another consumer, whose
// sequences may begin anew, so that nothing known so far holds.
func (b *inbox) begin(info *jetstream.ConsumerInfo, anew bool) {
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

// startParking holds back what arrives from now on. The caller holds the lock.
func (b *inbox) startParking(why string, unacked int) {
	if b.parked {
		return
	}
	b.parked = true
	b.onParked()
	b.log.Debug("new messages wait for older ones", "why", why, "unacknowledged", unacked)
}

// receive takes one delivery in. It is called for one delivery after the other. Reading stands still meanwhile, so it must be quick; it waits only
// while the queue is full.
func (b *inbox) receive(msg jetstream.Msg) {
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
	if pin := msg.Headers().Get("Nats-Pin-Id"); pin != "" && pin != b.pin {
		b.pin = pin
		b.startParking("another replica may have been served", 0)
	}
	b.heard = true
	gap := it.delivery != b.delivery+1
	b.delivery = it.delivery
	if b.closed {
		b.nak(it)
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
	if b.finished.has(it) {
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

// noticeRewind notices that the stream went back: a sequence that was received before, or one below it, comes with a later time than everything before.
// (A redelivery comes with its old time.) What is remembered of higher sequences is forgotten. The caller holds the lock.
func (b *inbox) noticeRewind(it *item) {
	if it.seq > b.last || b.lastAt.IsZero() || !it.storedAt.After(b.lastAt) {
		return
	}
	b.back = &rewind{from: b.last, to: it.seq, at: it.storedAt}
	b.last = it.seq
	b.lastAt = it.storedAt
	b.acked.Store(0) // until the consumer is asked again
	b.log.Error("the stream went back in time: a sequence was given out again. What is stored from now on is applied; what was lost, the platform has to publish again",
		"from_sequence", b.back.from, "to_sequence", b.back.to, "stored_at", it.storedAt)
	b.onRewind(*b.back)
}

// enqueue puts a message into the queue. The caller holds the lock.
func (b *inbox) enqueue(it *item) {
	b.queue = append(b.queue, it)
	select {
	case b.filled <- struct{}{}:
	default:
	}
}

// takeQueue empties the queue.
func (b *inbox) takeQueue() []*item {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.queue
	b.queue = nil
	b.room.Broadcast()
	return items
}

// endParking puts what was held back into the queue, in stream order. The caller holds the lock.
func (b *inbox) endParking() {
	b.parked = false
	held := b.held
	b.held = nil
	slices.SortFunc(held, compareSequence)
	for _, it := range held {
		b.enqueue(it)
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

// settle acknowledges finished messages. If an acknowledgement is lost, the message comes again; after a restart the workflow recognizes it by its
// sequence.
func (b *inbox) settle(items ...*item) {
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
	for _, it := range known { // another message may lie under the sequence of one that is not known any more
		b.ack(it)
	}
}

// unfinished returns those of the items that are in flight.
func (b *inbox) unfinished(items []*item) []*item {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return b.inFlight[it.seq] != it })
}

// isParked reports whether new messages wait for older ones.
func (b *inbox) isParked() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.parked
}

// giveBack asks the server to send unfinished messages again, to whoever is there then. It happens at shutdown only.
func (b *inbox) giveBack(items ...*item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, it := range items {
		if b.inFlight[it.seq] == it {
			delete(b.inFlight, it.seq)
			b.nak(it)
		}
	}
}

func (b *inbox) ack(it *item) {
	if err := it.msg.Ack(); err != nil {
		b.log.Debug("acknowledge", "error", err)
	}
}

func (b *inbox) nak(it *item) {
	if err := it.msg.Nak(); err != nil {
		b.log.Debug("send back", "error", err)
	}
}

// close begins the shutdown: what nobody works on yet, and what arrives from now on, goes back to the server.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	waiting := append(b.held, b.queue...)
	slices.SortFunc(waiting, compareSequence)
	for _, it := range waiting {
		delete(b.inFlight, it.seq)
		b.nak(it)
	}
	b.held = nil
	b.queue = nil
	b.room.Broadcast()
}

// isStopping reports whether shutdown has begun.
func (b *inbox) isStopping() bool {
	select {
	case <-b.stopping:
		return true
	default:
		return false
	}
}

// inspect takes over what the consumer's info says (nil: there was no answer), ends parking if it may end, and returns how far everything is handed
// over (zero: not known) and whether the inbox is parked. stored is the sequence of the partition's last stored message; see watermark.go.
func (b *inbox) inspect(before time.Time, info *jetstream.ConsumerInfo, stored uint64) (bound time.Time, parked bool) {
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
func (b *inbox) handedOverUpTo(before time.Time, info *jetstream.ConsumerInfo, stored uint64) time.Time {
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
// way makes it false for a moment. It cannot be true wrongly: what is in flight is unacknowledged (see settle), and what was
// delivered after the info was gathered is not counted. The caller holds the lock.
func (b *inbox) holdsAllUnacknowledged(info *jetstream.ConsumerInfo) bool {
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

// progress is what is known from deliveries alone: when the newest was stored, whether one came in since the last call, and whether the inbox is
// parked.
func (b *inbox) progress() (lastAt time.Time, heard, parked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	heard = b.heard
	b.heard = false
	return b.lastAt, heard, b.parked
}

// oldest is the message in flight that bounds the watermark; nil: none is in flight.
func (b *inbox) oldest() *item {
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

// extendAckWait reports to the server that what has been in flight for a while is being worked on. What is held back is left out: if the server counts it
// differently than we do, it must come again.
func (b *inbox) extendAckWait() {
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

// pinID is the id under which the server serves this replica; empty: it never did.
func (b *inbox) pinID() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pin
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

// has reports whether this very message was finished lately; another one may have been stored under its sequence before.
func (r *recent) has(it *item) bool {
	stored, ok := r.stored[it.seq]
	return ok && stored == it.storedAt.UnixNano()
}

func (r *recent) add(it *item) {
	delete(r.stored, r.ring[r.next])
	r.ring[r.next] = it.seq
	r.stored[it.seq] = it.storedAt.UnixNano()
	r.next = (r.next + 1) % len(r.ring)
}
