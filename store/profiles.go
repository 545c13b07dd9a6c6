package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/profile"
	"homeroom/subjects"
)

// Profile is a learner as a person; see package profile.
type Profile = profile.Profile

// Profiles are the learners' profiles, by escaped learner id.
type Profiles struct {
	kv           jetstream.KeyValue
	suppressions *Suppressions
	sends        *Sends
}

// Get returns the learner's profile; of an unknown learner the zero Profile and no error.
func (s *Profiles) Get(ctx context.Context, learner string) (Profile, error) {
	p, _, err := s.findProfile(ctx, learner)
	return p, err
}

// findProfile is Get; it also returns whether there is a profile.
func (s *Profiles) findProfile(ctx context.Context, learner string) (p Profile, found bool, err error) {
	err = followMerged(learner, func(learner string) error {
		p = Profile{}
		revision, err := readRecord(ctx, s.kv, subjects.Escape(learner), &p)
		found = revision > 0
		if p.MergedInto != "" {
			return mergedError{p.MergedInto}
		}
		return err
	})
	return p, found, err
}

// Profile is what the engine may know of the learner, including whether their address is suppressed.
func (s *Profiles) Profile(ctx context.Context, learner string) (engine.Profile, error) {
	_, known, err := s.Person(ctx, learner)
	return known, err
}

// Person is a profile together with what the engine may know of it, from one reading: its address is the one that is
// known not to be suppressed.
func (s *Profiles) Person(ctx context.Context, learner string) (Profile, engine.Profile, error) {
	p, err := s.Get(ctx, learner)
	if err != nil {
		return Profile{}, engine.Profile{}, err
	}
	known := p.Engine()
	if p.Email == "" {
		return p, known, nil
	}
	found, suppressed, err := s.suppressions.Get(ctx, p.Email)
	if err != nil {
		return p, known, err
	}
	reach := known.Reach[engine.ChannelEmail]
	if suppressed && !reach.Suppressed { // else it is for good
		reach.SuppressedUntil = found.Until
	}
	reach.Suppressed = reach.Suppressed || suppressed
	known.Reach[engine.ChannelEmail] = reach
	if left := found.topicsLeft(p); len(left) > 0 {
		known.Unsubscribed = append(slices.Clone(known.Unsubscribed), left...)
		known.Subscribed = slices.DeleteFunc(slices.Clone(known.Subscribed), func(topic string) bool { return slices.Contains(left, topic) })
	}
	return p, known, nil
}

// Merge takes traits into the learner's profile, by the rules of [profile.Profile.Merge]: at is when they were
// published. The notes say which traits could not be taken in; they hold no values.
func (s *Profiles) Merge(ctx context.Context, learner string, traits map[string]any, at time.Time) (notes []string, err error) {
	return s.MergeAll(ctx, learner, func(yield func(map[string]any, time.Time) bool) { yield(traits, at) })
}

// MergeAll is [Profiles.Merge] for one update after the other, with one compare-and-swap for all of them: all are in the
// profile when it returns nil, or else none. updates may be ranged over several times.
func (s *Profiles) MergeAll(ctx context.Context, learner string, updates iter.Seq2[map[string]any, time.Time]) (notes []string, err error) {
	err = followMerged(learner, func(learner string) error {
		notes, err = s.mergeAll(ctx, learner, updates)
		return err
	})
	return notes, err
}

func (s *Profiles) mergeAll(ctx context.Context, learner string, updates iter.Seq2[map[string]any, time.Time]) (notes []string, err error) {
	err = modifyRecord(ctx, s.kv, subjects.Escape(learner), func(p *Profile, exists bool) (changed bool, err error) {
		if p.MergedInto != "" {
			return false, mergedError{p.MergedInto}
		}
		notes = nil
		var mayBegin func(time.Time) bool
		for traits, at := range updates {
			if !exists {
				if mayBegin == nil {
					if mayBegin, err = s.mayCreate(ctx, learner); err != nil {
						return false, err
					}
				}
				if !mayBegin(at) {
					continue
				}
			}
			next, did, untaken := p.Merge(traits, at)
			*p = next
			notes = append(notes, untaken...)
			exists = exists || did
			changed = changed || did
		}
		return changed, nil
	})
	return notes, err
}

// mayCreate reports whether something published at a time may make a new profile: not if the learner was erased since, and
// it is still on its way.
func (s *Profiles) mayCreate(ctx context.Context, learner string) (func(at time.Time) bool, error) {
	t, erased, err := s.suppressions.Tombstone(ctx, learner)
	return func(at time.Time) bool { return !erased || at.After(t.At) }, err
}

// ApplyFeedback takes in what came back about the learner's mail, see [profile.FeedbackOf]; at is when it happened. It may be applied
// again, and late: what the learner said since is not overruled.
func (s *Profiles) ApplyFeedback(ctx context.Context, learner string, f profile.Feedback, at time.Time) error {
	create := func() (bool, error) {
		mayBegin, err := s.mayCreate(ctx, learner)
		return mayBegin(at), err
	}
	now, err := s.changeProfile(ctx, learner, create, func(p *Profile) bool { return p.ApplyFeedback(f, at) })
	if err == nil {
		err = s.applyToAddress(ctx, now, f, at)
	}
	if err != nil {
		return fmt.Errorf("take in what came back about mail: %w", err)
	}
	return nil
}

// applyToAddress takes in what feedback says of a learner's address. Feedback says whose mail it was and not where it
// went: if the address is newer than the send, or than the feedback of no send, then it is not meant.
func (s *Profiles) applyToAddress(ctx context.Context, p Profile, f profile.Feedback, at time.Time) error {
	if f.Suppress == "" && !f.SoftBounce && !f.Delivered || p.Email == "" {
		return nil
	}
	sent := at
	if f.Send != "" {
		e, err := s.sends.Get(ctx, f.Send)
		if err != nil {
			return err
		}
		if !e.Send.At.IsZero() {
			sent = e.Send.At
		}
	}
	if p.EmailAt.After(sent) {
		return nil
	}
	switch {
	case f.Suppress != "":
		return s.suppressions.Add(ctx, p.Email, f.Suppress, at)
	case f.SoftBounce:
		return s.suppressions.AddSoftBounce(ctx, p.Email, at)
	default:
		return s.suppressions.AddDelivery(ctx, p.Email, at)
	}
}

// Change changes a profile under compare-and-swap. change may be called several times and returns false to leave the
// record as it is.
func (s *Profiles) Change(ctx context.Context, learner string, change func(*Profile) bool) error {
	_, err := s.changeProfile(ctx, learner, alwaysCreate, change)
	return err
}

// changeProfile is Change, and returns the profile as it is then. create is asked if there is none: whether one may be made.
func (s *Profiles) changeProfile(ctx context.Context, learner string, create func() (bool, error), change func(*Profile) bool) (now Profile, err error) {
	err = followMerged(learner, func(learner string) error {
		return modifyRecord(ctx, s.kv, subjects.Escape(learner), func(p *Profile, exists bool) (bool, error) {
			if p.MergedInto != "" {
				return false, mergedError{p.MergedInto}
			}
			if !exists {
				if may, err := create(); err != nil || !may {
					return false, err
				}
			}
			changed := change(p)
			now = *p
			return changed, nil
		})
	})
	return now, err
}

func alwaysCreate() (bool, error) { return true, nil }

// Delete removes the profile. What is not there is not an error.
func (s *Profiles) Delete(ctx context.Context, learner string) error {
	return s.kv.Delete(ctx, subjects.Escape(learner))
}
