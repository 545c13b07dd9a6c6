package clock

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// Clock maps real time to the time Homeroom lives in: Factor virtual seconds pass in each real one, and at the real
// instant Anchor it was the virtual instant Start. The zero Clock is real time. As JSON it survives a restart, after
// which virtual time goes on where it would have been.
//
// It is a plain value, and runs evenly, unless it is that of a [Changing]: then its copies show the same time whatever
// is done to the pace, the fields below are empty, and the JSON is the clock as it runs at that moment.
type Clock struct {
	Anchor time.Time `json:"anchor,omitzero"`
	Start  time.Time `json:"start,omitzero"`
	Factor float64   `json:"factor,omitempty"`
	// Stands reports that no time passes from Anchor on. Factor is the pace at which it passes afterwards.
	Stands bool `json:"stands,omitempty"`
	// Earlier is how the clock ran before Anchor, the oldest stretch first, as far as that is known. The oldest one has no
	// beginning.
	Earlier []Stretch `json:"earlier,omitempty"`

	changing *Changing // nil: the fields above say everything
}

// Stretch is a time in which a clock ran evenly or stood. It begins at the real instant Anchor and the virtual instant
// Start, and ends where the next one begins.
type Stretch struct {
	Anchor time.Time `json:"anchor"`
	Start  time.Time `json:"start"`
	Factor float64   `json:"factor"`
	Stands bool      `json:"stands,omitempty"`
}

// Real is the machine's own time.
func Real() Clock { return Clock{} }

// New returns a clock that shows virtual at the real instant and runs factor times as fast. A factor that is not a
// positive number means 1.
func New(real, virtual time.Time, factor float64) Clock {
	return Clock{Anchor: real.Round(0), Start: virtual.Round(0), Factor: factorOf(factor)}
}

// factorOf returns a factor, or 1 if it is not a positive number.
func factorOf(factor float64) float64 {
	if !(factor > 0) || math.IsInf(factor, 1) {
		return 1
	}
	return factor
}

// IsReal reports whether the clock is the machine's own.
func (c Clock) IsReal() bool { return c.changing == nil && c.Factor == 0 }

// IsStanding reports whether no time passes at present.
func (c Clock) IsStanding() bool { return c.present().Stands }

// Now is the present virtual time. It never goes back.
func (c Clock) Now() time.Time {
	if c.changing != nil {
		return c.changing.now()
	}
	return c.At(time.Now())
}

// At is the virtual time at a real instant. Order is kept: a later instant is never shown as an earlier time. Of a
// clock that changes it is final for instants that have passed.
func (c Clock) At(real time.Time) time.Time {
	if c = c.present(); c.IsReal() {
		return real
	}
	if !real.Before(c.Anchor) || len(c.Earlier) == 0 {
		return c.last().at(real)
	}
	i := len(c.Earlier) - 1
	for i > 0 && real.Before(c.Earlier[i].Anchor) {
		i--
	}
	return c.Earlier[i].at(real)
}

// When is the first real instant at which the clock shows virtual or later. While the clock stands, what it does not show yet is
// centuries away.
func (c Clock) When(virtual time.Time) time.Time {
	if c = c.present(); c.IsReal() {
		return virtual
	}
	for i, s := range c.Earlier {
		next := c.last()
		if i+1 < len(c.Earlier) {
			next = c.Earlier[i+1]
		}
		if !virtual.After(next.Start) {
			return earlierOf(s.when(virtual), next.Anchor)
		}
	}
	return c.last().when(virtual)
}

// Scale is how much virtual time passes in a real duration, at the present pace.
func (c Clock) Scale(real time.Duration) time.Duration {
	if c = c.present(); c.IsReal() {
		return real
	}
	return scaleBy(c.Factor, real)
}

// Wait is how long a virtual duration takes in real time, at the present pace; rounded up, so that nobody wakes early. While
// the clock stands, the pace is the one at which it goes on.
func (c Clock) Wait(virtual time.Duration) time.Duration {
	if c = c.present(); c.IsReal() {
		return virtual
	}
	return waitBy(c.Factor, virtual)
}

// Timer is for how long, in real time, a timer is to be set that should fire when the virtual duration has passed. It is
// Wait, unless the clock's pace can change: then it is no more than MaxTimer, and the timer may fire before its time.
func (c Clock) Timer(virtual time.Duration) time.Duration {
	if c.changing == nil {
		return c.Wait(virtual)
	}
	return c.changing.timer(virtual)
}

// Changed returns a channel that is closed when the clock's pace changes next. It is nil if the pace never does.
func (c Clock) Changed() <-chan struct{} {
	if c.changing == nil {
		return nil
	}
	return c.changing.nextChange()
}

// MarshalJSON implements json.Marshaler.
func (c Clock) MarshalJSON() ([]byte, error) {
	type fields Clock
	return json.Marshal(fields(c.present()))
}

// present returns the clock as a value that changes no more.
func (c Clock) present() Clock {
	if c.changing != nil {
		return c.changing.present()
	}
	return c
}

// last is the stretch that has no end yet.
func (c Clock) last() Stretch {
	return Stretch{Anchor: c.Anchor, Start: c.Start, Factor: c.Factor, Stands: c.Stands}
}

// maxEarlier is how many earlier stretches a clock keeps. What is older is taken to have run as the oldest of them.
const maxEarlier = 256

// continueAs returns the clock that runs at another pace, or stands, from a real instant on, which must not be before Anchor.
func (c Clock) continueAs(real time.Time, factor float64, stands bool) Clock {
	real = real.Round(0)
	next := Clock{Anchor: real, Start: c.At(real), Factor: factor, Stands: stands}
	if c.Anchor.Before(real) {
		next.Earlier = append(slices.Clone(c.Earlier), c.last())
	} else {
		next.Earlier = c.Earlier // the last stretch has lasted for no time
	}
	if extra := len(next.Earlier) - maxEarlier; extra > 0 {
		next.Earlier = next.Earlier[extra:]
	}
	return next
}

func (s Stretch) at(real time.Time) time.Time {
	if s.Stands {
		return s.Start
	}
	return s.Start.Add(scaleBy(s.Factor, real.Sub(s.Anchor)))
}

func (s Stretch) when(virtual time.Time) time.Time {
	switch {
	case !s.Stands:
		return s.Anchor.Add(waitBy(s.Factor, virtual.Sub(s.Start)))
	case virtual.After(s.Start):
		return s.Anchor.Add(math.MaxInt64)
	default:
		return s.Anchor
	}
}

func scaleBy(factor float64, real time.Duration) time.Duration {
	return durationOf(math.Floor(float64(real) * factor))
}

func waitBy(factor float64, virtual time.Duration) time.Duration {
	return durationOf(math.Ceil(float64(virtual) / factor))
}

// durationOf converts without wrapping around at the ends of what a Duration holds (about 292 years).
func durationOf(ns float64) time.Duration {
	switch {
	case ns >= math.MaxInt64:
		return math.MaxInt64
	case ns <= math.MinInt64:
		return math.MinInt64
	}
	return time.Duration(ns)
}

func earlierOf(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
