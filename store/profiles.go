package store

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/store/profile"
	"homeroom/subjects"
)

// Profile is a learner as a person; see package profile.
type Profile = profile.Profile

// ToEngine is what the engine may know of a profile.
func ToEngine(p Profile) engine.Profile { return p.Engine() }

// Profiles are the learners' profiles, by escaped learner id.
type Profiles struct {
	kv           jetstream.KeyValue
	suppressions *Suppressions
}

// Get returns the learner's profile; of an unknown learner the zero Profile and no error.
func (s *Profiles) Get(ctx context.Context, learner string) (Profile, error) {
	var p Profile
	_, err := read(ctx, s.kv, subjects.Escape(learner), &p)
	return p, err
}

// Profile is what the engine may know of the learner, including whether their address is suppressed.
func (s *Profiles) Profile(ctx context.Context, learner string) (engine.Profile, error) {
	p, err := s.Get(ctx, learner)
	if err != nil {
		return engine.Profile{}, err
	}
	known := p.Engine()
	if p.Email != "" && !known.Suppressed {
		known.Suppressed, err = s.suppressions.Has(ctx, p.Email)
	}
	return known, err
}

// Merge takes traits into the learner's profile, by the rules of [profile.Profile.Merge]: at is when they were
// published. The notes say which traits could not be taken in; they hold no values.
func (s *Profiles) Merge(ctx context.Context, learner string, traits map[string]any, at time.Time) (notes []string, err error) {
	err = s.Change(ctx, learner, func(p *Profile) bool {
		var changed bool
		*p, changed, notes = p.Merge(traits, at)
		return changed
	})
	return notes, err
}

// Change changes a profile under compare-and-swap. change may be called several times and returns false to leave the
// record as it is.
func (s *Profiles) Change(ctx context.Context, learner string, change func(*Profile) bool) error {
	return modify(ctx, s.kv, subjects.Escape(learner), func(p *Profile) (bool, error) { return change(p), nil })
}

// Delete removes the profile with its history. What is not there is not an error.
func (s *Profiles) Delete(ctx context.Context, learner string) error {
	return s.kv.Purge(ctx, subjects.Escape(learner))
}
