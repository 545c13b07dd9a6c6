package triggers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// retry tries until it works, with growing, jittered waits; the slot is taken for each try and not held in between. It
// returns an error only if the try was refused for good ([ErrRefused]) or given up for the shutdown.
func (p *partition) retry(what, learner string, slots chan struct{}, try func(ctx context.Context) error) error {
	for n := 1; ; n++ {
		err := p.once(slots, try)
		if err == nil || errors.Is(err, ErrRefused) || errors.Is(err, errStopping) {
			return err
		}
		p.t.count.retries.Add(1)
		if n == 1 || n%20 == 0 {
			p.log.Warn(what+" failed; trying again", "learner", learner, "tries", n, "error", err)
		}
		timer := time.NewTimer(p.t.backoff(n))
		select {
		case <-timer.C:
		case <-p.stopping:
			timer.Stop()
			return errStopping
		}
	}
}

func (p *partition) once(slots chan struct{}, try func(ctx context.Context) error) error {
	select {
	case slots <- struct{}{}:
	case <-p.work.Done():
		return errStopping
	}
	defer func() { <-slots }()
	ctx, cancel := context.WithTimeout(p.work, p.t.o.HandOverTimeout)
	defer cancel()
	return guard(func() error { return try(ctx) })
}

// guard turns a panic into an error, so that one event cannot end the others'.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &crash{value: r, stack: debug.Stack()}
		}
	}()
	return f()
}

// crash is a panic that was caught.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("panic: %v", c.value) }

// backoff is the wait after the n-th failed try: doubling, and anywhere in its upper half.
func (t *Triggers) backoff(n int) time.Duration {
	wait := t.o.RetryMin << min(n-1, 20)
	if wait <= 0 || wait > t.o.RetryMax {
		wait = t.o.RetryMax
	}
	return wait/2 + rand.N(wait/2+1)
}

func (t *Triggers) pause(ctx context.Context, n int) {
	timer := time.NewTimer(t.backoff(n))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
