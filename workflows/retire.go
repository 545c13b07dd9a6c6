package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	retireTimeout  = 8 * time.Second // of one attempt; below the workflow task's ten seconds
	retireAttempts = 3
)

// retire puts the learner's state away and says whether the run may end: not if an event came meanwhile, nor if the store
// did not take the state. Then the learner rests instead, which costs more but forgets nothing, until the next event.
func (l *learner) retire(ctx workflow.Context) (retired bool, err error) {
	kept, err := l.putAway(ctx)
	if ctx.Err() != nil {
		return false, nil // the loop sees to it
	}
	if err != nil || !kept {
		workflow.GetLogger(ctx).Warn("The learner could not retire and rests instead.", "learner", l.Learner, "newer_record", err == nil, "error", err)
		l.Retire = 0
		return false, nil
	}
	l.drain()
	if len(l.inputs) > 0 {
		return false, nil // awake again; what was put away is out of date, and the next retirement overwrites it
	}
	// From drain to the end nothing blocks. If an event has reached the server meanwhile, the server refuses the end.
	workflow.SetCurrentDetails(ctx, retiredNote+l.Card.Details)
	return true, l.show(ctx, attributes{StageRetired, l.Card.Courses, l.Card.Rules})
}

// retiredNote begins the details of a run that has retired.
const retiredNote = "**Retired**: nothing is due, so the run has ended. What is remembered is kept; the learner's next event starts a new run, which goes on from there.\n\n"

// putAway writes the state to where the next run finds it.
func (l *learner) putAway(ctx workflow.Context) (kept bool, err error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: retireTimeout,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumAttempts: retireAttempts},
		Summary:             "puts away what is remembered, to retire",
	})
	in := RetireInput{Learner: l.Learner, State: l.State, At: workflow.Now(ctx)}
	err = workflow.ExecuteLocalActivity(ctx, ActivityRetire, in).Get(ctx, &kept)
	return kept, err
}
