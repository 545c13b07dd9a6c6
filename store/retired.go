package store

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
)

// Retired keeps what is remembered of learners whose workflow has ended because nothing was due. The next event starts a
// new run, which goes on from here. Keys are hashes of learner ids, as those of [Standings].
//
// A record is not removed when its learner comes back: it is the last resort should somebody terminate the new run, and
// the next retirement overwrites it.
type Retired struct{ kv jetstream.KeyValue }

// retiredRecord is a state as stored.
type retiredRecord struct {
	At    time.Time    `json:"at"` // when the workflow ended, on Temporal's clock
	State engine.State `json:"state"`
}

// Get returns the state that the learner's last retirement left behind; found is false if there is none.
func (r *Retired) Get(ctx context.Context, learner string) (state engine.State, found bool, err error) {
	var record retiredRecord
	revision, err := readRecord(ctx, r.kv, hashedKey(learner), &record)
	if err != nil {
		return engine.State{}, false, err
	}
	return record.State, revision > 0, nil
}

// Put stores the state of a learner who retires at `at`, and has it confirmed by the store when it returns nil. It never
// goes back: if what is stored comes from a later retirement or from further in the stream, that stays, and stored is false.
func (r *Retired) Put(ctx context.Context, learner string, state engine.State, at time.Time) (stored bool, err error) {
	err = modifyOrReplace(ctx, r.kv, hashedKey(learner), func(record *retiredRecord, exists bool) (bool, error) {
		stored = !exists || !record.At.After(at) && !isAhead(&record.State, &state)
		*record = retiredRecord{At: at, State: state}
		return stored, nil
	})
	if err != nil {
		return false, fmt.Errorf("put away the state of a learner who retires: %w", err)
	}
	return stored, nil
}

// isAhead reports whether a has applied a later event of the stream than b.
func isAhead(a, b *engine.State) bool {
	if a.Stream != b.Stream {
		return a.Stream > b.Stream
	}
	return a.Seq > b.Seq
}
