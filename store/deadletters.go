package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// DeadLetters gives access to single letters of the stream LEARNING_DLQ, and to the events that they were made of. What
// their headers mean is for package triggers to say, which writes them.
type DeadLetters struct{ js jetstream.JetStream }

// NewDeadLetters returns the dead letters of an installation.
func NewDeadLetters(js jetstream.JetStream) *DeadLetters { return &DeadLetters{js: js} }

// Get returns a dead letter by its sequence; [ErrNotFound] if there is none.
func (d *DeadLetters) Get(ctx context.Context, seq uint64) (Message, error) {
	m, err := d.getMessage(ctx, subjects.DeadStream, seq)
	if err != nil {
		return Message{}, fmt.Errorf("read dead letter %d: %w", seq, err)
	}
	return m, nil
}

// Original returns the event that a dead letter was made of, by its sequence in LEARNING; [ErrNotFound] if the stream
// does not have it any more.
func (d *DeadLetters) Original(ctx context.Context, seq uint64) (Message, error) {
	m, err := d.getMessage(ctx, subjects.Stream, seq)
	if err != nil {
		return Message{}, fmt.Errorf("read event %d: %w", seq, err)
	}
	return m, nil
}

func (d *DeadLetters) getMessage(ctx context.Context, name string, seq uint64) (Message, error) {
	stream, err := d.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return Message{}, ErrNoStream
	}
	if err != nil {
		return Message{}, err
	}
	raw, err := stream.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Message{}, ErrNotFound
	}
	if err != nil {
		return Message{}, err
	}
	return Message{Subject: raw.Subject, Sequence: raw.Sequence, StoredAt: raw.Time, Header: raw.Header, Data: raw.Data}, nil
}

// Replay publishes an event again, as a dead letter's original or with what was mended, and returns when the stream has
// it. The dead letter is the one with the sequence seq, the original the event at original in LEARNING.
//
// The message id is the replay's own: under the original's, a letter replayed soon after it was published would be taken
// for a repeat and dropped. The same replay again within [DuplicatesWindow] is recognized: then repeated is true and
// nothing was added. Later ones are recognized by the event's id.
func (d *DeadLetters) Replay(ctx context.Context, seq, original uint64, learner, event string, header map[string][]string, body []byte) (repeated bool, err error) {
	msg := &nats.Msg{Subject: subjects.Publish(learner, event), Header: nats.Header(header), Data: body}
	id := "replay." + strconv.FormatUint(original, 10) + "." + strconv.FormatUint(seq, 10) // no learner's id has a dot here
	ack, err := d.js.PublishMsg(ctx, msg, jetstream.WithMsgID(id))
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		err = ErrNoStream
	}
	if err != nil {
		return false, fmt.Errorf("publish dead letter %d again: %w", seq, err)
	}
	return ack.Duplicate, nil
}

// Delete removes a dead letter and overwrites what it said. What is not there is not an error.
func (d *DeadLetters) Delete(ctx context.Context, seq uint64) error {
	stream, err := d.js.Stream(ctx, subjects.DeadStream)
	if err == nil {
		err = stream.SecureDeleteMsg(ctx, seq)
	}
	if errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) { // the error does not say why
		if _, lookup := stream.GetMsg(ctx, seq); errors.Is(lookup, jetstream.ErrMsgNotFound) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("delete dead letter %d: %w", seq, err)
	}
	return nil
}

// PublisherHeader is the header of a dead letter without what NATS and Homeroom wrote into it.
func PublisherHeader(header map[string][]string) map[string][]string {
	own := maps.Clone(header)
	maps.DeleteFunc(own, func(name string, _ []string) bool {
		name = http.CanonicalHeaderKey(name)
		return strings.HasPrefix(name, "Nats-") || strings.HasPrefix(name, "Homeroom-")
	})
	return own
}
