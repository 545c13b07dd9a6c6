package app

import (
	"context"
	"errors"
	"fmt"

	"homeroom/engine"
	"homeroom/store"
	"homeroom/triggers"
	"homeroom/worker"
	"homeroom/workflows"
)

// people tells the engine what it may know of a learner as a person.
type people struct{ store *store.Store }

// Profile implements activities.Profiles.
func (p people) Profile(ctx context.Context, learner string) (engine.Profile, error) {
	stored, err := p.store.Profiles.Get(ctx, learner)
	if err != nil {
		return engine.Profile{}, err
	}
	profile := store.ToEngine(stored)
	if stored.Email != "" {
		suppressed, err := p.store.Suppressions.Has(ctx, stored.Email)
		if err != nil {
			return engine.Profile{}, err
		}
		profile.Suppressed = profile.Suppressed || suppressed
	}
	return profile, nil
}

// starter hands a batch of the triggers to the learner's workflow.
type starter struct{ *worker.Starter }

// HandOver implements triggers.Starter.
func (s starter) HandOver(ctx context.Context, b triggers.Batch) error {
	err := s.Starter.HandOver(ctx, workflows.Batch{Learner: b.Learner, Partition: b.Partition, Events: b.Events, Mark: b.MarkTime})
	if errors.Is(err, worker.ErrRefused) {
		return fmt.Errorf("%w: %w", triggers.ErrRefused, err)
	}
	return err
}
