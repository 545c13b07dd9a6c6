package emit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// Event is what a learner did.
type Event struct {
	Name    string    // of the catalog, such as lesson.completed
	Learner string    // the platform's id, 1 to 128 bytes; empty for an event about the platform
	ID      string    // the platform's, unique per learner, 1 to 128 bytes: the same id again is the same event
	Time    time.Time // when it happened; zero: when it arrives
	// Properties are a struct with JSON tags or a map; nil: none.
	Properties any
	// Traits are what is to be remembered of the person; nil: nothing new.
	Traits map[string]any
}

// body is the native body.
type body struct {
	ID         string         `json:"id"`
	Event      string         `json:"event"`
	Learner    string         `json:"learner_id,omitempty"`
	Time       time.Time      `json:"time,omitzero"`
	Properties any            `json:"properties,omitempty"`
	Traits     map[string]any `json:"traits,omitempty"`
}

// Stream is the part of NATS's JetStream that is used.
type Stream interface {
	PublishMsg(ctx context.Context, msg *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error)
}

// Publisher publishes events. It may be used by many goroutines at once.
type Publisher struct {
	stream     Stream
	firstWait  time.Duration // before the second try; each wait is twice the one before
	maxWait    time.Duration
	tryTimeout time.Duration // how long a try waits for the acknowledgement, which may be lost
}

// New returns a publisher.
func New(js Stream) *Publisher {
	return &Publisher{stream: js, firstWait: 100 * time.Millisecond, maxWait: 10 * time.Second, tryTimeout: 5 * time.Second}
}

// ErrInvalid is wrapped by the error about an event that can never be published. The error says what is wrong.
var ErrInvalid = errors.New("the event cannot be published")

// Publish publishes an event and returns once the stream has it. A try waits up to 5 seconds. It tries again until the stream has the event or ctx ends, so give ctx a deadline; after an error other than
// [ErrInvalid] the stream may have the event, and publishing it again under its id is harmless.
func (p *Publisher) Publish(ctx context.Context, e Event) error {
	msg, err := newMessage(e)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for wait := p.firstWait; ; wait = min(2*wait, p.maxWait) {
		err := p.tryOnce(ctx, msg)
		if err == nil {
			return nil
		}
		if errors.Is(err, nats.ErrMaxPayload) {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("publish %s of %s: %w; the last try: %w", e.Name, e.ID, ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// tryOnce publishes a message, and waits for its acknowledgement.
func (p *Publisher) tryOnce(ctx context.Context, msg *nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, p.tryTimeout)
	defer cancel()
	_, err := p.stream.PublishMsg(ctx, msg)
	return err
}

// maxID is the greatest length of an event's id in bytes, as the catalog has it.
const maxID = 128

// newMessage returns an event as NATS takes it.
func newMessage(e Event) (*nats.Msg, error) {
	if e.Name == "" {
		return nil, errors.New("it has no name; take one of `homeroom catalog`")
	}
	if e.ID == "" || len(e.ID) > maxID {
		return nil, fmt.Errorf("its id has %d bytes; give it one of 1 to %d", len(e.ID), maxID)
	}
	learner := e.Learner
	if learner == "" {
		learner = subjects.NoLearner
	} else if err := subjects.ValidLearner(learner); err != nil {
		return nil, err
	}
	data, err := json.Marshal(body{
		ID:         e.ID,
		Event:      e.Name,
		Learner:    e.Learner,
		Time:       e.Time,
		Properties: e.Properties,
		Traits:     e.Traits,
	})
	if err != nil {
		return nil, fmt.Errorf("its properties are no JSON: %w", err)
	}
	return &nats.Msg{
		Subject: subjects.Publish(learner, e.Name),
		Header:  nats.Header{jetstream.MsgIDHeader: {subjects.MsgID(learner, e.ID)}},
		Data:    data,
	}, nil
}
