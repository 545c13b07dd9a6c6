package profile

import (
	"slices"
	"time"
)

// When soft bounces suppress an address.
const (
	SoftBounceLimit  = 5                   // so many refusals
	SoftBounceWindow = 14 * 24 * time.Hour // within so long, with no delivery in between
	SoftBounceRest   = 30 * 24 * time.Hour // suppress the address for so long from the last of them
)

const (
	// maxSoftBounces is how many refusals are remembered, so that those that are heard late and out of order count as if in order.
	maxSoftBounces = 16
	// sameRefusal is how far apart two reports of one refusal may be: a provider's webhook and its list stamp them by different clocks.
	sameRefusal = time.Minute
)

// SoftBounces is what is known of refusals of an address that may pass. The zero value: none is known. What is heard twice, late or out of
// order leads to the same.
type SoftBounces struct {
	// At are the newest refusals after Delivered, the oldest first; at most maxSoftBounces.
	At []time.Time `json:"at,omitempty"`
	// Delivered is the newest delivery that followed a refusal.
	Delivered time.Time `json:"delivered,omitzero"`
}

// IsZero reports whether nothing is known.
func (b SoftBounces) IsZero() bool { return len(b.At) == 0 && b.Delivered.IsZero() }

// AddBounce returns the record with a refusal at a time, and whether that is news.
func (b SoftBounces) AddBounce(at time.Time) (next SoftBounces, changed bool) {
	known := slices.ContainsFunc(b.At, func(t time.Time) bool { return t.Sub(at).Abs() < sameRefusal })
	if known || !at.After(b.Delivered) || len(b.At) == maxSoftBounces && at.Before(b.At[0]) {
		return b, false
	}
	i, _ := slices.BinarySearchFunc(b.At, at, time.Time.Compare)
	b.At = slices.Insert(slices.Clone(b.At), i, at)
	b.At = b.At[max(0, len(b.At)-maxSoftBounces):]
	return b, true
}

// AddDelivery returns the record with a delivery at a time, and whether that is news: refusals up to then count no more, and the suppression that
// they led to ends. A delivery that no refusal preceded is not recorded.
func (b SoftBounces) AddDelivery(at time.Time) (next SoftBounces, changed bool) {
	if len(b.At) == 0 || at.Before(b.At[0]) || !at.After(b.Delivered) {
		return b, false
	}
	b.Delivered = at
	b.At = slices.DeleteFunc(slices.Clone(b.At), func(t time.Time) bool { return !t.After(at) })
	return b, true
}

// Merge returns what two records of one address say together.
func (b SoftBounces) Merge(other SoftBounces) SoftBounces {
	for _, at := range other.At {
		b, _ = b.AddBounce(at)
	}
	b, _ = b.AddDelivery(other.Delivered)
	return b
}

// After returns what is known of a time later than at: a learner who asks for mail again takes back what was before.
func (b SoftBounces) After(at time.Time) SoftBounces {
	b.At = slices.DeleteFunc(slices.Clone(b.At), func(t time.Time) bool { return !t.After(at) })
	if !b.Delivered.After(at) {
		b.Delivered = time.Time{}
	}
	return b
}

// SuppressedUntil returns until when the address rests; zero: it does not, as of now.
func (b SoftBounces) SuppressedUntil(now time.Time) time.Time {
	for last := len(b.At) - 1; last >= SoftBounceLimit-1; last-- {
		until := b.At[last].Add(SoftBounceRest)
		if b.At[last].Sub(b.At[last-SoftBounceLimit+1]) <= SoftBounceWindow {
			if until.After(now) {
				return until
			}
			break
		}
	}
	return time.Time{}
}
