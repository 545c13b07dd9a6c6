package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/workflows"
)

// handOver hands the event to those who were found, together, and then says how far the part has come.
func (p *broadcastPart) handOver(ctx context.Context) error {
	if !p.in.DryRun {
		if err := p.handOverAll(ctx); err != nil {
			return err
		}
	}
	p.seen.Reached += len(p.reached)
	p.recordDone(ctx)
	return nil
}

// handOverAll hands the event to all of those who were found. A learner whose workflow takes nothing is left out.
func (p *broadcastPart) handOverAll(ctx context.Context) error {
	errs := make([]error, len(p.reached))
	took := make([]time.Duration, len(p.reached))
	var ended error
	var working sync.WaitGroup
	for i, learner := range p.reached {
		if ended = p.awaitSlot(ctx); ended != nil {
			break
		}
		working.Go(func() { took[i], errs[i] = p.handOverTo(ctx, learner) })
	}
	working.Wait()
	p.b.giveWay.noteHandOvers(meanOf(took))
	if ended != nil { // who got the event already gets it again, and knows it
		return ended
	}
	kept := p.reached[:0]
	for i, learner := range p.reached {
		switch {
		case errs[i] == nil:
			kept = append(kept, learner)
		case p.b.IsOfLearner(errs[i]):
			p.b.Log.Warn("a learner is left out of a broadcast: their workflow takes nothing at present", "learner", learner, "event", p.in.Event.ID, "error", errs[i])
			p.countLeftOut(workflows.LeftOutNotTaken)
		default:
			return errs[i]
		}
	}
	p.reached = kept
	return nil
}

// handOverTo hands the event to a learner. took is how long the first try was, whatever came of it.
func (p *broadcastPart) handOverTo(ctx context.Context, learner string) (took time.Duration, err error) {
	ev := p.in.Event
	ev.Learner = learner
	ev.Broadcast = true
	batch := workflows.Batch{
		Learner:   learner,
		Partition: p.b.PartitionOf(learner),
		Events:    []engine.Event{ev},
	}
	began := time.Now()
	for n := 1; ; n++ {
		err := p.b.Starter.HandOver(ctx, batch)
		if n == 1 {
			took = time.Since(began)
		}
		if err == nil || n == handOverTries || !p.b.IsOfLearner(err) {
			return took, err
		}
		if err := clock.Sleep(ctx, handOverPause); err != nil {
			return took, err
		}
	}
}

// awaitSlot waits until the next learner may be handed the event: first for the rate of the part itself, then for its turn among all parts of the process. A turn is not taken
// ahead of time, since a part with a low rate would hold the others up.
func (p *broadcastPart) awaitSlot(ctx context.Context) error {
	if p.in.PerSecond <= 0 {
		return ctx.Err()
	}
	if err := p.sleepUntil(ctx, p.nextSlot); err != nil {
		return err
	}
	share := p.b.giveWay.currentShare()
	rate := p.in.PerSecond
	if p.in.GivesWay {
		rate *= share
	}
	interval := time.Duration(float64(time.Second) / rate)
	slot := p.b.slots.reserveSlot(dueSlot(p.nextSlot, time.Now(), interval), share)
	p.nextSlot = slot.Add(interval)
	return p.sleepUntil(ctx, slot)
}

// dueSlot returns the slot that a part with one learner an interval asks for: next, the one that its rate gave it, although now is a little later, since the delays of all wake-ups would
// add up otherwise. A part that is behind by more than an interval does not catch up.
func dueSlot(next, now time.Time, interval time.Duration) time.Time {
	if earliest := now.Add(-interval); next.Before(earliest) {
		return earliest
	}
	return next
}

// sleepUntil sleeps until a time, with heartbeats.
func (p *broadcastPart) sleepUntil(ctx context.Context, at time.Time) error {
	for {
		wait := time.Until(at)
		if wait <= 0 {
			return ctx.Err()
		}
		activity.RecordHeartbeat(ctx, p.done)
		if err := clock.Sleep(ctx, min(wait, time.Second)); err != nil {
			return err
		}
	}
}
