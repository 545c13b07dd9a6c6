package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"homeroom/backtest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/worker"
	"homeroom/workflows"
)

// LargeBacktest is from how many recorded events on a console runs a backtest in the background: all of them are run through the rules, also those before the range. Two million
// take one process with two free cores some fifteen seconds (docs/performance.md); below that handing the work out saves nothing.
const LargeBacktest = 2_000_000

// BackgroundStatus says where a backtest in the background stands.
type BackgroundStatus string

// The statuses.
const (
	BackgroundRuns      BackgroundStatus = "running"
	BackgroundDone      BackgroundStatus = "done"
	BackgroundCancelled BackgroundStatus = "cancelled"
	BackgroundFailed    BackgroundStatus = "failed"
)

// BackgroundBacktest is a backtest that runs as a workflow of Temporal, an activity per partition.
type BackgroundBacktest struct {
	ID        string           `json:"id"`
	StartedAt time.Time        `json:"started_at"`
	EndedAt   time.Time        `json:"ended_at,omitzero"`
	Status    BackgroundStatus `json:"status"`
	Failed    string           `json:"failed,omitempty"` // why, if it failed
	// Unattended says that it runs and nobody works on it: no console is there, and no `homeroom backtests work`.
	Unattended bool `json:"unattended,omitempty"`
	// Unknown says that nobody answers what it is about and how far it is.
	Unknown bool `json:"unknown,omitempty"`
	workflows.BacktestProgress
	Result *Backtest `json:"result,omitempty"` // once it is done
}

// Live reports whether it can still be cancelled.
func (b *BackgroundBacktest) Live() bool { return b.Status == BackgroundRuns }

// DraftBacktest returns the id of the backtest of a draft: one at a time. It is a hash, since a draft is named after a person, and ids of workflows are not encrypted.
func DraftBacktest(draft string) string {
	hash := sha256.Sum256([]byte(draft))
	return "draft-" + hex.EncodeToString(hash[:8])
}

// NewBacktestID returns an id for a backtest that is of no draft.
func NewBacktestID() string { return "bt-" + strings.ToLower(rand.Text()[:10]) }

// CountRecorded returns how many events are recorded, about.
func (i *Installation) CountRecorded(ctx context.Context) (int64, error) {
	state, err := i.newReader(time.Time{}, nil).StreamState(ctx, subjects.Stream)
	return int64(state.Messages), err
}

// StartBacktest begins what [Installation.Backtest] does, in the background: consoles and `homeroom backtests work` work on it, and [Installation.FindBacktest] says how far it is.
// One under way with the same id ends. Addresses are left out, as from a copy of the events. The error wraps [ErrFoldersTooLarge] if it cannot be handed on. It is recorded.
func (i *Installation) StartBacktest(ctx context.Context, id string, inForce, draft *rules.Academy, opts BacktestOptions) (BackgroundBacktest, error) {
	if opts.KnownAddresses {
		return BackgroundBacktest{}, inputError(errors.New("a backtest in the background reads no addresses: count everybody as reachable, or run it without --background"))
	}
	folders, err := packFolders(inForce, draft)
	if errors.Is(err, ErrFoldersTooLarge) {
		return BackgroundBacktest{}, inputError(err)
	}
	if err != nil {
		return BackgroundBacktest{}, err
	}
	in, err := i.planBacktest(ctx, inForce, draft, opts)
	if err != nil {
		return BackgroundBacktest{}, err
	}
	in.Folders = folders
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return BackgroundBacktest{}, err
	}
	record := AuditRecord{Action: store.ActionBacktest, Target: opts.Draft, Hash: draft.Ruleset.Hash, Base: inForce.Ruleset.Hash}
	err = i.recordAct(ctx, record, func() error { return worker.StartBacktest(ctx, temporal, id, in) })
	if err != nil {
		return BackgroundBacktest{}, err
	}
	return BackgroundBacktest{ID: id, StartedAt: i.opts.Real().UTC(), Status: BackgroundRuns}, nil
}

// BacktestFolderInBackground begins to compare a folder with what is in force, as [Installation.StartBacktest] does. A folder that does not compile is a [*FolderError].
func (i *Installation) BacktestFolderInBackground(ctx context.Context, id string, f *Folder, opts BacktestOptions) (BackgroundBacktest, error) {
	draft, err := f.Compiled()
	if err != nil {
		return BackgroundBacktest{}, err
	}
	inForce, err := i.CurrentAcademy(ctx)
	if err != nil {
		return BackgroundBacktest{}, err
	}
	return i.StartBacktest(ctx, id, inForce, draft, opts)
}

// planBacktest finds out over which events and which range a backtest runs.
func (i *Installation) planBacktest(ctx context.Context, inForce, draft *rules.Academy, opts BacktestOptions) (workflows.BacktestInput, error) {
	span, err := i.readSpan(ctx)
	if err != nil {
		return workflows.BacktestInput{}, err
	}
	if opts.Until.IsZero() && opts.RunOn == 0 {
		opts.RunOn = i.runOnFrom(span.last)
	}
	sides := newSides(inForce, draft)
	setRange(&sides, span.last, opts)
	if err := sides.FitTo(span.first, span.last); err != nil {
		return workflows.BacktestInput{}, inputError(err)
	}
	return workflows.BacktestInput{
		Heading: backtest.NewHeading(&sides),
		Parts:   subjects.Partitions,
		Last:    span.seq,
		Events:  span.count,
		Draft:   opts.Draft,
		Days:    int(opts.Back / (24 * time.Hour)),
		By:      i.actor.Name,
	}, nil
}

// FindBacktest returns a backtest in the background, with its result once it is done. The error is [ErrNotFound] if Temporal has none of that id.
func (i *Installation) FindBacktest(ctx context.Context, id string) (BackgroundBacktest, error) {
	c, _, err := i.dialTemporal(ctx)
	if err != nil {
		return BackgroundBacktest{}, err
	}
	described, err := c.DescribeWorkflowExecution(ctx, workflows.BacktestID(id), "")
	var none *serviceerror.NotFound
	switch {
	case errors.As(err, &none):
		return BackgroundBacktest{}, fmt.Errorf("there is no backtest %s, or Temporal has forgotten it: %w", id, ErrNotFound)
	case err != nil:
		return BackgroundBacktest{}, fmt.Errorf("looking at the backtest %s: %w", id, err)
	}
	b := i.describeBacktest(ctx, c, id, described.GetWorkflowExecutionInfo())
	if b.Live() {
		b.Unattended = isUnattended(ctx, c, described.GetPendingActivities(), i.opts.Real())
		b.EventsDone += countDecided(described.GetPendingActivities())
	}
	return b, nil
}

// describeBacktest says how far a backtest is: one that is done has left its result, another one is asked.
func (i *Installation) describeBacktest(ctx context.Context, c client.Client, id string, w *workflow.WorkflowExecutionInfo) BackgroundBacktest {
	ctx, cancel := context.WithTimeout(ctx, broadcastPatience)
	defer cancel()
	b := BackgroundBacktest{ID: id, StartedAt: w.GetStartTime().AsTime(), Status: backgroundStatus(w.GetStatus())}
	if !b.Live() {
		b.EndedAt = w.GetCloseTime().AsTime()
	}
	run := c.GetWorkflow(ctx, w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId())
	var outcome workflows.BacktestOutcome
	switch b.Status {
	case BackgroundDone:
		if err := run.Get(ctx, &outcome); err != nil || outcome.Result == nil {
			b.Unknown = true
			break
		}
		b.BacktestProgress = outcome.BacktestProgress
		b.Result = &Backtest{Result: *outcome.Result}
		return b
	case BackgroundFailed:
		b.Failed = failureText(run.Get(ctx, &outcome))
	case BackgroundRuns, BackgroundCancelled:
	}
	answer, err := c.QueryWorkflow(ctx, w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId(), workflows.QueryBacktest)
	if err == nil {
		err = answer.Get(&b.BacktestProgress)
	}
	b.Unknown = err != nil
	return b
}

func backgroundStatus(status enums.WorkflowExecutionStatus) BackgroundStatus {
	statuses := map[enums.WorkflowExecutionStatus]BackgroundStatus{
		enums.WORKFLOW_EXECUTION_STATUS_RUNNING:    BackgroundRuns,
		enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:  BackgroundDone,
		enums.WORKFLOW_EXECUTION_STATUS_CANCELED:   BackgroundCancelled,
		enums.WORKFLOW_EXECUTION_STATUS_TERMINATED: BackgroundCancelled,
	}
	return cmp.Or(statuses[status], BackgroundFailed)
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

// isUnattended reports whether nobody works on a backtest that runs: no activity was heard of lately, and nobody asked for one.
func isUnattended(ctx context.Context, c client.Client, pending []*workflow.PendingActivityInfo, now time.Time) bool {
	for _, activity := range pending {
		if activity.GetState() == enums.PENDING_ACTIVITY_STATE_STARTED && now.Sub(lastHeard(activity)) < beatSilence {
			return false
		}
	}
	queue, err := c.DescribeTaskQueue(ctx, workflows.BacktestTaskQueue, enums.TASK_QUEUE_TYPE_ACTIVITY)
	if err != nil {
		return false // it is not known
	}
	for _, poller := range queue.GetPollers() {
		if now.Sub(poller.GetLastAccessTime().AsTime()) < pollerSilence {
			return false
		}
	}
	return true
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

// ErrNoBacktest says that there is no such backtest under way.
var ErrNoBacktest = errors.New("there is no such backtest under way: `homeroom backtests list` lists them")

// CancelBacktest ends a backtest in the background. Nothing is lost by it but the work.
func (i *Installation) CancelBacktest(ctx context.Context, id string) error {
	c, _, err := i.dialTemporal(ctx)
	if err != nil {
		return err
	}
	described, err := c.DescribeWorkflowExecution(ctx, workflows.BacktestID(id), "")
	var none *serviceerror.NotFound
	if errors.As(err, &none) || err == nil && backgroundStatus(described.GetWorkflowExecutionInfo().GetStatus()) != BackgroundRuns {
		return inputError(ErrNoBacktest)
	}
	if err != nil {
		return err
	}
	run := described.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	if isUnattended(ctx, c, described.GetPendingActivities(), i.opts.Real()) { // nobody would carry out the workflow's own end
		err = c.TerminateWorkflow(ctx, workflows.BacktestID(id), run, "cancelled while nobody worked on it")
	} else {
		err = c.CancelWorkflow(ctx, workflows.BacktestID(id), run)
	}
	if errors.As(err, &none) {
		return inputError(ErrNoBacktest)
	}
	return err
}

// FollowBacktest waits for the end of a backtest in the background, or of ctx. onProgress hears about once a second how far it is; it may be nil.
func (i *Installation) FollowBacktest(ctx context.Context, id string, onProgress func(BackgroundBacktest)) (BackgroundBacktest, error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		b, err := i.FindBacktest(ctx, id)
		if ctx.Err() != nil {
			return b, ctx.Err()
		}
		if err != nil || !b.Live() {
			return b, err
		}
		if onProgress != nil {
			onProgress(b)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return b, ctx.Err()
		}
	}
}

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
	list := []BackgroundBacktest{}
	for _, w := range page.GetExecutions() {
		id, ok := workflows.BacktestOf(w.GetExecution().GetWorkflowId())
		if !ok { // somebody started it by another id, by which nobody finds it here
			continue
		}
		b := i.describeBacktest(ctx, c, id, w)
		b.Result = nil
		list = append(list, b)
	}
	slices.SortStableFunc(list, func(a, b BackgroundBacktest) int {
		if order := b.StartedAt.Compare(a.StartedAt); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}
