package deadletters

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
	"homeroom/subjects"
)

// Selection says which dead letters are meant: those with the sequences, or else those for which all the rest is true. The
// zero value means all.
type Selection struct {
	Sequences []uint64
	Learner   string    // empty: of all, and of none
	Reason    string    // empty: refused for any reason
	Since     time.Time // refused at or after it; zero: any time
	Before    time.Time // refused before it; zero: any time
}

// LearnerError says that a selection names an id that no learner can have.
type LearnerError struct{ Err error }

func (e *LearnerError) Error() string { return e.Err.Error() }

func (e *LearnerError) Unwrap() error { return e.Err }

// DeadLetters are the dead letters of an installation.
type DeadLetters struct {
	js       jetstream.JetStream
	directly bool // streams are read without a consumer
	store    *store.DeadLetters
}

// New returns the dead letters of an installation. Directly: they are read without a consumer.
func New(js jetstream.JetStream, directly bool) *DeadLetters {
	return &DeadLetters{js: js, directly: directly, store: store.NewDeadLetters(js)}
}

// Get returns a dead letter with the whole body, as far as it is still kept. Unless it is, Truncated is not 0.
func (d *DeadLetters) Get(ctx context.Context, seq uint64) (Letter, error) {
	l, err := d.getLetter(ctx, seq)
	if err != nil {
		return Letter{}, err
	}
	if err := d.completeBody(ctx, &l); err != nil && !errors.Is(err, errTruncated) {
		return Letter{}, err
	}
	return l, nil
}

func (d *DeadLetters) getLetter(ctx context.Context, seq uint64) (Letter, error) {
	m, err := d.store.Get(ctx, seq)
	if errors.Is(err, store.ErrNotFound) {
		return Letter{}, fmt.Errorf("there is no dead letter %d: it was replayed, purged or erased, or never was; see `homeroom deadletters list`", seq)
	}
	return parseLetter(m), err
}

// errTruncated says that the whole event is nowhere any more.
var errTruncated = errors.New("its body was too large to be kept whole, and the original is gone")

// completeBody reads the whole body of a letter that was too large to be kept whole from the stream of events.
func (d *DeadLetters) completeBody(ctx context.Context, l *Letter) error {
	if l.Truncated == 0 {
		return nil
	}
	m, err := d.store.Original(ctx, l.Original)
	if errors.Is(err, store.ErrNotFound) || err == nil && (m.Subject != l.Subject || len(m.Data) != l.Truncated) {
		return errTruncated
	}
	if err != nil {
		return err
	}
	l.Body = m.Data
	l.Header = store.PublisherHeader(m.Header)
	l.Truncated = 0
	return nil
}

// eachSelected calls each with every letter of a selection: in the order of its sequences, or else in stream order.
func (d *DeadLetters) eachSelected(ctx context.Context, reader store.StreamReader, s Selection, each func(Letter) error) error {
	reader.JS = d.js
	reader.Directly = d.directly
	reader.Since = s.Since
	if len(s.Sequences) == 0 {
		return readSelected(ctx, reader, s, each)
	}
	for _, seq := range s.Sequences {
		l, err := d.getLetter(ctx, seq)
		if err == nil {
			err = each(l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func readSelected(ctx context.Context, reader store.StreamReader, s Selection, each func(Letter) error) error {
	filter, err := s.subject()
	if err != nil {
		return err
	}
	return reader.Read(ctx, subjects.DeadStream, []string{filter}, func(m store.Message) error {
		l := parseLetter(m)
		if s.Reason != "" && l.Reason != s.Reason || !s.Before.IsZero() && !l.At.Before(s.Before) {
			return nil
		}
		return each(l)
	})
}

// subject returns the filter for a learner's dead letters, or for all.
func (s Selection) subject() (string, error) {
	if s.Learner == "" {
		return subjects.AllDead, nil
	}
	if s.Learner != subjects.NoLearner {
		if err := subjects.ValidLearner(s.Learner); err != nil {
			return "", &LearnerError{err}
		}
	}
	return subjects.DeadOf(s.Learner), nil
}
