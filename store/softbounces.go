package store

import (
	"context"
	"fmt"
	"time"

	"homeroom/profile"
)

// AddSoftBounce notes that an address refused a message this time; at is when. Many of them suppress the address for a while, see
// [profile.SoftBounces]. What was before the suppression was lifted counts no more, and hearing it again changes nothing.
func (s *Suppressions) AddSoftBounce(ctx context.Context, email string, at time.Time) error {
	err := s.changeSoftBounces(ctx, email, func(all Suppression, known profile.SoftBounces) (profile.SoftBounces, bool) {
		if !at.After(all.Lifted) || all.Reason == ReasonErased {
			return known, false
		}
		return known.AddBounce(at)
	})
	if err != nil {
		return fmt.Errorf("note that an address refused a message: %w", err)
	}
	return nil
}

// AddDelivery notes that an address took a message; at is when. Soft bounces up to then count no more. Of an address that refused nothing, nothing
// is recorded.
func (s *Suppressions) AddDelivery(ctx context.Context, email string, at time.Time) error {
	err := s.changeSoftBounces(ctx, email, func(_ Suppression, known profile.SoftBounces) (profile.SoftBounces, bool) {
		return known.AddDelivery(at)
	})
	if err != nil {
		return fmt.Errorf("note that an address took a message: %w", err)
	}
	return nil
}

// changeSoftBounces changes the soft bounces of an address. change gets what all secrets know of it.
func (s *Suppressions) changeSoftBounces(ctx context.Context, email string, change func(all Suppression, known profile.SoftBounces) (profile.SoftBounces, bool)) error {
	old, err := s.findUnderOldKeys(ctx, email)
	if err != nil {
		return err
	}
	err = s.changeRecord(ctx, s.addressKeys(email)[0], func(current *Suppression) bool {
		all := mergeSuppressions(*current, old)
		var known profile.SoftBounces
		if all.Soft != nil {
			known = *all.Soft
		}
		next, changed := change(all, known)
		if changed {
			current.Soft = &next
		}
		return changed
	})
	if isUnreadable(err) {
		return nil // it suppresses as it is
	}
	return err
}

// asOf returns the suppression as it is at a time: if nothing lasting suppresses the address, its soft bounces may.
func (s Suppression) asOf(now time.Time) Suppression {
	if s.Reason != "" || s.Soft == nil {
		return s
	}
	if until := s.Soft.SuppressedUntil(now); !until.IsZero() {
		s.Reason = ReasonSoftBounced
		s.At = until.Add(-profile.SoftBounceRest)
		s.Until = until
	}
	return s
}

// softBouncesAfter returns the refusals later than at; nil: none.
func softBouncesAfter(soft *profile.SoftBounces, at time.Time) *profile.SoftBounces {
	if soft == nil {
		return nil
	}
	later := soft.After(at)
	if later.IsZero() {
		return nil
	}
	return &later
}

// mergeSoftBounces returns what two records say together; nil: nothing.
func mergeSoftBounces(a, b *profile.SoftBounces) *profile.SoftBounces {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	all := a.Merge(*b)
	return &all
}
