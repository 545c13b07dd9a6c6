package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/subjects"
)

// StreamReader reads what streams hold when reading begins. It acknowledges nothing and leaves no consumer behind, unless LeavesConsumer.
type StreamReader struct {
	JS          jetstream.JetStream
	Since       time.Time // messages that were stored earlier are left out; zero: none are
	From        uint64    // messages under lower sequences are left out; 0: none are. It goes before Since
	HeadersOnly bool      // messages come without their bodies
	// Directly reads by direct gets, which need no right to make a consumer. What was stored a moment ago may be missing: a replica answers.
	Directly bool
	// LeavesConsumer: the process may make consumers and not delete them. The server deletes what is left five minutes later.
	LeavesConsumer bool
	// OnRead hears how many messages of a stream have been read: 0 when its reading begins, then after each message. May be
	// nil.
	OnRead func(done, total int64)
}

// deleteTimeout is how long the server may take to delete a consumer. It deletes the consumer in any case, five minutes later.
const deleteTimeout = 2 * time.Second

// maxStreamSilence is how long a stream that should hold more may send nothing before it is asked whether it does.
const maxStreamSilence = 5 * time.Second

// Read calls each with every message of the subjects, in stream order. It ends with the last message that was stored when
// it began, or with the first error of each. Without such a stream the error wraps [jetstream.ErrStreamNotFound].
func (r StreamReader) Read(ctx context.Context, stream string, filters []string, each func(Message) error) error {
	if r.Directly {
		return r.readDirectly(ctx, stream, filters, each)
	}
	info, err := r.streamInfo(ctx, stream)
	if err != nil {
		return err
	}
	consumer, err := r.JS.OrderedConsumer(ctx, stream, r.consumerConfig(filters))
	if err != nil {
		return readError(stream, err)
	}
	defer r.deleteConsumer(ctx, stream, consumer)
	total := int64(consumer.CachedInfo().NumPending)
	if total == 0 {
		return nil
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(4096))
	if err != nil {
		return readError(stream, err)
	}
	defer messages.Stop()
	r.reportRead(0, total)
	for done := int64(1); ; done++ {
		msg, err := nextMessage(ctx, consumer, messages)
		if err != nil {
			return readError(stream, err)
		}
		if msg == nil {
			return nil
		}
		meta, err := msg.Metadata()
		if err != nil {
			return readError(stream, err)
		}
		if meta.Sequence.Stream > info.State.LastSeq {
			return nil // it was stored after reading began
		}
		err = each(Message{
			Subject:  msg.Subject(),
			Sequence: meta.Sequence.Stream,
			StoredAt: meta.Timestamp,
			Header:   msg.Headers(),
			Data:     msg.Data(),
		})
		if err != nil {
			return err
		}
		r.reportRead(done, total)
		if meta.NumPending == 0 || meta.Sequence.Stream == info.State.LastSeq {
			return nil
		}
	}
}

// ReadDecisions calls each with every decision of the subjects, in stream order.
func (r StreamReader) ReadDecisions(ctx context.Context, filter string, each func(*engine.Decision)) error {
	return r.Read(ctx, subjects.DecisionStream, []string{filter}, func(m Message) error {
		var d engine.Decision
		if err := json.Unmarshal(m.Data, &d); err != nil {
			return fmt.Errorf("a decision on %s cannot be read: %w", m.Subject, err)
		}
		each(&d)
		return nil
	})
}

// Count returns how many messages of a subject a stream holds, however old they are.
func (r StreamReader) Count(ctx context.Context, stream, filter string) (int, error) {
	info, err := r.streamInfo(ctx, stream, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return 0, err
	}
	total := 0
	for _, n := range info.State.Subjects {
		total += int(n)
	}
	return total, nil
}

// CountStored returns how many messages of the subjects a stream holds, of those that are read with these options.
func (r StreamReader) CountStored(ctx context.Context, stream string, filters []string) (uint64, error) {
	if r.Directly {
		return r.countDirectly(ctx, stream, filters)
	}
	consumer, err := r.JS.OrderedConsumer(ctx, stream, r.consumerConfig(filters))
	if err != nil {
		return 0, readError(stream, err)
	}
	defer r.deleteConsumer(ctx, stream, consumer)
	return consumer.CachedInfo().NumPending, nil
}

func (r StreamReader) deleteConsumer(ctx context.Context, stream string, consumer jetstream.Consumer) {
	if !r.LeavesConsumer {
		DeleteConsumer(ctx, r.JS, stream, consumer)
	}
}

// DeleteConsumer deletes the consumer of a reading that is over, also if the context has ended, and takes no longer than deleteTimeout. If that fails, the server does it
// later, so whoever reads need not know.
func DeleteConsumer(ctx context.Context, js jetstream.JetStream, stream string, consumer jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
	defer cancel()
	_ = js.DeleteConsumer(ctx, stream, consumer.CachedInfo().Name)
}

// NewestFrom returns the sequence at which the newest messages of a subject begin, of those that are read with these options, and how many older ones there are. 0: there are
// no more than most.
func (r StreamReader) NewestFrom(ctx context.Context, stream, filter string, most uint64) (from, older uint64, err error) {
	filters := []string{filter}
	stored, err := r.CountStored(ctx, stream, filters)
	if err != nil || stored <= most {
		return 0, 0, err
	}
	info, err := r.streamInfo(ctx, stream)
	if err != nil {
		return 0, 0, err
	}
	many := info.State.FirstSeq // more than most from here
	few := info.State.LastSeq + 1
	for few-many > 1 {
		r.From = many + (few-many)/2
		left, err := r.CountStored(ctx, stream, filters)
		if err != nil {
			return 0, 0, err
		}
		if left > most {
			many = r.From
		} else {
			few = r.From
		}
	}
	return few, stored - most, nil
}

// StreamState is what a stream says of itself.
type StreamState struct {
	Created  time.Time
	Last     uint64 // sequence; 0: nothing was stored yet
	Messages uint64 // that it holds
}

// StreamState asks a stream for its state.
func (r StreamReader) StreamState(ctx context.Context, stream string) (StreamState, error) {
	info, err := r.streamInfo(ctx, stream)
	if err != nil {
		return StreamState{}, err
	}
	return StreamState{Created: info.Created, Last: info.State.LastSeq, Messages: info.State.Msgs}, nil
}

// StreamBounds returns when a stream was created, and the first sequence that it holds.
func (r StreamReader) StreamBounds(ctx context.Context, stream string) (created time.Time, first uint64, err error) {
	info, err := r.streamInfo(ctx, stream)
	if err != nil {
		return time.Time{}, 0, err
	}
	return info.Created, info.State.FirstSeq, nil
}

func (r StreamReader) consumerConfig(filters []string) jetstream.OrderedConsumerConfig {
	config := jetstream.OrderedConsumerConfig{FilterSubjects: filters, MaxResetAttempts: 5, HeadersOnly: r.HeadersOnly}
	switch {
	case r.From > 0:
		config.DeliverPolicy = jetstream.DeliverByStartSequencePolicy
		config.OptStartSeq = r.From
	case !r.Since.IsZero():
		config.DeliverPolicy = jetstream.DeliverByStartTimePolicy
		config.OptStartTime = &r.Since
	}
	return config
}

func (r StreamReader) reportRead(done, total int64) {
	if r.OnRead != nil {
		r.OnRead(done, total)
	}
}

// nextMessage returns the next message, or nil if what was left has been erased or has expired meanwhile.
func nextMessage(ctx context.Context, consumer jetstream.Consumer, messages jetstream.MessagesContext) (jetstream.Msg, error) {
	for {
		soon, cancel := context.WithTimeout(ctx, maxStreamSilence)
		msg, err := messages.Next(jetstream.NextContext(soon))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return msg, err
		}
		info, err := consumer.Info(ctx)
		if err != nil {
			return nil, err
		}
		if info.NumPending == 0 {
			return nil, nil
		}
	}
}

func (r StreamReader) streamInfo(ctx context.Context, stream string, opts ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	s, err := r.JS.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("there is no stream %s: start `homeroom serve` against this NATS once: %w", stream, err)
	}
	if err != nil {
		return nil, readError(stream, err)
	}
	info, err := s.Info(ctx, opts...)
	if err != nil {
		return nil, readError(stream, err)
	}
	return info, nil
}

func readError(stream string, err error) error {
	return fmt.Errorf("read the NATS stream %s: %w", stream, err)
}
