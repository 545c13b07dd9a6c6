package clock

import (
	"context"
	"time"
)

// Sleep waits for d of real time; not at all if d is not positive. It returns the context's error if ctx ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// SleepUntil waits until the clock shows virtual, however its pace changes meanwhile. It returns the context's error if ctx
// ends first.
func (c Clock) SleepUntil(ctx context.Context, virtual time.Time) error {
	for {
		changed := c.Changed() // before the clock is asked, so that no change is missed
		wait := time.Until(c.When(virtual))
		if wait <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
		}
		timer.Stop()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
