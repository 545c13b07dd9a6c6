package worker

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/workflows"
)

// StartStaff has staff hear of an event without a learner. An event that they were told of before starts nothing.
func StartStaff(ctx context.Context, c client.Client, ev engine.Event) error {
	_, err := startOnce(ctx, c, client.StartWorkflowOptions{
		ID:            workflows.StaffID(ev.ID),
		StaticSummary: ev.Name,
		StaticDetails: "Tells staff of an event without a learner, by the rules with `to: staff.NAME`. Every delivery is an activity; what was decided is in the stream of decisions under the learner `_`.",
	}, workflows.StaffWorkflow, workflows.StaffInput{Version: 1, Event: ev})
	if err != nil {
		return fmt.Errorf("telling staff of %s: %w", ev.Name, err)
	}
	return nil
}

// startOnce starts a workflow unless one with its id was started before, and reports whether it did.
func startOnce(ctx context.Context, c client.Client, o client.StartWorkflowOptions, workflow string, in any) (started bool, err error) {
	o.TaskQueue = workflows.TaskQueue
	o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err = c.ExecuteWorkflow(ctx, o, workflow, in)
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &already) {
		return false, nil
	}
	return err == nil, err
}
