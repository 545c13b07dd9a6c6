package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// How a batch of events is published.
const (
	// ackTime is how long the stream may take to confirm a message.
	ackTime = 8 * time.Second
	// maxUnconfirmed is how many messages of a process may wait for their confirmation at once; the next one waits for room.
	maxUnconfirmed = 16_384
	// roomTime is how long a message waits for room.
	roomTime = 5 * time.Second
)

// Batches publishes many events at once.
type Batches struct{ js jetstream.JetStream }

// BatchMessage is an event that is published as it is.
type BatchMessage struct {
	Subject string
	ID      string // the message id, by which the stream recognizes a repeat; see subjects.MsgID
	Header  map[string][]string
	Body    []byte
}

// BatchOutcome is what became of a message.
type BatchOutcome struct {
	Repeated bool  // the stream had a message with this id already
	Err      error // it may or may not be stored; nil: it is
}

// errDisconnected says that nothing was published, because NATS is away.
var errDisconnected = errors.New("not connected to NATS")

// NewBatches returns a publisher on the connection of a JetStream.
func NewBatches(js jetstream.JetStream) (*Batches, error) {
	own, err := jetstream.New(js.Conn(), jetstream.WithPublishAsyncMaxPending(maxUnconfirmed), jetstream.WithPublishAsyncTimeout(ackTime))
	if err != nil {
		return nil, fmt.Errorf("publish in batches: %w", err)
	}
	return &Batches{js: own}, nil
}

// PublishAll publishes the messages in their order and returns what became of each, when all are confirmed or given up. While NATS is
// away nothing is published: the client would keep it and send it at some later time. Messages with an error may be published again.
func (b *Batches) PublishAll(ctx context.Context, messages []BatchMessage) []BatchOutcome {
	outcomes := make([]BatchOutcome, len(messages))
	pending := make([]jetstream.PubAckFuture, len(messages))
	for i, m := range messages {
		if outcomes[i].Err = ctx.Err(); outcomes[i].Err == nil {
			pending[i], outcomes[i].Err = b.publishOne(m)
		}
	}
	for i, future := range pending {
		if future != nil {
			outcomes[i] = awaitAck(ctx, future)
		}
	}
	return outcomes
}

func (b *Batches) publishOne(m BatchMessage) (jetstream.PubAckFuture, error) {
	if !b.js.Conn().IsConnected() {
		return nil, errDisconnected
	}
	header := make(nats.Header, len(m.Header)+1)
	for name, values := range m.Header {
		header[name] = values
	}
	header[jetstream.MsgIDHeader] = []string{m.ID}
	return b.js.PublishMsgAsync(&nats.Msg{Subject: m.Subject, Header: header, Data: m.Body}, jetstream.WithStallWait(roomTime))
}

// awaitAck waits for the answer to a message; it comes in at most ackTime and the time of the client's own repeats.
func awaitAck(ctx context.Context, future jetstream.PubAckFuture) BatchOutcome {
	select {
	case ack := <-future.Ok():
		return BatchOutcome{Repeated: ack.Duplicate}
	case err := <-future.Err():
		return BatchOutcome{Err: err}
	case <-ctx.Done():
		return BatchOutcome{Err: ctx.Err()}
	}
}
