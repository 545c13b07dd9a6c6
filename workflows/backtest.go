package workflows

import (
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/backtest"
)

// The names of the workflow that compares a draft with the rules in force over many events, of its activity, and of its query.
const (
	BacktestWorkflow     = "Backtest"
	ActivityBacktestPart = "BacktestPart"
	QueryBacktest        = "progress" // answer: BacktestProgress
)

// BacktestTaskQueue is the task queue of backtests, of the workflow and its activities. Consoles serve it: they may read the events, and nothing that learners wait for runs there.
const BacktestTaskQueue = "homeroom-backtest"

// FailureBacktestTooLarge is the type of the error with which a backtest ends whose counts or result are larger than Temporal keeps.
const FailureBacktestTooLarge = "BacktestTooLarge"

const (
	backtestPrefix  = "backtest/"
	backtestVersion = 1
	// backtestTimeout is that of one attempt at a partition, and backtestHeartbeat how long a process may be silent before it counts as dead.
	backtestTimeout   = time.Hour
	backtestHeartbeat = 10 * time.Second
	// backtestAttempts is how often a partition is tried: a process that is stopped gives its partitions back, and a NATS that is away for some minutes ends nothing.
	backtestAttempts = 20
	// maxBacktestResult is how many bytes the result may have; Temporal takes 2 MB.
	maxBacktestResult = 1900 << 10
)

// BacktestID names the workflow of a backtest.
func BacktestID(id string) string { return backtestPrefix + escapeID(id) }

// BacktestOf is the inverse of [BacktestID]; ok is false for ids that it does not make.
func BacktestOf(workflowID string) (id string, ok bool) {
	if len(workflowID) < len(backtestPrefix) || workflowID[:len(backtestPrefix)] != backtestPrefix {
		return "", false
	}
	return unescapeID(workflowID[len(backtestPrefix):])
}

// backtestRun is a run of the workflow.
type backtestRun struct {
	in      BacktestInput
	counted *backtest.Partial
	done    int // partitions
}

// Backtest is the workflow; consoles register it as [BacktestWorkflow]. All partitions are handed out at once: each process takes as many as it works on at a time, so more of them
// make it faster. Cancelling the workflow cancels the backtest; the activities hear of it by their heartbeats.
func Backtest(ctx workflow.Context, in BacktestInput) (*BacktestOutcome, error) {
	if in.Version > backtestVersion {
		panic(fmt.Sprintf("this backtest was written by a newer Homeroom (version %d, this console knows %d): it waits for a newer console", in.Version, backtestVersion))
	}
	b := &backtestRun{in: in, counted: backtest.NewPartial()}
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryBacktest, func() (BacktestProgress, error) { return b.progress(), nil },
		workflow.QueryHandlerOptions{Description: "How many partitions and events are done."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryBacktest, err)
	}
	b.showProgress(ctx)
	if err := b.runParts(ctx); err != nil {
		return nil, err
	}
	return b.finish(ctx)
}

// runParts has all partitions worked on and merges their counts.
func (b *backtestRun) runParts(ctx workflow.Context) error {
	s := workflow.NewNamedSelector(ctx, "partitions")
	var failure error
	for n := range b.in.Parts {
		s.AddFuture(b.launchPart(ctx, n), func(f workflow.Future) { failure = b.takePart(ctx, f) })
	}
	for b.done < b.in.Parts {
		s.Select(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if failure != nil {
			return failure
		}
		b.showProgress(ctx)
	}
	return nil
}

func (b *backtestRun) launchPart(ctx workflow.Context, partition int) workflow.Future {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           BacktestTaskQueue,
		StartToCloseTimeout: backtestTimeout,
		HeartbeatTimeout:    backtestHeartbeat,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
			MaximumAttempts:    backtestAttempts,
		},
		Summary: fmt.Sprintf("partition %d of %d", partition+1, b.in.Parts),
	})
	return workflow.ExecuteActivity(ctx, ActivityBacktestPart, BacktestPartInput{
		Folders:         b.in.Folders,
		From:            b.in.Heading.From,
		Until:           b.in.Heading.Until,
		AssumeReachable: b.in.Heading.AssumeReachable,
		Partition:       partition,
		Last:            b.in.Last,
	})
}

// takePart merges the counts of a partition.
func (b *backtestRun) takePart(ctx workflow.Context, f workflow.Future) error {
	var part backtest.Partial
	if err := f.Get(ctx, &part); err != nil {
		return err
	}
	b.counted.Merge(&part)
	b.done++
	return nil
}

// finish makes the result.
func (b *backtestRun) finish(ctx workflow.Context) (*BacktestOutcome, error) {
	outcome := &BacktestOutcome{
		BacktestProgress: b.progress(),
		Result:           b.in.Heading.Result(b.counted),
	}
	//workflowcheck:ignore The same value is always encoded alike.
	body, err := json.Marshal(outcome)
	if err != nil {
		return nil, err
	}
	if len(body) > maxBacktestResult {
		return nil, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("the result has %d bytes, and Temporal keeps at most %d: mend what cannot be rendered, or compare over a shorter time", len(body), maxBacktestResult), FailureBacktestTooLarge, nil)
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**done**: %s, of %s.", countNoun(outcome.Result.Changes, "changed message"), countNoun(outcome.Result.Affected, "learner")))
	return outcome, nil
}

func (b *backtestRun) progress() BacktestProgress {
	h := &b.in.Heading
	return BacktestProgress{
		Draft:      b.in.Draft,
		Hash:       h.After,
		Base:       h.Before,
		By:         b.in.By,
		Days:       b.in.Days,
		From:       h.From,
		Until:      h.Until,
		Parts:      b.in.Parts,
		PartsDone:  b.done,
		Events:     b.in.Events,
		EventsDone: b.counted.Events,
	}
}

// showProgress tells people in the Temporal UI how far the backtest has come.
func (b *backtestRun) showProgress(ctx workflow.Context) {
	p := b.progress()
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**running**: %d of %s done, %d of about %s.\n\nStarted by %s. Partitions that nobody works on wait for a console: `homeroom console`.",
		p.PartsDone, countNoun(p.Parts, "partition"), p.EventsDone, countNoun(int(p.Events), "event"), p.By))
}
