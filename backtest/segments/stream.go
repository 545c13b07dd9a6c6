package segments

import (
	"context"
	"time"
)

// Stream is an event stream in partitions, of which a learner has one.
type Stream interface {
	// Bounds returns when the stream was created, and the first sequence that it still holds.
	Bounds(ctx context.Context) (created time.Time, first uint64, err error)
	// Count returns how many messages a partition holds under a sequence and after it.
	Count(ctx context.Context, partition int, from uint64) (uint64, error)
	// Read calls each with every message of a partition under a sequence and after it, in order, until the last that was stored when it
	// began.
	Read(ctx context.Context, partition int, from uint64, each func(*Stored) error) error
}

// Stored is one message of a stream.
type Stored struct {
	Seq      uint64
	StoredAt time.Time
	Learner  string
	Time     time.Time // when the event happened; zero: no event can be read in it
	Body     []byte    // native, with learner and event; empty: no event can be read in it
}
