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
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       workflows.StaffID(ev.ID),
		TaskQueue:                                workflows.TaskQueue,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            ev.Name,
		StaticDetails:                            "Tells staff of an event without a learner, by the rules with `to: staff.NAME`. Every delivery is an activity; what was decided is in the stream of decisions under the learner `_`.",
	}, workflows.StaffWorkflow, workflows.StaffInput{Version: 1, Event: ev})
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &already) {
		return fmt.Errorf("telling staff of %s: %w", ev.Name, err)
	}
	return nil
}
