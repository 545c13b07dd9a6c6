package clock

import (
	"math"
	"time"
)

// Clock maps real time to the time Homeroom lives in: Factor virtual seconds pass in each real one, and at the real
// instant Anchor it was the virtual instant Start. The zero Clock is real time. It is a plain value; as JSON it
// survives a restart, after which virtual time goes on where it would have been.
type Clock struct {
	Anchor time.Time `json:"anchor,omitzero"`
	Start  time.Time `json:"start,omitzero"`
	Factor float64   `json:"factor,omitempty"`
}

// Real is the machine's own time.
func Real() Clock { return Clock{} }

// New returns a clock that shows virtual at the real instant and runs factor times as fast. A factor that is not a
// positive number means 1.
func New(real, virtual time.Time, factor float64) Clock {
	if !(factor > 0) || math.IsInf(factor, 1) {
		factor = 1
	}
	return Clock{Anchor: real.Round(0), Start: virtual.Round(0), Factor: factor}
}

// IsReal reports whether the clock is the machine's own.
func (c Clock) IsReal() bool { return c.Factor == 0 }

// Now is the present virtual time.
func (c Clock) Now() time.Time { return c.At(time.Now()) }

// At is the virtual time at a real instant. Order is kept: a later instant is never shown as an earlier time.
func (c Clock) At(real time.Time) time.Time {
	if c.IsReal() {
		return real
	}
	return c.Start.Add(c.Scale(real.Sub(c.Anchor)))
}

// When is the first real instant at which the clock shows virtual or later.
func (c Clock) When(virtual time.Time) time.Time {
	if c.IsReal() {
		return virtual
	}
	return c.Anchor.Add(c.Wait(virtual.Sub(c.Start)))
}

// Scale is how much virtual time passes in a real duration.
func (c Clock) Scale(real time.Duration) time.Duration {
	if c.IsReal() {
		return real
	}
	return durationOf(math.Floor(float64(real) * c.Factor))
}

// Wait is how long to wait, in real time, until the virtual duration has passed; rounded up, so that nobody wakes early.
func (c Clock) Wait(virtual time.Duration) time.Duration {
	if c.IsReal() {
		return virtual
	}
	return durationOf(math.Ceil(float64(virtual) / c.Factor))
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
