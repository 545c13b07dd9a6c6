package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"homeroom/engine"
	"homeroom/subjects"
)

// maxMerges is how many ids one after the other are followed to the one under which a learner goes on. More are a circle, which no merge makes.
const maxMerges = 16

// errCircle says that ids were merged in a circle.
var errCircle = errors.New("the learner's ids were merged in a circle")

// mergedError says that a profile has nothing but the id under which the learner goes on.
type mergedError struct{ into string }

func (e mergedError) Error() string { return "the learner goes on as " + e.into }

// followMerged calls do with an id, and again with the one into which that was merged for as long as do says so with a mergedError.
func followMerged(learner string, do func(learner string) error) error {
	for range maxMerges {
		err := do(learner)
		var merged mergedError
		if !errors.As(err, &merged) {
			return err
		}
		learner = merged.into
	}
	return fmt.Errorf("profile of %q: %w", learner, errCircle)
}

// MergeInto moves what is known of a learner as a person into the profile of the id under which they go on, where both become one by the rules of
// [profile.Profile.Absorb]. What asks for, or changes, the one asks for and changes the other from then on. Done again it changes nothing.
func (s *Profiles) MergeInto(ctx context.Context, learner, into string) error {
	for range maxTries {
		var own Profile
		key := subjects.Escape(learner)
		revision, err := readRecord(ctx, s.kv, key, &own)
		if err != nil || own.MergedInto != "" {
			return err
		}
		if revision > 0 {
			err := s.Change(ctx, into, func(p *Profile) bool { return p.Absorb(&own) })
			if err != nil {
				return err
			}
		}
		_, err = swapRecord(ctx, s.kv, key, &Profile{MergedInto: into}, revision)
		if !errors.Is(err, errConflict) {
			return err
		}
	}
	return fmt.Errorf("merge a profile into another: lost %d races in a row; try again", maxTries)
}

// MergedInto returns the id under which a learner goes on, as their profile says; empty: this one.
func (s *Profiles) MergedInto(ctx context.Context, learner string) (into string, err error) {
	err = followMerged(learner, func(learner string) error {
		var p Profile
		if _, err := readRecord(ctx, s.kv, subjects.Escape(learner), &p); err != nil {
			return err
		}
		if p.MergedInto != "" {
			into = p.MergedInto
			return mergedError{into}
		}
		return nil
	})
	return into, err
}

// ErrBusy says that a learner cannot be merged now, because their id is just taking over another.
var ErrBusy = errors.New("the learner's id is just taking over another one: try again")

// ErrMerged says that the learner who was to take over another id goes on under another one.
var ErrMerged = errors.New("the learner goes on under another id")

// MergedInto returns, from the store, the id under which a learner goes on; empty: it is this one.
func (s *Standings) MergedInto(ctx context.Context, learner string) (string, error) {
	into := ""
	for range maxMerges {
		next, err := s.Get(ctx, learner)
		if err != nil || next.MergedInto == "" {
			return into, err
		}
		into = next.MergedInto
		learner = into
	}
	return "", fmt.Errorf("standing of %q: %w", learner, errCircle)
}

// Claim notes in the standing of an id that it takes over another, and in that of the other where it went. It returns which id the other goes on as: into, or
// another one that had claimed it before. full says that into takes over no more others, or not those that the other has. The error is ErrMerged if into was
// merged itself, and ErrBusy if the other one is taking over an id; it is to be called again then.
//
// Whoever has noted a claim is not merged until it is done or dropped, so there is no circle of merges. That ids wait for each other in a circle does not last
// either: in each circle an id is claimed by a larger one, and that one drops its claim.
func (s *Standings) Claim(ctx context.Context, other, into string) (owner string, full bool, err error) {
	// Other processes write both records, and a step that has nothing to write would not notice that what is in memory is old.
	s.cache.take(other)
	s.cache.take(into)
	ids, full, err := s.noteClaim(ctx, other, into)
	if err != nil || full {
		return "", full, err
	}
	owner, full, err = s.grantClaim(ctx, other, into, ids)
	if full || errors.Is(err, ErrBusy) && into > other {
		err = errors.Join(err, s.DropClaim(ctx, other, into))
	}
	return owner, full, err
}

// noteClaim is the first step of Claim: it writes into the standing of the one that takes over. It returns the ids that stand there then.
func (s *Standings) noteClaim(ctx context.Context, other, into string) (ids []engine.PreviousID, full bool, err error) {
	merged := false
	err = s.Update(ctx, into, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		merged = st.MergedInto != ""
		if merged {
			return false, owed
		}
		var changed bool
		changed, full = st.BeginMerge(other)
		ids = slices.Clone(st.Previous)
		return changed, owed
	})
	if err == nil && merged {
		err = ErrMerged
	}
	return ids, full, err
}

// grantClaim is the second step of Claim: it writes into the standing of the other one, unless that has been merged or is taking over an id. ids are those of
// the one that takes over.
func (s *Standings) grantClaim(ctx context.Context, other, into string, ids []engine.PreviousID) (owner string, full bool, err error) {
	busy := false
	err = s.Update(ctx, other, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		owner = st.MergedInto
		busy = owner == "" && st.IsMerging()
		full = owner == "" && !busy && !engine.FitTogether(ids, st.Previous)
		if owner != "" || busy || full {
			return false, owed
		}
		owner = into
		st.MergedInto = into
		return true, owed
	})
	if err == nil && busy {
		err = ErrBusy
	}
	return owner, full, err
}

// DropClaim forgets that an id takes over another, which belongs to somebody else.
func (s *Standings) DropClaim(ctx context.Context, other, into string) error {
	return s.Update(ctx, into, func(st *engine.Standing, owed []uint64) (bool, []uint64) { return st.DropMerge(other), owed })
}

// Absorb takes what is known of a claimed id into the standing of the one under which the learner goes on, and empties the other's. Done again it changes nothing.
func (s *Standings) Absorb(ctx context.Context, other, into string, rs *engine.Ruleset) error {
	theirs, err := s.Get(ctx, other)
	if err != nil {
		return err
	}
	merged := false
	err = s.Update(ctx, into, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		merged = st.MergedInto != ""
		if merged || st.HasMerged(other) {
			return false, owed
		}
		st.Absorb(other, theirs, rs)
		return true, owed
	})
	if err != nil {
		return err
	}
	if merged {
		return ErrMerged
	}
	return s.Update(ctx, other, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		if st.MergedInto == "" || st.FirstSeenAt.IsZero() {
			return false, owed
		}
		st.EndMerge(st.MergedInto)
		return true, nil
	})
}
