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
	decideTimeout    = 8 * time.Second      // of one attempt; shorter than a workflow task's ten seconds
	decideMaxTime    = 365 * 24 * time.Hour // of all attempts: practically without end, so that decideAttempts bounds them
	decideAttempts   = 12                   // in about four minutes; then the workflow itself waits, shows the trouble, and asks again
	deliverTimeout   = 2 * time.Minute      // of one attempt; delivery itself tries for about one minute
	deliverMaxTime   = 15 * time.Minute     // of all attempts and of queueing; after that every question is asked again
	deliverHeartbeat = 10 * time.Second     // a worker without a heartbeat for so long counts as dead
	publishTimeout   = 30 * time.Second
)

// runDecide runs the Decide local activity. It tries again for some minutes, because an input must not be lost when a store cannot be reached.
func runDecide(ctx workflow.Context, in DecideInput, why string) (DecideResult, error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    decideTimeout,
		ScheduleToCloseTimeout: decideMaxTime,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    200 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Minute,
			MaximumAttempts:    decideAttempts,
		},
		Summary: shortenSummary(why),
	})
	var res DecideResult
	err := workflow.ExecuteLocalActivity(ctx, ActivityDecide, in).Get(ctx, &res)
	return res, err
}

// delivery is one Deliver activity that is under way.
type delivery struct {
	send        engine.Send
	decisions   []engine.Decision // the activity publishes these decisions along with its outcome
	future      workflow.Future
	cancel      workflow.CancelFunc
	canceled    bool // the engine asked to give it up
	ledgerAsked bool // the future is now a question to the ledger about how it ended
}

// startDelivery starts the Deliver activity for a send. The activity also publishes the unpublished decisions.
func (l *learner) startDelivery(ctx workflow.Context, send engine.Send) {
	ctx, cancel := workflow.WithCancel(ctx)
	d := &delivery{send: send, decisions: l.takeUnpublished(), cancel: cancel}
	ctx = withDeliveryOptions(ctx, fmt.Sprintf("%s by %s, for %s", send.Message, send.Channel, send.Rule))
	if send.Trigger.Broadcast {
		ctx = afterOthers(ctx)
	}
	d.future = workflow.ExecuteActivity(ctx, ActivityDeliver, DeliverInput{Send: send, Decisions: d.decisions})
	l.deliveries = append(l.deliveries, d)
}

func withDeliveryOptions(ctx workflow.Context, what string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              DeliverTaskQueue,
		StartToCloseTimeout:    deliverTimeout,
		ScheduleToCloseTimeout: deliverMaxTime,
		HeartbeatTimeout:       deliverHeartbeat,
		WaitForCancellation:    true,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
		Summary:                shortenSummary(what),
	})
}

// afterOthers lets a delivery of a broadcast wait until nobody else's waits, and take turns with other broadcasts only: a mail to many must hold up no nudge.
func afterOthers(ctx workflow.Context) workflow.Context {
	return workflow.WithPriority(ctx, temporal.Priority{PriorityKey: 4, FairnessKey: "broadcast"})
}

// changeAskLedger is the version marker of asking the ledger. Histories recorded before it treat a delivery that Temporal gave up between two
// attempts as one that had not begun.
const changeAskLedger = "ask-after-giving-up"

// askLedger asks how a delivery ended that Temporal gave up between two attempts. An earlier attempt may have called the provider.
func (d *delivery) askLedger(ctx workflow.Context) {
	d.ledgerAsked = true
	ctx = withDeliveryOptions(ctx, "did it go out? "+d.send.Message+" was given up")
	d.future = workflow.ExecuteActivity(ctx, ActivityGiveUp, DeliverInput{Send: d.send, Decisions: d.decisions})
}

// cancelDelivery asks a delivery to give up if it has not begun. How it ended arrives as its outcome.
func (l *learner) cancelDelivery(sendID string) {
	for _, d := range l.deliveries {
		if d.send.ID == sendID {
			d.canceled = true
			d.cancel()
		}
	}
}

// onDelivered turns the result of a delivery into an input for the next decision.
func (l *learner) onDelivered(ctx workflow.Context, d *delivery) {
	var result Delivered
	if err := d.future.Get(ctx, &result); err != nil {
		if temporal.IsCanceledError(err) && !d.ledgerAsked && ctx.Err() == nil && workflow.GetVersion(ctx, changeAskLedger, workflow.DefaultVersion, 1) == 1 {
			d.askLedger(ctx)
			return
		}
		result = Delivered{Outcome: outcomeWithoutAnswer(d.send, d.canceled, err)}
	}
	unpublished := slices.DeleteFunc(d.decisions, func(one engine.Decision) bool { return slices.Contains(result.Published, one.ID) })
	l.Unpublished = append(unpublished, l.Unpublished...)
	l.publishSoon = l.publishSoon || len(unpublished) > 0
	l.alreadyPublished = append(l.alreadyPublished, result.Published...)
	if l.mayOutcomeWait(d, &result) {
		l.keepWaiting(ctx, &result.Outcome)
	} else {
		l.inputs = append(l.inputs, engine.Input{Outcome: &result.Outcome})
	}
	l.deliveries = slices.DeleteFunc(l.deliveries, func(other *delivery) bool { return other == d })
}

// outcomeWithoutAnswer returns the outcome of a delivery that ended with an error. Only the ledger knows whether the mail went out, and the next
// delivery of the same send asks it, so the outcome is "retry" and not a guess. A delivery that was to be given up has no next one:
// if it had begun, its outcome is uncertain, which counts as sent.
func outcomeWithoutAnswer(send engine.Send, canceled bool, err error) engine.Outcome {
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
