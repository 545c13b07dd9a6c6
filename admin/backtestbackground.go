package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

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
	hasEnded := false
	if !isUnattended(ctx, c, described.GetPendingActivities(), i.opts.Real()) {
		hasEnded, err = requestEnd(ctx, c, workflows.BacktestID(id), run)
	}
	if err == nil && !hasEnded { // nobody carries out the workflow's own end
		err = c.TerminateWorkflow(ctx, workflows.BacktestID(id), run, cancelReason)
	}
	if errors.As(err, &none) {
		return inputError(ErrNoBacktest)
	}
	return err
}

// cancelPatience is how long a backtest may take to end once it is to: a workflow takes no time for it if somebody is there.
const cancelPatience = 5 * time.Second

// requestEnd cancels a workflow and reports whether it has ended since: whoever was there lately may have gone.
func requestEnd(ctx context.Context, c client.Client, workflowID, run string) (hasEnded bool, err error) {
	if err := c.CancelWorkflow(ctx, workflowID, run); err != nil {
		return false, err
	}
	soon, cancel := context.WithTimeout(ctx, cancelPatience)
	defer cancel()
	_ = c.GetWorkflow(soon, workflowID, run).Get(soon, nil) // it ends with an error
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	described, err := c.DescribeWorkflowExecution(ctx, workflowID, run)
	return described.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING, err
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
