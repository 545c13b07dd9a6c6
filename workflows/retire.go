package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	retireTimeout  = 8 * time.Second // of one attempt; below the workflow task's ten seconds
	retireAttempts = 3
)

// tryToRetire stores the learner's state and returns what the workflow says at its end; nil if it may not end, because an event arrived meanwhile, or the state could
// not be stored: then the run rests until the next event, which costs more and loses nothing.
func (l *learner) tryToRetire(ctx workflow.Context) (ended *Ended, err error) {
	kept, err := l.storeState(ctx)
	if ctx.Err() != nil {
		return nil, nil // the loop of Learner returns the error
	}
	if err != nil || !kept {
		workflow.GetLogger(ctx).Warn("The learner could not retire and rests instead.", "learner", l.Learner, "newer_record", err == nil, "error", err)
		l.Retire = 0
		return nil, nil
	}
	l.drainSignals()
	if len(l.inputs) > 0 {
		return nil, nil // an event arrived: the stored state is out of date, and the next retirement overwrites it
	}
	// Nothing blocks from drainSignals to the end. If a signal has reached the server meanwhile, the server refuses to close the workflow.
	if into := l.State.MergedInto; into != "" {
		return l.endAs(ctx, StageMerged, fmt.Sprintf(mergedDetails, strings.ReplaceAll(into, "`", "'")))
	}
	return l.endAs(ctx, StageRetired, retiredDetails)
}

// endAs shows why the run ends, before what was last known, and returns the same as the run's result, which Temporal keeps: details can be had from a worker only.
func (l *learner) endAs(ctx workflow.Context, stage, why string) (*Ended, error) {
	details := why + l.Card.Details
	workflow.SetCurrentDetails(ctx, details)
	ended := &Ended{Stage: stage}
	for line := range strings.SplitSeq(details, "\n") {
		if line != "" {
			ended.Details = append(ended.Details, line)
		}
	}
	return ended, l.upsertAttributes(ctx, attributes{stage, l.Card.Courses, l.Card.Rules})
}

// mergedDetails are the first words of the details of a run that has ended because the learner was merged into another.
const mergedDetails = "**Merged**: the learner goes on as `%s`, by an event `user.aliased`. What was remembered here went along; what was under way here ended.\n\n"

// retiredDetails are the first words of the details of a run that has retired.
const retiredDetails = "**Retired**: nothing is due, so the run has ended. What is remembered is kept; the learner's next event starts a new run, which goes on from there.\n\n"

// storeState stores the state where the next run loads it. It returns false if the stored state is newer.
func (l *learner) storeState(ctx workflow.Context) (kept bool, err error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: retireTimeout,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumAttempts: retireAttempts},
		Summary:             "stores what is remembered, to retire",
	})
	in := RetireInput{Learner: l.Learner, State: l.State, At: workflow.Now(ctx)}
	err = workflow.ExecuteLocalActivity(ctx, ActivityRetire, in).Get(ctx, &kept)
	return kept, err
}
