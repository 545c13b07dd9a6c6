package triggers

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// maxDisguised is how many disguised events of a partition are taken in at a time.
const maxDisguised = 256

// takeDisguised takes in events that look like answers of the server: they have no body, and the header Status. The client library keeps them to itself, so they
// are read from the stream when the consumer stands at one: its first unacknowledged message has not changed since the last call. before is what the last call
// returned: the sequence of that message, or 0. Without a body they can only become dead letters, or be of no learner, so it does no harm if two replicas take in the same one.
func (p *partition) takeDisguised(ctx context.Context, before uint64) uint64 {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	info, err := p.cons.Info(ctx)
	if err != nil || info.NumAckPending == 0 {
		return 0
	}
	first := info.AckFloor.Stream + 1
	if first != before {
		return first
	}
	next := first
	for range maxDisguised {
		msg, err := p.readStored(ctx, next)
		if err != nil || msg == nil || msg.sequence > info.Delivered.Stream || !msg.isDisguised() {
			return first
		}
		msg.reply = fmt.Sprintf("$JS.ACK.%s.%s.1.%d.%d.%d.0", subjects.Stream, consumerName(p.number), msg.sequence, info.Delivered.Consumer, msg.storedAt.UnixNano())
		if p.buffer.receiveStored(msg) {
			p.log.Warn("an event without a body came with the header Status, which belongs to the server: its publisher should leave it out", "sequence", msg.sequence)
		}
		next = msg.sequence + 1
	}
	return first
}

// readStored reads the partition's first message under a sequence or after it, from the leader; nil: there is none.
func (p *partition) readStored(ctx context.Context, from uint64) (*storedMessage, error) {
	question, err := json.Marshal(map[string]any{"seq": from, "next_by_subj": subjects.Partition(p.number)})
	if err != nil {
		return nil, err
	}
	nc := p.t.o.JS.Conn()
	answer, err := nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+subjects.Stream, question)
	if err != nil {
		return nil, err
	}
	var got struct {
		Message *struct {
			Subject string    `json:"subject"`
			Seq     uint64    `json:"seq"`
			Header  []byte    `json:"hdrs"`
			Data    []byte    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil || got.Message == nil {
		return nil, err
	}
	header, err := nats.DecodeHeadersMsg(got.Message.Header)
	if err != nil {
		header = nil
	}
	return &storedMessage{
		nc:       nc,
		subject:  got.Message.Subject,
		sequence: got.Message.Seq,
		header:   header,
		data:     got.Message.Data,
		storedAt: got.Message.Time,
	}, nil
}

// storedMessage is a delivery that was read from the stream.
type storedMessage struct {
	jetstream.Msg // nil: what follows is all that is asked of a delivery

	nc       *nats.Conn
	subject  string
	sequence uint64
	header   nats.Header
	data     []byte
	storedAt time.Time
	reply    string
}

// isDisguised reports whether the client library takes the message for an answer of the server.
func (m *storedMessage) isDisguised() bool {
	return len(m.data) == 0 && strings.TrimSpace(m.header.Get("Status")) != ""
}

func (m *storedMessage) Subject() string      { return m.subject }
func (m *storedMessage) Data() []byte         { return m.data }
func (m *storedMessage) Headers() nats.Header { return m.header }
func (m *storedMessage) Ack() error           { return m.nc.Publish(m.reply, []byte("+ACK")) }
func (m *storedMessage) Nak() error           { return m.nc.Publish(m.reply, []byte("-NAK")) }
func (m *storedMessage) InProgress() error    { return m.nc.Publish(m.reply, []byte("+WPI")) }

// receiveStored takes a delivery in that was read from the stream, and reports whether it was not in flight already. The delivery's own number is not known: the next one
// shows a gap, and the buffer asks the consumer before it goes on.
func (b *receiveBuffer) receiveStored(msg *storedMessage) bool {
	it := &item{
		msg:      msg,
		subject:  msg.subject,
		seq:      msg.sequence,
		storedAt: msg.storedAt,
		since:    b.clock.Now(),
	}
	_, it.learner, it.name, it.problem = subjects.ParseStored(it.subject)
	if it.learner == "" {
		it.learner = subjects.NoLearner
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.inFlight[it.seq] != nil {
		return false
	}
	if b.finished.hasItem(it) {
		b.ack(it)
		return false
	}
	it.delivery = b.delivery
	b.inFlight[it.seq] = it
	if b.parked {
		b.held = append(b.held, it)
		return true
	}
	b.enqueue(it)
	return true
}
