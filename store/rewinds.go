package store

import (
	"context"
	"encoding/json"
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

// NoteRewind records that a partition's sequence `to` was given out again after `from`; at is when the message under it was stored. The latest of each
// partition is kept.
func (c *Control) NoteRewind(ctx context.Context, partition int, from, to uint64, at time.Time) error {
	value, err := json.Marshal(Rewind{
		Partition: partition,
		From:      from,
		To:        to,
		At:        at.UTC(),
	})
	if err == nil {
		_, err = c.kv.Put(ctx, rewindKey(partition), value)
	}
	if err != nil {
		return fmt.Errorf("record that partition %d went back: %w", partition, err)
	}
	return nil
}

// NoteNewRewind is NoteRewind for somebody who knows that the sequence `from` was stored at fromAt, and not whether others have recorded this rewind. A
// recorded rewind that came later than fromAt is the same one. It reports whether it recorded it.
func (c *Control) NoteNewRewind(ctx context.Context, partition int, from, to uint64, fromAt, at time.Time) (bool, error) {
	entry, err := c.kv.Get(ctx, rewindKey(partition))
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
	case err != nil:
		return false, fmt.Errorf("read whether partition %d went back: %w", partition, err)
	default:
		var known Rewind
		if decodeRecord(entry.Value(), &known) == nil && known.At.After(fromAt) {
			return false, nil
		}
	}
	return true, c.NoteRewind(ctx, partition, from, to, at)
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
