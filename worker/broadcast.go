package worker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"

	"homeroom/activities"
	"homeroom/workflows"
)

// BroadcastWorker serves the activities of broadcasts.
type BroadcastWorker struct{ sdk.Worker }

// NewBroadcastWorker wires a worker; nothing runs before Start. onFatal hears of an error after which it has given up; nil: the error is only logged.
func NewBroadcastWorker(c client.Client, b *activities.Broadcast, onFatal func(error)) *BroadcastWorker {
	w := sdk.New(c, workflows.BroadcastTaskQueue, sdk.Options{
		WorkerStopTimeout:                  DefaultStopTimeout,
		OnFatalError:                       onFatal,
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityExecutionSize: 8,
		MaxConcurrentActivityTaskPollers:   2,
		// Whoever pauses a broadcast means now: an activity hears of it through its heartbeat.
		MaxHeartbeatThrottleInterval: 2 * time.Second,
	})
	w.RegisterActivityWithOptions(b.Plan, activity.RegisterOptions{Name: workflows.ActivityPlanBroadcast})
	w.RegisterActivityWithOptions(b.Run, activity.RegisterOptions{Name: workflows.ActivityBroadcastPart})
	return &BroadcastWorker{w}
}

// StartBroadcast starts the broadcast of an event, and reports whether it was not started before: an event is broadcast once.
func StartBroadcast(ctx context.Context, c client.Client, in workflows.BroadcastInput) (started bool, err error) {
	in.Version = 1
	started, err = startOnce(ctx, c, client.StartWorkflowOptions{
		ID:            workflows.BroadcastID(in.Event.ID),
		StaticSummary: broadcastSummary(&in),
		StaticDetails: "Hands an event without a learner to each learner whom it concerns. *Current details* say how far it has come; the query `progress` answers the same as JSON. The signal `control` pauses, resumes or cancels it; `homeroom broadcasts` does so too.",
	}, workflows.BroadcastWorkflow, in)
	if err != nil {
		return false, fmt.Errorf("starting the broadcast of %s: %w", in.Event.Name, err)
	}
	return started, nil
}

func broadcastSummary(in *workflows.BroadcastInput) string {
	words := []string{in.Event.Name}
	for _, name := range []string{"rule", "content_id", "course_id"} {
		if value, has := in.Event.Text(name); has {
			words = append(words, name+"="+value)
		}
	}
	if in.DryRun {
		words = append(words, "(dry run)")
	}
	return strings.Join(words, " ")
}
