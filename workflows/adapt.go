package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// The names of the workflow that a schedule starts once a day to work the weights of adaptive splits out anew, and of its activities.
const (
	AdaptWorkflow       = "AdaptSplits"
	AdaptSchedule       = "adapt-splits"
	ActivityListSplits  = "AdaptiveSplits"
	ActivityAdaptWeight = "AdaptWeights"
)

// AdaptiveSplit names a split whose weights follow what its arms achieve.
type AdaptiveSplit struct {
	Rule  string   `json:"rule"`
	Split string   `json:"split"`
	Arms  []string `json:"arms"`  // sorted
	Floor float64  `json:"floor"` // percent
}

// AdaptedSplit is what came of working the weights of a split out anew.
type AdaptedSplit struct {
	Rule    string       `json:"rule"`
	Split   string       `json:"split"`
	Version int          `json:"version"`
	From    time.Time    `json:"from"`
	Arms    []AdaptedArm `json:"arms"`
}

// AdaptedArm is the weight of an arm with the learners that it follows: those whose time for the goal is over.
type AdaptedArm struct {
	Arm     string  `json:"arm"`
	People  int     `json:"people"`
	Reached int     `json:"reached"`
	Percent float64 `json:"percent"`
}

// AdaptSplits works the weights of every adaptive split in force out anew, one after another. What goes wrong with one of them holds up no other.
func AdaptSplits(ctx workflow.Context) ([]AdaptedSplit, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second,
			MaximumInterval: time.Minute,
			MaximumAttempts: 8,
		},
	})
	var splits []AdaptiveSplit
	if err := workflow.ExecuteActivity(ctx, ActivityListSplits).Get(ctx, &splits); err != nil {
		return nil, fmt.Errorf("looking which splits adapt: %w", err)
	}
	var adapted []AdaptedSplit
	var failed []error
	for _, s := range splits {
		var one AdaptedSplit
		err := workflow.ExecuteActivity(withSummary(ctx, s.Rule+"/"+s.Split), ActivityAdaptWeight, s).Get(ctx, &one)
		if err != nil {
			failed = append(failed, fmt.Errorf("the weights of %s/%s stay as they are: %w", s.Rule, s.Split, err))
			continue
		}
		adapted = append(adapted, one)
	}
	return adapted, errors.Join(failed...)
}

func withSummary(ctx workflow.Context, summary string) workflow.Context {
	options := workflow.GetActivityOptions(ctx)
	options.Summary = shortenSummary(summary)
	return workflow.WithActivityOptions(ctx, options)
}
