package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// Rewind says that the stream of events gave a sequence out again: NATS went back to older files.
type Rewind struct {
	Partition int       `json:"partition"`
	From      uint64    `json:"from"` // the highest sequence known before
	To        uint64    `json:"to"`   // the sequence that was given out again
	At        time.Time `json:"at"`   // when the message under it was stored
}

const rewindPrefix = "rewound."

func rewindKey(partition int) string { return rewindPrefix + strconv.Itoa(partition) }

// NoteRewind records that a partition's sequence `to` was given out again after `from`, which was stored at fromAt; at is when the message under `to` was
// stored. A recorded rewind that came later than fromAt is the same one: of all who note it (the triggers, and workers whom learners' states show
// it) one records it. It reports whether it did. The latest rewind of each partition is kept.
func (c *Control) NoteRewind(ctx context.Context, partition int, from, to uint64, fromAt, at time.Time) (isNew bool, err error) {
	err = modifyOrReplace(ctx, c.kv, rewindKey(partition), func(known *Rewind, exists bool) (bool, error) {
		isNew = !exists || !known.At.After(fromAt)
		*known = Rewind{
			Partition: partition,
			From:      from,
			To:        to,
			At:        at.UTC(),
		}
		return isNew, nil
	})
	if err != nil {
		return false, fmt.Errorf("record that partition %d went back: %w", partition, err)
	}
	return isNew, nil
}

// Rewinds returns the latest rewind of each partition that had one, by partition. A record that cannot be read is left out.
func (c *Control) Rewinds(ctx context.Context) ([]Rewind, error) {
	var rewinds []Rewind
	for p := range subjects.Partitions {
		entry, err := c.kv.Get(ctx, rewindKey(p))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read whether the stream went back: %w", err)
		}
		var r Rewind
		if decodeRecord(entry.Value(), &r) == nil {
			rewinds = append(rewinds, r)
		}
	}
	return rewinds, nil
}
