package clock

import (
	"sync"
	"time"
)

// MaxTimer is the longest timer, in real time, by a clock whose pace can change. A process that sleeps by one looks again after so
// long, so that it oversleeps by no more if the clock has become faster meanwhile.
const MaxTimer = time.Minute

// Changing is a clock whose pace can be changed while it runs. The process that holds it may change it; all others get its
// [Clock]. The time that it shows goes on from where it was, and never goes back. It is safe for concurrent use.
type Changing struct {
	mu      sync.RWMutex
	shown   Clock // a plain value
	stopped bool
	held    bool
	changed chan struct{} // closed and replaced at each change
}

// NewChanging returns a clock that runs on as a plain one does, from now on. A clock that stands goes on. The machine's own time
// cannot be changed: of it the result is a copy at pace 1.
func NewChanging(from Clock) *Changing {
	now := time.Now()
	from = from.present()
	if from.IsReal() {
		from = New(now, now, 1)
	}
	switch {
	case now.Before(from.Anchor): // keep the time that it shows, with now as the anchor
		from = Clock{
			Anchor:  now.Round(0),
			Start:   from.At(now),
			Factor:  from.Factor,
			Stands:  false,
			Earlier: nil,
		}
	case from.Stands:
		from = from.continueAs(now, from.Factor, false)
	}
	return &Changing{shown: from, changed: make(chan struct{})}
}

// Clock returns the clock for readers, which cannot change it.
func (c *Changing) Clock() Clock { return Clock{changing: c} }

// SetPace lets time pass factor times as fast as real time, now or when the clock goes on. A factor that is not a positive number means 1.
func (c *Changing) SetPace(factor float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beginStretch(factorOf(factor))
}

// Pace returns how much faster than real time the clock runs, or will when it goes on.
func (c *Changing) Pace() float64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.shown.Factor
}

// Stop lets the clock stand until GoOn.
func (c *Changing) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.beginStretch(c.shown.Factor)
}

// GoOn ends Stop.
func (c *Changing) GoOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = false
	c.beginStretch(c.shown.Factor)
}

// IsStopped reports whether Stop was called last, and not GoOn.
func (c *Changing) IsStopped() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.stopped
}

// Hold lets the clock stand for a moment, until Release. Timers are set as if it ran on meanwhile: they fire too early, and are
// set again.
func (c *Changing) Hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = true
	c.beginStretch(c.shown.Factor)
}

// Release ends Hold.
func (c *Changing) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	c.beginStretch(c.shown.Factor)
}

// beginStretch begins a stretch with the settings, if they differ from those of the last one. The caller holds the lock, so that nobody is shown a
// time of the old stretch that lies after the beginning of the new one.
func (c *Changing) beginStretch(factor float64) {
	stands := c.stopped || c.held
	if factor == c.shown.Factor && stands == c.shown.Stands {
		return
	}
	now := time.Now()
	if now.Before(c.shown.Anchor) { // the machine's clock was set back
		now = c.shown.Anchor
	}
	c.shown = c.shown.continueAs(now, factor, stands)
	close(c.changed)
	c.changed = make(chan struct{})
}

// now reads the machine's clock while nobody changes this one.
func (c *Changing) now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.shown.At(time.Now())
}

func (c *Changing) present() Clock {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.shown
}

func (c *Changing) timer(virtual time.Duration) time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.stopped { // nobody knows when it goes on
		return MaxTimer
	}
	return min(c.shown.Wait(virtual), MaxTimer)
}

func (c *Changing) nextChange() <-chan struct{} {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changed
}
