package app

import (
	"context"
	"errors"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/store"
	"homeroom/triggers"
	"homeroom/worker"
)

// merges makes one learner of two ids, step by step; each step may be done again.
type merges struct {
	store  *store.Store
	merger *worker.Merger
	clock  clock.Clock
}

// Merge implements triggers.Merges. The other id is claimed first: from then on its events belong to into, and its workflow decides nothing more.
func (m merges) Merge(ctx context.Context, previous, into string, rs *engine.Ruleset) (left triggers.Leftover, ok bool, err error) {
	owner, full, err := m.store.Standings.Claim(ctx, previous, into)
	if errors.Is(err, store.ErrMerged) {
		return left, false, triggers.ErrMerged
	}
	if err == nil && full {
		err = triggers.ErrTooManyIDs
	}
	if err != nil {
		return left, false, err
	}
	if owner != into { // another id claimed it before; was that one merged into this one meanwhile?
		end, err := m.store.Standings.MergedInto(ctx, owner)
		if err != nil {
			return left, false, err
		}
		if end != into {
			return left, false, m.store.Standings.DropClaim(ctx, previous, into)
		}
	}
	err = m.store.Standings.Absorb(ctx, previous, into, rs)
	if errors.Is(err, store.ErrMerged) {
		return left, false, triggers.ErrMerged
	}
	if err != nil {
		return left, false, err
	}
	if err := m.store.Profiles.MergeInto(ctx, previous, into); err != nil {
		return left, false, err
	}
	state, running, err := m.merger.EndMerged(ctx, previous, store.PartitionOf(previous), m.clock.Now())
	if err == nil && !running {
		state, _, err = m.store.Retired.Get(ctx, previous)
	}
	if err != nil {
		return left, false, err
	}
	state.Learner = previous
	return triggers.Leftover{Memory: engine.MemoryOf(&state), Overtaken: state.Overtaken}, true, nil
}

// MergedInto implements triggers.Merges.
func (m merges) MergedInto(ctx context.Context, learner string) (string, error) {
	return m.store.Standings.MergedInto(ctx, learner)
}
