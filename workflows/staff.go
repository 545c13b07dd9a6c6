package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// The names of the workflow by which staff hear of an event without a learner, and of its activity.
const (
	StaffWorkflow       = "Staff"
	ActivityDecideStaff = "DecideStaff"
)

const (
	staffPrefix  = "staff/"
	staffVersion = 1
)

// StaffID names the workflow by which staff hear of an event: the event's id says which, so that they hear of one event once.
func StaffID(eventID string) string {
	return staffPrefix + escapeID(eventID)
}

// StaffInput starts a run of the workflow: with the event alone, or complete when it continues as new.
type StaffInput struct {
	Version int          `json:"v"`
	Event   engine.Event `json:"event"`
	// State is that of the runs that the event has started; its version is 0 before the first decision.
	State  engine.State   `json:"state"`
	Inputs []engine.Input `json:"inputs,omitempty"` // still to be decided
	// Published are ids of decisions that deliveries have published.
	Published []string `json:"published,omitempty"`
}

// DecideStaffResult is the answer of the activity DecideStaff.
type DecideStaffResult struct {
	State     engine.State      `json:"state"`
	Effects   []engine.Effect   `json:"effects,omitempty"`
	Heard     []engine.Outcome  `json:"heard,omitempty"` // of effects whose message another event has sent
	Decisions []engine.Decision `json:"decisions,omitempty"`
	Sleep     time.Duration     `json:"sleep,omitempty"` // until it is to be asked again, on Temporal's clock
	Over      bool              `json:"over,omitempty"`  // nothing is left to be done
}

// Staff is the workflow; workers register it as [StaffWorkflow]. It decides as a learner's workflow does, by the same engine, and ends with its last message.
func Staff(ctx workflow.Context, in StaffInput) error {
	if in.Version > staffVersion {
		panic(fmt.Sprintf("this message to staff was written by a newer Homeroom (version %d, this worker knows %d): deploy the newer worker again", in.Version, staffVersion))
	}
	for {
		res, err := askDecideStaff(ctx, in)
		if err != nil {
			return err
		}
		in.State = res.State
		in.Inputs = nil
		decisions := slices.DeleteFunc(res.Decisions, func(d engine.Decision) bool { return slices.Contains(in.Published, d.ID) })
		in.Published = nil
		for _, heard := range res.Heard {
			in.Inputs = append(in.Inputs, engine.Input{Outcome: &heard})
		}
		for _, effect := range res.Effects {
			decisions = in.deliverMessage(ctx, effect.Send, decisions)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if err := publishStaff(ctx, decisions); err != nil {
			return err
		}
		switch {
		case len(in.Inputs) > 0: // what came of the deliveries is decided
		case res.Over:
			return nil
		default:
			if err := workflow.Sleep(ctx, res.Sleep); err != nil {
				return err
			}
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, StaffWorkflow, in)
		}
	}
}

func askDecideStaff(ctx workflow.Context, in StaffInput) (DecideStaffResult, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: publishTimeout,
		Summary:             shortenSummary("what staff hear of " + in.Event.Name),
	})
	var res DecideStaffResult
	err := workflow.ExecuteActivity(ctx, ActivityDecideStaff, in).Get(ctx, &res)
	return res, err
}

// deliverMessage delivers one message and notes what came of it. It publishes the decisions along with it, and returns those that could not be.
func (in *StaffInput) deliverMessage(ctx workflow.Context, send engine.Send, decisions []engine.Decision) (left []engine.Decision) {
	ctx = withDeliveryOptions(ctx, fmt.Sprintf("%s to staff.%s, for %s", send.Message, send.Staff, send.Rule))
	var done Delivered
	if err := workflow.ExecuteActivity(ctx, ActivityDeliver, DeliverInput{Send: send, Decisions: decisions}).Get(ctx, &done); err != nil {
		done = Delivered{Outcome: outcomeWithoutAnswer(send, false, err)}
	}
	in.Published = append(in.Published, done.Published...)
	in.Inputs = append(in.Inputs, engine.Input{Outcome: &done.Outcome})
	return slices.DeleteFunc(decisions, func(d engine.Decision) bool { return slices.Contains(done.Published, d.ID) })
}

func publishStaff(ctx workflow.Context, decisions []engine.Decision) error {
	if len(decisions) == 0 {
		return nil
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: publishTimeout,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:             "publish what was decided",
	})
	return workflow.ExecuteActivity(ctx, ActivityPublishDecisions, PublishInput{Decisions: decisions}).Get(ctx, nil)
}
