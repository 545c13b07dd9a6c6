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

// Deliverer delivers one send at most once, however often it is asked. A context that ends gives up a send for which
// the provider has not been called yet; the error is then delivery.ErrNotBegun. Any other error means that the outcome
// is not known here and asking again finds it out; the ledger makes that safe.
type Deliverer interface {
	Deliver(ctx context.Context, send engine.Send) (engine.Outcome, error)
	// GiveUp says how a send ended that is not to go out any more, and keeps an attempt that still lives from sending it.
	GiveUp(ctx context.Context, send engine.Send) (engine.Outcome, error)
}

// Publisher publishes decisions. A decision published before (same id) is not published again. On an error some may
// have been published.
type Publisher interface {
	Publish(ctx context.Context, decisions []engine.Decision) error
}

const (
	// beatEvery lies well below the heartbeat timeout. The first beat comes only after this long: an ordinary delivery
	// is over by then and costs Temporal nothing.
	beatEvery      = 2 * time.Second
	publishTimeout = 10 * time.Second
)

// Deliver is the activity that has one message delivered.
type Deliver struct {
	Deliverer Deliverer
	Decisions Publisher
}

// Run delivers, then publishes the decisions that led to the send and the one that its outcome leaves behind. A
// decision stream that is away does not hold the outcome back: what was not published is reported later.
func (d *Deliver) Run(ctx context.Context, in workflows.DeliverInput) (workflows.Delivered, error) {
	return d.conclude(ctx, in, d.Deliverer.Deliver)
}

// GiveUp is Run for a send that is not to go out any more: how it ended is all that is asked.
func (d *Deliver) GiveUp(ctx context.Context, in workflows.DeliverInput) (workflows.Delivered, error) {
	return d.conclude(ctx, in, d.Deliverer.GiveUp)
}

func (d *Deliver) conclude(ctx context.Context, in workflows.DeliverInput, deliver func(context.Context, engine.Send) (engine.Outcome, error)) (workflows.Delivered, error) {
	sending, stop := watch(ctx)
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
	if final(outcome.Status) {
		decisions = append(decisions, engine.OutcomeDecision(in.Send, outcome))
	}
	if len(decisions) == 0 {
		return done, nil
	}
	// What happened is told even if nobody waits for the send any more.
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

// final says whether an outcome ends the send, so that its decision is known already. What becomes of the others is
// the engine's to say: the learner may have left meanwhile.
func final(s engine.OutcomeStatus) bool {
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

// watch tells Temporal that the worker is alive, and hears from it whether the delivery is to be given up. The context
// also ends when the worker stops: what has not begun then is taken up by another worker, with every question asked anew.
func watch(ctx context.Context) (context.Context, context.CancelFunc) {
	stopping := activity.GetWorkerStopChannel(ctx)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(beatEvery)
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

// Report is the activity that publishes decisions for which no delivery is on its way.
type Report struct {
	Decisions Publisher
}

// Run publishes.
func (r *Report) Run(ctx context.Context, in workflows.ReportInput) error {
	if err := r.Decisions.Publish(ctx, in.Decisions); err != nil {
		return fmt.Errorf("publishing decisions: %w", err)
	}
	return nil
}
