package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// proposedKey holds the revision that somebody is about to put in force, so that triggers listen for its events before
// it is. Like the pointer it keeps its last 64 values.
const proposedKey = "proposed"

// Proposal is a revision that is about to be put in force.
type Proposal struct {
	Hash   string `json:"hash"`
	Author string `json:"author,omitempty"`
}

// Propose has every worker listen for what this revision needs, and returns the store's time. The revision must be
// stored.
func (s *Rulesets) Propose(ctx context.Context, p Proposal) (time.Time, error) {
	if _, err := s.Get(ctx, p.Hash); err != nil {
		return time.Time{}, fmt.Errorf("propose: %w", err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		return time.Time{}, fmt.Errorf("propose ruleset %s: %w", p.Hash, err)
	}
	if _, err := s.kv.Put(ctx, proposedKey, data); err != nil {
		return time.Time{}, fmt.Errorf("propose ruleset %s: %w", p.Hash, err)
	}
	entry, err := s.kv.Get(ctx, proposedKey)
	if err != nil {
		return time.Time{}, fmt.Errorf("propose ruleset %s: %w", p.Hash, err)
	}
	return entry.Created(), nil
}

// Proposed lists the last proposals, oldest first. Each stays listed, whatever became of it, until 64 newer ones came.
func (s *Rulesets) Proposed(ctx context.Context) ([]Proposal, error) {
	return decodeValues[Proposal](ctx, s, proposedKey, func(*Proposal, entry) {})
}

// Publications lists the publications that can be read, oldest first: of the last 64.
func (s *Rulesets) Publications(ctx context.Context) ([]Pointer, error) {
	return decodeValues(ctx, s, currentKey, func(p *Pointer, e entry) { p.Revision = e.revision })
}

// decodeValues reads and decodes the values of a key that can be read, oldest first.
func decodeValues[T any](ctx context.Context, s *Rulesets, key string, complete func(*T, entry)) ([]T, error) {
	entries, err := readValues(ctx, s.stream, s.kv.Bucket(), key)
	if err != nil {
		return nil, err
	}
	var values []T
	for _, e := range entries {
		var v T
		if decodeRecord(e.value, &v) == nil {
			complete(&v, e)
			values = append(values, v)
		}
	}
	return values, nil
}

// Sequence moves whenever something is stored, proposed or put in force.
func (s *Rulesets) Sequence(ctx context.Context) (uint64, error) {
	status, err := s.kv.Status(ctx)
	if err != nil {
		return 0, fmt.Errorf("look at the bucket %s: %w", s.kv.Bucket(), err)
	}
	bucket, ok := status.(*jetstream.KeyValueBucketStatus)
	if !ok {
		return 0, fmt.Errorf("look at the bucket %s: no stream behind it", s.kv.Bucket())
	}
	return bucket.StreamInfo().State.LastSeq, nil
}

// WatchCurrent calls changed with the pointer as it is and after each change, until ctx ends. It does not return before.
func (s *Rulesets) WatchCurrent(ctx context.Context, changed func(Pointer)) error {
	return s.watchKeys(ctx, currentKey, func(e entry) {
		var p Pointer
		if decodeRecord(e.value, &p) == nil {
			p.Revision = e.revision
			changed(p)
		}
	})
}

// Watch calls changed when a revision was proposed or put in force, and at the beginning, until ctx ends.
func (s *Rulesets) Watch(ctx context.Context, changed func()) error {
	return s.watchKeys(ctx, "*", func(entry) { changed() })
}

// watchKeys calls changed with the newest entry of each of the keys and then with each new one, deletions left out. The error is of
// the first reading.
func (s *Rulesets) watchKeys(ctx context.Context, keys string, changed func(entry)) error {
	follower := newFollower(s.stream, s.kv.Bucket(), keys)
	follower.every = rulesetsInterval
	entries, err := follower.readNewest(ctx)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("watch the bucket %s: %w", s.kv.Bucket(), err)
	}
	apply := func(e entry) {
		if !e.deleted {
			changed(e)
		}
	}
	for _, e := range entries {
		apply(e)
	}
	follower.follow(ctx, s.reconnects, apply)
	return nil
}
