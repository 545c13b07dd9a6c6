package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
)

// Standings are what is known of learners from events that wake nobody. Keys are hashes of learner ids. What was written
// last is also kept in memory, so that an event that changes nothing costs no request; the compare-and-swap notices
// when somebody else wrote.
type Standings struct {
	js     jetstream.JetStream
	kv     jetstream.KeyValue
	stream jetstream.Stream // behind kv
	cache  *lru[cachedStanding]
}

// standingRecord is a standing as stored.
type standingRecord struct {
	Version  int             `json:"v,omitempty"` // packedLinksVersion if there are links; 0 counts as 1
	Standing engine.Standing `json:"standing"`
	// Learner is whose standing it is: the key does not show it, and a broadcast has to hand an event to them. Older records lack it until they are written
	// again, which the learner's next event does.
	Learner string `json:"learner,omitempty"`
	// Owed are the stream sequences of events which the workflow must hear of because of what they changed in this
	// very record. Seen again after a crash they change nothing any more, so this is how they are known.
	Owed []uint64 `json:"owed,omitempty"`
}

// setVersion makes the record say which version it takes to read it.
func (r *standingRecord) setVersion() {
	r.Version = 0
	if len(r.Standing.Links) > 0 {
		r.Version = packedLinksVersion
	}
}

type cachedStanding struct {
	record   *standingRecord
	revision uint64
	unsaved  bool // TryUpdate has changed it
}

// lacksLearner reports whether the record is stored and does not say whose it is.
func (c *cachedStanding) lacksLearner() bool { return c.revision > 0 && c.record.Learner == "" }

// NameLearner makes the learner's standing say whose it is, and reports whether it did not. Without a standing there is nothing to do.
func (s *Standings) NameLearner(ctx context.Context, learner string) (named bool, err error) {
	var known standingRecord
	revision, err := readRecord(ctx, s.kv, hashedKey(learner), &known)
	if err != nil || revision == 0 || known.Learner != "" {
		return false, err
	}
	return true, s.Update(ctx, learner, func(_ *engine.Standing, owed []uint64) (bool, []uint64) { return false, owed })
}

// Get returns the learner's standing as stored; of an unknown learner an empty one. Never nil without an error.
func (s *Standings) Get(ctx context.Context, learner string) (*engine.Standing, error) {
	var r standingRecord
	if _, err := readRecord(ctx, s.kv, hashedKey(learner), &r); err != nil {
		return nil, err
	}
	return &r.Standing, nil
}

// TryUpdate is [Standings.Update] for as long as no request is needed. It returns false, without having confirmed anything, if
// the standing is not in memory or has to be written: then Update is to be called with an apply that includes this one.
func (s *Standings) TryUpdate(learner string, apply func(st *engine.Standing, owed []uint64) (write bool, owe []uint64)) bool {
	c, ok := s.cache.take(learner)
	if !ok {
		return false
	}
	write, owe := apply(&c.record.Standing, c.record.Owed)
	if write {
		// Applied again it changes nothing any more, so Update would not know.
		c.record.Owed = owe
		c.unsaved = true
	}
	s.cache.put(learner, c)
	return !c.unsaved
}

// Update changes a standing under compare-and-swap, and has it confirmed by the store when it returns nil. apply gets the
// standing and the stream sequences that were owed when it was written, and returns whether it must be written and what
// is owed then; it may be called several times, each time on a standing read anew.
func (s *Standings) Update(ctx context.Context, learner string, apply func(st *engine.Standing, owed []uint64) (write bool, owe []uint64)) error {
	key := hashedKey(learner)
	for range maxTries {
		// While it is worked on it is out of the cache; after an error or a panic it stays out, and is read anew.
		c, ok := s.cache.take(learner)
		if !ok {
			c.record = &standingRecord{}
			var err error
			if c.revision, err = readRecord(ctx, s.kv, key, c.record); err != nil {
				return err
			}
		}
		write, owe := apply(&c.record.Standing, c.record.Owed)
		if !write && !c.unsaved && !c.lacksLearner() {
			s.cache.put(learner, c)
			return nil
		}
		c.record.Owed = owe
		c.record.Learner = learner
		c.record.setVersion()
		next, err := swapRecord(ctx, s.kv, key, c.record, c.revision)
		if errors.Is(err, errConflict) {
			continue
		}
		if err != nil {
			return err
		}
		c.revision = next
		c.unsaved = false
		s.cache.put(learner, c)
		return nil
	}
	return fmt.Errorf("write a standing to %s: lost %d races in a row; try again", s.kv.Bucket(), maxTries)
}

// Delete removes the standing. What is not there is not an error.
func (s *Standings) Delete(ctx context.Context, learner string) error {
	s.cache.take(learner)
	return s.kv.Delete(ctx, hashedKey(learner))
}
