package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/workflows"
)

// Deliverer delivers one send at most once, however often it is called. If the context ends before the provider was called, the send is given up
// and the error is delivery.ErrNotBegun. After any other error the outcome is unknown here, and calling again finds it out; the
// ledger makes that safe.
type Deliverer interface {
	Deliver(ctx context.Context, send engine.Send) (engine.Outcome, error)
	// GiveUp returns how a send ended that is not to go out any more, and keeps an attempt that is still running from sending it.
	GiveUp(ctx context.Context, send engine.Send) (engine.Outcome, error)
}

// Publisher publishes decisions. A decision published before (same id) is not published again. On an error some may
// have been published.
type Publisher interface {
	Publish(ctx context.Context, decisions []engine.Decision) error
}

const (
	// heartbeatEvery lies well below the heartbeat timeout. The first heartbeat comes only after this time: an ordinary delivery
	// is over by then and costs Temporal nothing.
	heartbeatEvery = 2 * time.Second
	publishTimeout = 10 * time.Second
)

// Deliver is the activity that has one message delivered.
type Deliver struct {
	Deliverer Deliverer
	Decisions Publisher
}

// Run delivers, then publishes the decisions that led to the send and the decision that follows from its outcome. If the decision stream cannot be
// reached, the outcome is returned all the same, and the decisions are published later.
func (d *Deliver) Run(ctx context.Context, in workflows.DeliverInput) (workflows.Delivered, error) {
	return d.deliverAndPublish(ctx, in, d.Deliverer.Deliver)
}

// GiveUp is Run for a send that is not to go out any more: it only finds out how the send ended.
func (d *Deliver) GiveUp(ctx context.Context, in workflows.DeliverInput) (workflows.Delivered, error) {
	return d.deliverAndPublish(ctx, in, d.Deliverer.GiveUp)
}

func (d *Deliver) deliverAndPublish(ctx context.Context, in workflows.DeliverInput, deliver func(context.Context, engine.Send) (engine.Outcome, error)) (workflows.Delivered, error) {
	sending, stop := heartbeatUntilStopped(ctx)
	defer stop()
	outcome, err := deliver(sending, in.Send)
	if errors.Is(err, delivery.ErrNotBegun) {
		outcome = engine.Outcome{SendID: in.Send.ID, Status: engine.OutcomeCancelled, Detail: "given up before it began"}
		err = nil
	}
	if err != nil {
		// Not wrapped: a context.Canceled inside would tell Temporal that nothing was sent, which nobody knows.
		return workflows.Delivered{}, fmt.Errorf("delivering %q (send %s): %v", in.Send.Message, in.Send.ID, err)
	}
	done := workflows.Delivered{Outcome: outcome}
	decisions := slices.Clone(in.Decisions)
	uncertainStill := in.Send.Settles && outcome.Status == engine.OutcomeUncertain // decided when it became uncertain
	if endsSend(outcome.Status) && !uncertainStill {
		decisions = append(decisions, engine.OutcomeDecision(in.Send, outcome))
	}
	if len(decisions) == 0 {
		return done, nil
	}
	// The decisions are published even if nobody waits for the send any more.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	if err := d.Decisions.Publish(ctx, decisions); err != nil {
		activity.GetLogger(ctx).Warn("Decisions could not be published; they will be reported later.", "send", in.Send.ID, "error", err)
		return done, nil
	}
	for _, decision := range decisions {
		done.Published = append(done.Published, decision.ID)
	}
	return done, nil
}

// endsSend reports whether an outcome ends the send, so that its decision is known here. What follows from another outcome is decided by the
// engine, because the learner may have left meanwhile.
func endsSend(s engine.OutcomeStatus) bool {
	switch s {
	case engine.OutcomeRetry, engine.OutcomeCancelled:
		return false
	case engine.OutcomeAccepted, engine.OutcomeUncertain, engine.OutcomeFailed, engine.OutcomeNotAllowed,
		engine.OutcomeNoAddress, engine.OutcomeSuppressed:
		return true
	default:
		return false
	}
}

// heartbeatUntilStopped sends heartbeats to Temporal and returns a context that ends when Temporal cancels the activity or the worker stops. A send
// that has not begun when its worker stops is delivered by another worker, which asks every question again.
func heartbeatUntilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	stopping := activity.GetWorkerStopChannel(ctx)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-stopping:
				cancel()
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return ctx, cancel
}

// PublishDecisions is the activity that publishes decisions for which no delivery is under way. It is registered as "Report".
type PublishDecisions struct {
	Decisions Publisher
}

// Run publishes the decisions. An error may have published some of them; publishing again is safe.
func (r *PublishDecisions) Run(ctx context.Context, in workflows.PublishInput) error {
	if err := r.Decisions.Publish(ctx, in.Decisions); err != nil {
		return fmt.Errorf("publishing decisions: %w", err)
	}
	return nil
}
