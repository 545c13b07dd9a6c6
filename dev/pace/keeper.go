package pace

import (
	"context"
	"sync"
	"time"

	"homeroom/internal/clock"
)

// How a Keeper works, in real time.
const (
	lookEvery  = 50 * time.Millisecond
	calmFor    = 300 * time.Millisecond // nothing must be behind for so long before the clock goes on
	maxHold    = 30 * time.Second       // after this the clock goes on whatever is behind, which it may be for good
	maxStall   = 5 * time.Second        // how far handing over may be behind; what waits for it is decided that late anyway
	freeAfter  = 5 * time.Second        // a clock that went on after maxHold is not held again for so long
	marginTime = 200 * time.Millisecond // the handing over is never known better than this
)

// Keeper holds the clock of a campus while the machine is behind it, so that what learners did is decided while it is fresh. Time passes more
// slowly then, and nothing is skipped as stale that would not have been on a faster machine.
type Keeper struct {
	clock *clock.Changing
	opts  KeeperOptions

	mu     sync.Mutex
	ready  bool          // everything was handed over once: what lay there from an earlier run no longer counts
	behind time.Time     // when something was last seen to be behind, in real time
	since  time.Time     // when the clock was held; zero: it is not
	free   time.Time     // it is not held before
	held   time.Duration // in all, without the present hold
	told   bool
}

// KeeperOptions say when a clock is held.
type KeeperOptions struct {
	// Limit is how old, in the campus's time, an event may be when it is decided.
	Limit time.Duration
	// OnHold is called when the clock is held for the first time, with how far the machine was behind in the campus's time. May be nil.
	OnHold func(behind time.Duration)
}

// staleShare is which part of the age at which events start nothing any more they may have when they are decided.
const staleShare = 3

// defaultLimit is KeeperOptions.Limit where events never become stale.
const defaultLimit = 8 * time.Hour

// LimitOf returns a limit for an academy whose events start nothing when they are older than maxEventAge; 0: they always do.
func LimitOf(maxEventAge time.Duration) time.Duration {
	if maxEventAge <= 0 {
		return defaultLimit
	}
	return max(maxEventAge/staleShare, 1)
}

// NewKeeper returns a keeper of a clock.
func NewKeeper(c *clock.Changing, o KeeperOptions) *Keeper { return &Keeper{clock: c, opts: o} }

// NoteDelay notes that something was done so long after its time, in the campus's time. It may be called from any goroutine.
func (k *Keeper) NoteDelay(delay time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !k.ready:
	case k.since.IsZero() && delay > k.opts.Limit:
		k.hold(delay)
	case !k.since.IsZero() && delay > k.calmLimit():
		k.behind = time.Now()
	}
}

// Held returns for how long the clock was held so far, in real time.
func (k *Keeper) Held() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.since.IsZero() {
		return k.held
	}
	return k.held + time.Since(k.since)
}

// Run holds the clock while handing over is behind, and lets it go on, until ctx ends. The function handedOver returns the instant up to which all events have been
// handed over, in the campus's time; zero: it is not known.
func (k *Keeper) Run(ctx context.Context, handedOver func() time.Time) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			k.checkHandedOver(handedOver())
		case <-ctx.Done():
			k.release()
			return
		}
	}
}

func (k *Keeper) checkHandedOver(handedOver time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var delay time.Duration
	if !handedOver.IsZero() {
		delay = k.clock.Clock().Now().Sub(handedOver)
	}
	switch {
	case !k.ready:
		k.ready = !handedOver.IsZero() && delay <= max(k.opts.Limit, k.clock.Clock().Scale(maxStall))
	case k.since.IsZero():
		if delay > max(k.opts.Limit, k.clock.Clock().Scale(maxStall)) {
			k.hold(delay)
		}
	case time.Since(k.since) > maxHold:
		k.endHold()
		k.free = time.Now().Add(freeAfter)
	case delay > max(k.calmLimit(), k.clock.Clock().Scale(marginTime)):
		k.behind = time.Now()
	case time.Since(k.behind) > calmFor:
		k.endHold()
	}
}

// calmLimit is how old, in the campus's time, an event may be when it is decided for the machine to be no longer behind.
func (k *Keeper) calmLimit() time.Duration { return k.opts.Limit / 4 }

// hold lets the clock stand. The caller holds the lock.
func (k *Keeper) hold(behind time.Duration) {
	now := time.Now()
	if now.Before(k.free) {
		return
	}
	k.clock.Hold()
	k.since = now
	k.behind = now
	if !k.told && k.opts.OnHold != nil {
		k.opts.OnHold(behind)
	}
	k.told = true
}

// endHold lets the clock go on. The caller holds the lock.
func (k *Keeper) endHold() {
	k.held += time.Since(k.since)
	k.since = time.Time{}
	k.clock.Release()
}

func (k *Keeper) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.since.IsZero() {
		k.endHold()
	}
}
