package instance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/store"
	"homeroom/workflows"
)

// EventClockChanged is what a signal that wakes a learner is called in the Temporal UI. No stream holds such an event.
const EventClockChanged = "campus.clock_changed"

// WakeLearners lets every learner who has a running workflow decide anew, which sets their timers by the clock as it runs now. It is for when
// the clock has become faster: timers in Temporal run in real time, and those that were set before would fire too late. Who retires
// meanwhile needs no timer.
func (h *Instance) WakeLearners(ctx context.Context) error {
	woken := map[string]bool{}
	if err := h.wakeRunning(ctx, woken); err != nil {
		return err
	}
	// Visibility is a moment behind: it may lack workflows that started just before.
	if err := clock.Sleep(ctx, visibilityDelay); err != nil {
		return err
	}
	return h.wakeRunning(ctx, woken)
}

// wakeRunning signals every learner whose workflow visibility has as running, except those who were woken.
func (h *Instance) wakeRunning(ctx context.Context, woken map[string]bool) error {
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Query:    "WorkflowType = '" + workflows.LearnerWorkflow + "' AND ExecutionStatus = 'Running'",
		PageSize: 500,
	}
	for {
		page, err := h.Temporal.ListWorkflow(ctx, request)
		if err != nil {
			return fmt.Errorf("listing learners: %w", err)
		}
		for _, w := range page.GetExecutions() {
			learner, ok := workflows.LearnerOf(w.GetExecution().GetWorkflowId())
			if !ok || woken[learner] {
				continue
			}
			if err := h.wakeLearner(ctx, learner); err != nil {
				return err
			}
			woken[learner] = true
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return nil
		}
	}
}

// wakeLearner hands a learner an event that was applied long ago, as far as the sequence tells: it changes nothing, but they decide.
func (h *Instance) wakeLearner(ctx context.Context, learner string) error {
	longAgo := time.Unix(1, 0).UTC()
	err := h.Temporal.SignalWorkflow(ctx, workflows.WorkflowID(learner), "", workflows.SignalEvents, workflows.Batch{
		Learner:   learner,
		Partition: store.PartitionOf(learner),
		Events: []engine.Event{{
			ID:       EventClockChanged,
			Name:     EventClockChanged,
			Learner:  learner,
			Time:     longAgo,
			Seq:      1,
			StoredAt: longAgo,
		}},
	})
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("waking learner %q: %w", learner, err)
	}
	return nil
}
