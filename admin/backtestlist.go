package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"homeroom/workflows"
)

// Backtests returns the newest backtests in the background that Temporal keeps, without their results. Temporal lists one some seconds after its start.
func (i *Installation) Backtests(ctx context.Context, atMost int) ([]BackgroundBacktest, error) {
	c, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query:    "WorkflowType = '" + workflows.BacktestWorkflow + "'",
		PageSize: int32(atMost),
	})
	if err != nil {
		return nil, fmt.Errorf("listing backtests: %w", err)
	}
	list := make([]BackgroundBacktest, len(page.GetExecutions()))
	turn := make(chan struct{}, askedTogether)
	var asking sync.WaitGroup
	for n, w := range page.GetExecutions() {
		id, ok := workflows.BacktestOf(w.GetExecution().GetWorkflowId())
		if !ok { // somebody started it by another id, by which nobody finds it here
			continue
		}
		turn <- struct{}{}
		asking.Go(func() {
			defer func() { <-turn }()
			list[n], _ = i.describeBacktest(ctx, c, id, w) // what is not known of one is said
			list[n].Result = nil
		})
	}
	asking.Wait()
	list = slices.DeleteFunc(list, func(b BackgroundBacktest) bool { return b.ID == "" })
	slices.SortStableFunc(list, func(a, b BackgroundBacktest) int {
		if order := b.StartedAt.Compare(a.StartedAt); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// FindBacktest returns a backtest in the background, with its result once it is done. The error is [ErrNotFound] if Temporal has none of that id.
func (i *Installation) FindBacktest(ctx context.Context, id string) (BackgroundBacktest, error) {
	c, _, err := i.dialTemporal(ctx)
	if err != nil {
		return BackgroundBacktest{}, err
	}
	described, err := describeWorkflow(ctx, c, workflows.BacktestID(id), "backtest "+id)
	if err != nil {
		return BackgroundBacktest{}, err
	}
	b, err := i.describeBacktest(ctx, c, id, described.GetWorkflowExecutionInfo())
	if err != nil {
		return b, err
	}
	if b.Live() {
		b.Unattended = isUnattended(ctx, c, described.GetPendingActivities(), i.opts.Real())
		b.EventsDone += countDecided(described.GetPendingActivities())
	}
	return b, nil
}

// describeBacktest says how far a backtest is: one that is done has left its result, another one is asked. The error is of a Temporal that does not answer for now; what is known is
// returned all the same.
func (i *Installation) describeBacktest(ctx context.Context, c client.Client, id string, w *workflow.WorkflowExecutionInfo) (BackgroundBacktest, error) {
	ctx, cancel := context.WithTimeout(ctx, broadcastPatience)
	defer cancel()
	b := BackgroundBacktest{
		ID:        id,
		StartedAt: w.GetStartTime().AsTime(),
		Status:    backgroundStatus(w.GetStatus()),
		Unknown:   true,
	}
	if !b.Live() {
		b.EndedAt = w.GetCloseTime().AsTime()
	}
	if err := b.readEnd(ctx, c, w); err != nil {
		return b, fmt.Errorf("looking at the end of the backtest %s: %w", id, err)
	}
	if b.Result != nil {
		return b, nil
	}
	answer, err := c.QueryWorkflow(ctx, w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId(), workflows.QueryBacktest)
	if err == nil {
		err = answer.Get(&b.BacktestProgress)
	}
	b.Unknown = err != nil
	return b, nil
}

// readEnd reads what a backtest that is over has left: its result, or why it failed. A result that cannot be decoded is left out.
func (b *BackgroundBacktest) readEnd(ctx context.Context, c client.Client, w *workflow.WorkflowExecutionInfo) error {
	if w.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_TERMINATED {
		var err error
		b.Status, b.Failed, err = readTermination(ctx, c, w)
		return err
	}
	if b.Status != BackgroundDone && b.Status != BackgroundFailed {
		return nil
	}
	var outcome workflows.BacktestOutcome
	err := c.GetWorkflow(ctx, w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId()).Get(ctx, &outcome)
	var away serviceerror.ServiceError
	if err != nil && (ctx.Err() != nil || errors.As(err, &away)) {
		return err
	}
	if b.Status == BackgroundFailed {
		b.Failed = failureText(err)
		return nil
	}
	if err == nil && outcome.Result != nil {
		b.BacktestProgress = outcome.BacktestProgress
		b.Result = &Backtest{Result: *outcome.Result}
		b.Unknown = false
	}
	return nil
}

// backgroundStatus translates a status of Temporal. One that was terminated counts as failed until it is known that it was cancelled: [readTermination].
func backgroundStatus(status enums.WorkflowExecutionStatus) BackgroundStatus {
	statuses := map[enums.WorkflowExecutionStatus]BackgroundStatus{
		enums.WORKFLOW_EXECUTION_STATUS_RUNNING:   BackgroundRuns,
		enums.WORKFLOW_EXECUTION_STATUS_COMPLETED: BackgroundDone,
		enums.WORKFLOW_EXECUTION_STATUS_CANCELED:  BackgroundCancelled,
	}
	return cmp.Or(statuses[status], BackgroundFailed)
}

const (
	// cancelReason is with what reason a backtest is terminated that is cancelled while nobody works on it.
	cancelReason = "cancelled while nobody worked on it"
	// replaceReason is how Temporal's reason begins when a new backtest takes the place of one under way.
	replaceReason = "TerminateIfRunning"
)

// readTermination says how a backtest ended that was terminated: cancelled from here, or failed, with the reason of whoever terminated it. Temporal itself does if it cannot keep it.
func readTermination(ctx context.Context, c client.Client, w *workflow.WorkflowExecutionInfo) (BackgroundStatus, string, error) {
	events := c.GetWorkflowHistory(ctx, w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
	if !events.HasNext() {
		return BackgroundFailed, "Temporal does not say why", nil
	}
	event, err := events.Next()
	if err != nil {
		return BackgroundFailed, "", err
	}
	reason := event.GetWorkflowExecutionTerminatedEventAttributes().GetReason()
	if reason == cancelReason || strings.HasPrefix(reason, replaceReason) {
		return BackgroundCancelled, "", nil
	}
	return BackgroundFailed, "it was terminated in Temporal: " + cmp.Or(reason, "nobody said why"), nil
}

// failureText says why a workflow failed, without the names that Temporal puts around it.
func failureText(err error) string {
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) {
		return failed.Message()
	}
	if err == nil {
		return "Temporal does not say why"
	}
	return err.Error()
}

const (
	// pollerSilence is how long nobody may have asked for work before nobody is there: a process asks at least once a minute.
	pollerSilence = 90 * time.Second
	// beatSilence is how long an activity may have said nothing that somebody works on.
	beatSilence = 20 * time.Second
)

// isUnattended reports whether nobody works on a backtest that runs: no activity was heard of lately, and nobody asked for work.
func isUnattended(ctx context.Context, c client.Client, pending []*workflow.PendingActivityInfo, now time.Time) bool {
	for _, activity := range pending {
		if activity.GetState() == enums.PENDING_ACTIVITY_STATE_STARTED && now.Sub(lastHeard(activity)) < beatSilence {
			return false
		}
	}
	// Who is busy asks for no activity and still for workflows.
	for _, kind := range []enums.TaskQueueType{enums.TASK_QUEUE_TYPE_ACTIVITY, enums.TASK_QUEUE_TYPE_WORKFLOW} {
		queue, err := c.DescribeTaskQueue(ctx, workflows.BacktestTaskQueue, kind)
		if err != nil {
			return false // it is not known
		}
		if hasPoller(queue.GetPollers(), now) {
			return false
		}
	}
	return true
}

// hasPoller reports whether somebody has asked for work lately.
func hasPoller(pollers []*taskqueue.PollerInfo, now time.Time) bool {
	return slices.ContainsFunc(pollers, func(p *taskqueue.PollerInfo) bool { return now.Sub(p.GetLastAccessTime().AsTime()) < pollerSilence })
}

// lastHeard is when an activity that was started was heard of last.
func lastHeard(a *workflow.PendingActivityInfo) time.Time {
	if beat := a.GetLastHeartbeatTime(); beat != nil {
		return beat.AsTime()
	}
	return a.GetLastStartedTime().AsTime()
}

// countDecided returns how many events the partitions that are under way are done with, as far as their heartbeats can be read: encrypted ones cannot.
func countDecided(pending []*workflow.PendingActivityInfo) int64 {
	done := int64(0)
	for _, activity := range pending {
		var p workflows.BacktestPartProgress
		if converter.GetDefaultDataConverter().FromPayloads(activity.GetHeartbeatDetails(), &p) == nil && p.Stage == workflows.BacktestDecides {
			done += p.Done
		}
	}
	return done
}
