package instance

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/internal/clock"
	"homeroom/subjects"
)

// Publisher publishes events as a learning platform does.
type Publisher struct {
	JS      jetstream.JetStream
	Catalog *catalog.Catalog
}

// Message is one event to be published.
type Message struct {
	Learner string
	Event   string
	ID      string
	Body    []byte
	At      time.Time // when it is published, in Homeroom's time
}

// Message encodes an event to be published when it happens.
func (p Publisher) Message(d catalog.Decoded) (Message, error) {
	body, err := p.Catalog.Encode(d)
	if err != nil {
		return Message{}, fmt.Errorf("encoding event %s: %w", d.Event.ID, err)
	}
	return Message{Learner: d.Event.Learner, Event: d.Event.Name, ID: d.Event.ID, Body: body, At: d.Event.Time}, nil
}

// Publish publishes one event and waits until the stream has it.
func (p Publisher) Publish(ctx context.Context, m Message) error {
	if _, err := p.JS.PublishMsg(ctx, m.toNATS()); err != nil {
		return fmt.Errorf("publishing event %s: %w", m.ID, err)
	}
	return nil
}

func (m Message) toNATS() *nats.Msg {
	return &nats.Msg{
		Subject: subjects.Publish(m.Learner, m.Event),
		Data:    m.Body,
		Header: nats.Header{
			jetstream.MsgIDHeader: {subjects.MsgID(m.Learner, m.ID)},
		},
	}
}

// maxStall is how long Play waits for the stream to confirm earlier messages.
const maxStall = time.Minute

// Play publishes messages in order, each when the clock shows its time, whatever its pace, and returns when the stream has confirmed all.
// onPublished, if not nil, is called with the number of messages published so far.
func (p Publisher) Play(ctx context.Context, c clock.Clock, messages []Message, onPublished func(n int)) error {
	var acks []jetstream.PubAckFuture
	for i, m := range messages {
		if err := c.SleepUntil(ctx, m.At); err != nil {
			return err
		}
		ack, err := p.JS.PublishMsgAsync(m.toNATS(), jetstream.WithStallWait(maxStall))
		if err != nil {
			return fmt.Errorf("publishing event %s: %w", m.ID, err)
		}
		acks = append(acks, ack)
		if onPublished != nil {
			onPublished(i + 1)
		}
	}
	for i, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return fmt.Errorf("the stream did not take event %s: %w", messages[i].ID, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
