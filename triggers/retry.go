package triggers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// retryUntilDone tries until it works, with growing, jittered waits; the slot is taken for each try and not held in between. It
// returns an error only if the try was refused for good ([ErrRefused]) or given up for the shutdown, or a laneFailure if it is for a lane that fails
// for too long; without a lane it is tried for ever.
func (p *partition) retryUntilDone(what, learner string, slots chan struct{}, ln *lane, try func(ctx context.Context) error) error {
	for n := 1; ; n++ {
		began := p.t.o.Clock.Now()
		err := p.tryOnce(slots, try)
		if err == nil {
			p.t.noteSuccess(what)
			return nil
		}
		if errors.Is(err, ErrRefused) || errors.Is(err, errStopping) {
			return err
		}
		p.t.count.retries.Add(1)
		if n == 1 && ln != nil {
			p.t.failing.Add(1)
			defer p.t.failing.Add(-1)
		}
		if ln != nil && p.failsForTooLong(ln, what, err, n, began) {
			return &laneFailure{step: what, err: err}
		}
		if n == 1 || n%20 == 0 {
			p.log.Warn(what+" failed; trying again", "learner", learner, "tries", n, "error", err)
		}
		timer := time.NewTimer(p.t.retryWait(n))
		select {
		case <-timer.C:
		case <-p.stopping:
			timer.Stop()
			return errStopping
		}
	}
}

func (p *partition) tryOnce(slots chan struct{}, try func(ctx context.Context) error) error {
	select {
	case slots <- struct{}{}:
	case <-p.work.Done():
		return errStopping
	}
	defer func() { <-slots }()
	ctx, cancel := context.WithTimeout(p.work, p.t.o.HandOverTimeout)
	defer cancel()
	return catchPanic(func() error { return try(ctx) })
}

// catchPanic turns a panic into an error, so that one event cannot stop the handling of others.
func catchPanic(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &caughtPanic{value: r, stack: debug.Stack()}
		}
	}()
	return f()
}

// caughtPanic is a panic that was caught.
type caughtPanic struct {
	value any
	stack []byte
}

func (c *caughtPanic) Error() string { return fmt.Sprintf("panic: %v", c.value) }

// retryWait is the wait after the n-th failed try: doubling, and anywhere in its upper half.
func (t *Triggers) retryWait(n int) time.Duration {
	wait := t.o.RetryMin << min(n-1, 20)
	if wait <= 0 || wait > t.o.RetryMax {
		wait = t.o.RetryMax
	}
	return wait/2 + rand.N(wait/2+1)
}

func (t *Triggers) waitBeforeRetry(ctx context.Context, n int) {
	timer := time.NewTimer(t.retryWait(n))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
