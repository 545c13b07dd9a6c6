package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"homeroom/dev/instance"
	"homeroom/dev/keyboard"
	"homeroom/dev/pace"
	"homeroom/engine"
	"homeroom/internal/clock"
)

// paceControl lets the keys of a terminal change the pace of the campus, and holds its clock while the machine is behind. The zero paceControl does nothing.
type paceControl struct {
	control  *pace.Control // nil: no keys are read
	keyboard *keyboard.Keyboard
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// startControl keeps the pace of a campus and, in a terminal, reads keys and says which there are. Without a clock to change it does nothing.
func startControl(ctx context.Context, c *console, h *instance.Instance, changing *clock.Changing, keeper *pace.Keeper) *paceControl {
	p := &paceControl{}
	if changing == nil {
		return p
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.running.Go(func() { keeper.Run(ctx, h.HandedOver) })
	if c.in == nil {
		return p
	}
	var err error
	if p.keyboard, err = keyboard.Open(c.in); err != nil {
		c.log.Error("no keys are read", "error", err)
	}
	if p.keyboard == nil {
		return p
	}
	wakes := make(chan struct{}, 1)
	p.control = pace.NewControl(changing, func() {
		select {
		case wakes <- struct{}{}:
		default: // learners are to be woken anyway
		}
	}, func(line string) { fmt.Fprintln(c.out, line) })
	p.running.Go(func() { p.control.Run(ctx, p.keyboard.Keys()) })
	p.running.Go(func() { wakeLearners(ctx, c, h, wakes) })
	fmt.Fprintln(c.out, pace.Help)
	return p
}

// noteDecision ends a jump to the next message.
func (p *paceControl) noteDecision(d engine.Decision) {
	if p.control != nil && d.Kind == engine.KindSent {
		p.control.NoteSent()
	}
}

// close gives the clock free and the terminal back.
func (p *paceControl) close() {
	if p.stop == nil {
		return
	}
	p.stop()
	p.running.Wait()
	if p.keyboard == nil {
		return
	}
	if err := p.keyboard.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
	}
}

// wakeLearners wakes all learners for each request, until ctx ends. A request that comes meanwhile begins anew.
func wakeLearners(ctx context.Context, c *console, h *instance.Instance, requests <-chan struct{}) {
	for ctx.Err() == nil {
		select {
		case <-requests:
		case <-ctx.Done():
			return
		}
		for again := true; again; {
			again = wakeOnce(ctx, c, h, requests)
		}
	}
}

// wakeOnce wakes all learners and reports whether a request came meanwhile, with which it stops.
func wakeOnce(ctx context.Context, c *console, h *instance.Instance, requests <-chan struct{}) (again bool) {
	waking, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- h.WakeLearners(waking) }()
	select {
	case err := <-done:
		if err != nil && ctx.Err() == nil {
			c.log.Error("some learners go by the old pace for a minute", "error", err)
		}
		return false
	case <-requests:
		stop()
		<-done
		return true
	}
}

// graceAtAnyPace is how late a decision counts as punctual: what takes a minute at the pace at which the campus begins, or half of one at the
// fastest that keys can choose.
func graceAtAnyPace(now clock.Clock) time.Duration {
	return max(now.Scale(time.Minute), time.Duration(pace.Fastest*float64(30*time.Second)))
}

// afterOn returns a channel that gets the time when a duration has passed on a clock, whatever its pace meanwhile; never, if ctx ends before.
func afterOn(ctx context.Context, now clock.Clock, d time.Duration) <-chan time.Time {
	until := now.Now().Add(d)
	due := make(chan time.Time, 1)
	go func() {
		if now.SleepUntil(ctx, until) == nil {
			due <- now.Now()
		}
	}()
	return due
}
