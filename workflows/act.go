package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

const (
	decideTimeout   = 8 * time.Second      // of one attempt; below the workflow task's ten seconds
	decidePatience  = 365 * 24 * time.Hour // of all attempts: without end, for practical purposes
	decidePause     = time.Minute          // before asking anew after an error that the retry policy gave up on
	deliverTimeout  = 2 * time.Minute      // of one attempt; delivery itself tries for about one minute
	deliverPatience = 15 * time.Minute     // of all attempts, queueing included; then every question is asked anew
	deliverBeat     = 10 * time.Second     // a worker silent for so long is dead
	reportTimeout   = 30 * time.Second
)

// ask runs Decide until it has an answer: nothing that arrived may be lost because a store was away.
func ask(ctx workflow.Context, in DecideInput, why string) (DecideResult, error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    decideTimeout,
		ScheduleToCloseTimeout: decidePatience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:                summary(why),
	})
	for {
		var res DecideResult
		err := workflow.ExecuteLocalActivity(ctx, ActivityDecide, in).Get(ctx, &res)
		if err == nil {
			return res, nil
		}
		if ctx.Err() != nil {
			return DecideResult{}, ctx.Err()
		}
		workflow.GetLogger(ctx).Error("Deciding failed for good; asking again. The cause needs a person.", "learner", in.Learner, "error", err)
		if err := workflow.Sleep(ctx, decidePause); err != nil {
			return DecideResult{}, err
		}
	}
}

// flight is a delivery that is out.
type flight struct {
	send    engine.Send
	carried []engine.Decision // the delivery publishes them
	future  workflow.Future
	cancel  workflow.CancelFunc
	// canceled: it is to be given up. asked: the ledger is being asked how it ended.
	canceled, asked bool
}

// deliver sends a delivery on its way, with the decisions that nobody has published yet.
func (l *learner) deliver(ctx workflow.Context, send engine.Send) {
	ctx, cancel := workflow.WithCancel(ctx)
	f := &flight{send: send, carried: l.Unreported, cancel: cancel}
	l.Unreported = nil
	l.urgent = false
	ctx = delivering(ctx, fmt.Sprintf("%s by %s, for %s", send.Message, send.Channel, send.Rule))
	f.future = workflow.ExecuteActivity(ctx, ActivityDeliver, DeliverInput{Send: send, Decisions: f.carried})
	l.flights = append(l.flights, f)
}

func delivering(ctx workflow.Context, what string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              DeliverTaskQueue,
		StartToCloseTimeout:    deliverTimeout,
		ScheduleToCloseTimeout: deliverPatience,
		HeartbeatTimeout:       deliverBeat,
		WaitForCancellation:    true,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
		Summary:                summary(what),
	})
}

// changeAsk guards what came after the first recorded histories: before it, a delivery that Temporal gave up between two
// attempts was told as one that had not begun.
const changeAsk = "ask-after-giving-up"

// askLedger asks how a delivery ended that Temporal gave up between two attempts: an earlier one may have called the provider.
func (f *flight) askLedger(ctx workflow.Context) {
	f.asked = true
	ctx = delivering(ctx, "did it go out? "+f.send.Message+" was given up")
	f.future = workflow.ExecuteActivity(ctx, ActivityGiveUp, DeliverInput{Send: f.send, Decisions: f.carried})
}

// cancel gives up a delivery that has not begun. How it ended comes back as its outcome.
func (l *learner) cancel(sendID string) {
	for _, f := range l.flights {
		if f.send.ID == sendID {
			f.canceled = true
			f.cancel()
		}
	}
}

// landed turns what came of a delivery into an input.
func (l *learner) landed(ctx workflow.Context, f *flight) {
	var d Delivered
	if err := f.future.Get(ctx, &d); err != nil {
		if temporal.IsCanceledError(err) && !f.asked && ctx.Err() == nil && workflow.GetVersion(ctx, changeAsk, workflow.DefaultVersion, 1) == 1 {
			f.askLedger(ctx)
			return
		}
		d = Delivered{Outcome: outcomeOf(f.send, f.canceled, err)}
	}
	untold := slices.DeleteFunc(f.carried, func(told engine.Decision) bool { return slices.Contains(d.Published, told.ID) })
	l.Unreported = append(untold, l.Unreported...)
	l.urgent = l.urgent || len(untold) > 0
	l.published = append(l.published, d.Published...)
	l.inputs = append(l.inputs, engine.Input{Outcome: &d.Outcome})
	l.flights = slices.DeleteFunc(l.flights, func(o *flight) bool { return o == f })
}

// outcomeOf reads a delivery that ended without an answer. Whether the mail went out is the ledger's to say, and the
// next delivery of the same send will hear it; so this is "retry", never a guess. Only where the delivery was to be
// given up will there be no next one: what had begun by then is uncertain, and counts as sent.
func outcomeOf(send engine.Send, canceled bool, err error) engine.Outcome {
	out := engine.Outcome{SendID: send.ID}
	var timeout *temporal.TimeoutError
	switch {
	case temporal.IsCanceledError(err):
		out.Status = engine.OutcomeCancelled
		out.Detail = "given up before it began"
	case canceled:
		out.Status = engine.OutcomeUncertain
		out.Reason = engine.ReasonProvider
		out.Detail = "given up while it was under way, and it never answered"
	case errors.As(err, &timeout):
		out.Status = engine.OutcomeRetry
		out.Reason = engine.ReasonProvider
		out.Detail = "no delivery worker finished it in time"
	default: // the text of the error stays in the history: it may name an address
		out.Status = engine.OutcomeRetry
		out.Reason = engine.ReasonProvider
		out.Detail = "the delivery failed; the workflow's history says how"
	}
	return out
}
