package store

import (
	"context"
	"encoding/json"
	"errors"
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

// Propose tells every worker to listen for what this revision needs, and returns the store's time. The revision must be
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
	return readHistory[Proposal](ctx, s.kv, proposedKey, func(*Proposal, jetstream.KeyValueEntry) {})
}

// History lists the publications that can be read, oldest first: of the last 64.
func (s *Rulesets) History(ctx context.Context) ([]Pointer, error) {
	return readHistory(ctx, s.kv, currentKey, func(p *Pointer, e jetstream.KeyValueEntry) { p.Revision = e.Revision() })
}

// readHistory returns the values of a key that can be read, oldest first.
func readHistory[T any](ctx context.Context, kv jetstream.KeyValue, key string, complete func(*T, jetstream.KeyValueEntry)) ([]T, error) {
	entries, err := kv.History(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the history of %s from %s: %w", key, kv.Bucket(), err)
	}
	var values []T
	for _, e := range entries {
		var v T
		if e.Operation() == jetstream.KeyValuePut && decodeRecord(e.Value(), &v) == nil {
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
	return s.watchKeys(ctx, "the current ruleset", []string{currentKey}, func(entry jetstream.KeyValueEntry) {
		var p Pointer
		if decodeRecord(entry.Value(), &p) == nil {
			p.Revision = entry.Revision()
			changed(p)
		}
	})
}

// Watch calls changed when a revision was proposed or put in force, and at the beginning, until ctx ends.
func (s *Rulesets) Watch(ctx context.Context, changed func()) error {
	return s.watchKeys(ctx, "the rulesets", []string{currentKey, proposedKey}, func(jetstream.KeyValueEntry) { changed() })
}

func (s *Rulesets) watchKeys(ctx context.Context, what string, keys []string, changed func(jetstream.KeyValueEntry)) error {
	watcher, err := s.kv.WatchFiltered(ctx, keys, jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("watch %s: %w", what, err)
	}
	defer func() { _ = watcher.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry, ok := <-watcher.Updates():
			if !ok {
				return fmt.Errorf("watch %s: the watch ended", what)
			}
			if entry != nil {
				changed(entry)
			}
		}
	}
}
