package worker

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"homeroom/activities"
	"homeroom/workflows"
)

// BacktestWorker serves backtests that run in the background: their workflows and their activities.
type BacktestWorker struct{ sdk.Worker }

// BacktestsTogether is how many partitions a process works on at a time: one is read while the other is decided. Both are in memory.
const BacktestsTogether = 2

// NewBacktestWorker wires a worker; nothing runs before Start. onFatal hears of an error after which it has given up; nil: the error is only logged.
func NewBacktestWorker(c client.Client, b *activities.Backtest, onFatal func(error)) *BacktestWorker {
	w := sdk.New(c, workflows.BacktestTaskQueue, sdk.Options{
		WorkerStopTimeout:                  DefaultStopTimeout,
		OnFatalError:                       onFatal,
		WorkflowPanicPolicy:                sdk.BlockWorkflow, // it waits for a console that can go on with it
		MaxConcurrentActivityExecutionSize: BacktestsTogether,
		MaxConcurrentActivityTaskPollers:   BacktestsTogether,
		MaxConcurrentWorkflowTaskPollers:   2,
		// A backtest is cancelled at once: an activity hears of it through its heartbeat.
		MaxHeartbeatThrottleInterval: 2 * time.Second,
	})
	w.RegisterWorkflowWithOptions(workflows.Backtest, workflow.RegisterOptions{Name: workflows.BacktestWorkflow})
	w.RegisterActivityWithOptions(b.Run, activity.RegisterOptions{Name: workflows.ActivityBacktestPart})
	return &BacktestWorker{w}
}

// StartBacktest starts a backtest. One under way with the same id ends, as terminated.
func StartBacktest(ctx context.Context, c client.Client, id string, in workflows.BacktestInput) error {
	in.Version = 1
	o := client.StartWorkflowOptions{
		ID:                       workflows.BacktestID(id),
		TaskQueue:                workflows.BacktestTaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
		StaticSummary:            backtestSummary(&in),
		StaticDetails:            "Compares what a draft would have sent with what is in force, over recorded events; an activity per partition, which consoles work on. Nothing is sent. *Current details* say how far it has come; `homeroom backtests show` prints the result. Cancelling it loses nothing.",
	}
	if _, err := c.ExecuteWorkflow(ctx, o, workflows.BacktestWorkflow, in); err != nil {
		return fmt.Errorf("starting the backtest: %w", err)
	}
	return nil
}

func backtestSummary(in *workflows.BacktestInput) string {
	what := "a folder"
	if in.Draft != "" {
		what = "the draft " + in.Draft
	}
	return fmt.Sprintf("%s over about %d events", what, in.Events)
}
