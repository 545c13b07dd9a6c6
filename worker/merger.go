package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/workflows"
)

// merging is the part of client.Client that Merger needs.
type merging interface {
	SignalWorkflow(ctx context.Context, workflowID, runID, signalName string, arg any) error
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
}

// Merger ends the workflows of learners whose records were merged into another's.
type Merger struct{ client merging }

// NewMerger returns a Merger.
func NewMerger(c client.Client) *Merger { return &Merger{client: c} }

// mergePause is how long, in real time, EndMerged waits before it asks a workflow again.
const mergePause = 50 * time.Millisecond

// EndMerged has a learner's workflow end, and returns what it remembers then. The learner's standing must say already into whom they were merged: by that the
// workflow knows. running is false if there is none. The workflow has taken in by then whatever was handed over before, because the signal comes last. Deliveries that are out are waited for by the workflow, not here: what they are about is remembered.
func (m *Merger) EndMerged(ctx context.Context, learner string, partition int, now time.Time) (state engine.State, running bool, err error) {
	id := workflows.WorkflowID(learner)
	wake := workflows.Batch{
		Learner:   learner,
		Partition: partition,
		Events: []engine.Event{{
			ID:       engine.EventMerged + " " + learner,
			Name:     engine.EventMerged,
			Learner:  learner,
			Time:     now,
			StoredAt: now,
		}},
	}
	err = m.client.SignalWorkflow(ctx, id, "", workflows.SignalEvents, wake)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return engine.State{}, false, nil
	}
	if err != nil {
		return engine.State{}, false, fmt.Errorf("ending the workflow of learner %q: %w", learner, err)
	}
	for {
		answer, err := m.client.QueryWorkflow(ctx, id, "", workflows.QueryState)
		if err == nil {
			err = answer.Get(&state)
		}
		if err != nil {
			return engine.State{}, false, fmt.Errorf("asking the workflow of learner %q what it remembers: %w", learner, err)
		}
		if state.MergedInto != "" && state.MergeHeard {
			return state, true, nil
		}
		if err := clock.Sleep(ctx, mergePause); err != nil {
			return engine.State{}, false, fmt.Errorf("the workflow of learner %q does not end: %w", learner, err)
		}
	}
}
