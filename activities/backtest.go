package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"homeroom/backtest"
	"homeroom/workflows"
)

// BacktestEvents reads recorded events by partition.
type BacktestEvents interface {
	// Open returns some partitions of the events up to a sequence, one after another, as parts of a source; nil: all. onRead hears how many events were read; it is called from whatever
	// goroutine reads the source.
	Open(ctx context.Context, partitions []int, last uint64, onRead func(done int64)) (backtest.Source, error)
}

// BacktestCompiler compiles the packed folders of a backtest into its two sides.
type BacktestCompiler interface {
	CompileSides(folders []byte) (backtest.Options, error)
}

// Backtest works on partitions of backtests that run in the background. Its method is an activity.
type Backtest struct {
	Events   BacktestEvents
	Compiler BacktestCompiler
	Workers  int // goroutines that decide for one partition; 0: one a core

	paths pathCounts
}

// errBacktestStops says that this process gives a partition back because it is stopped.
var errBacktestStops = errors.New("the process that worked on it is stopped")

// backtestHeartbeatEvery is the pause between two heartbeats.
const backtestHeartbeatEvery = 2 * time.Second

// Run runs the events of one partition through both sides and returns what is counted. Another attempt begins anew.
func (b *Backtest) Run(ctx context.Context, in workflows.BacktestPartInput) (*backtest.Partial, error) {
	ctx, heartbeats := startHeartbeats(ctx)
	defer heartbeats.stop()
	counted, err := b.countPart(ctx, in, heartbeats)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := counted.CheckSize(); err != nil {
		if errors.Is(err, backtest.ErrTooLarge) {
			return nil, temporal.NewNonRetryableApplicationError(err.Error(), workflows.FailureBacktestTooLarge, err)
		}
		return nil, err
	}
	return counted, nil
}

func (b *Backtest) countPart(ctx context.Context, in workflows.BacktestPartInput, heartbeats *heartbeats) (*backtest.Partial, error) {
	opts, err := b.Compiler.CompileSides(in.Folders)
	if err != nil {
		return nil, err
	}
	opts.Since = in.From
	opts.Until = in.Until
	opts.AssumeReachable = in.AssumeReachable
	opts.Workers = b.Workers
	if opts.AskNext() {
		run := activity.GetInfo(ctx).WorkflowExecution.RunID
		nextUnits, err := b.paths.countOnce(ctx, run, func() (*backtest.Paths, error) { return b.countPaths(ctx, in, opts, heartbeats) })
		if err != nil {
			return nil, err
		}
		defer b.paths.releaseCount(nextUnits)
		opts.Paths = nextUnits.paths
	}
	source, err := b.Events.Open(ctx, []int{in.Partition}, in.Last, func(done int64) { heartbeats.note(workflows.BacktestReads, done, 0) })
	if err != nil {
		return nil, fmt.Errorf("partition %d: %w", in.Partition, err)
	}
	opts.Progress = func(done, total int64) { heartbeats.note(workflows.BacktestDecides, done, total) }
	counted, err := backtest.RunPartial(ctx, source, opts)
	if err != nil {
		return nil, fmt.Errorf("partition %d: %w", in.Partition, err)
	}
	return counted, nil
}

// countPaths counts what learners did next, over all partitions. How often a unit was visited up to each minute is too much to be handed on, so each process counts for itself.
func (b *Backtest) countPaths(ctx context.Context, in workflows.BacktestPartInput, opts backtest.Options, heartbeats *heartbeats) (*backtest.Paths, error) {
	source, err := b.Events.Open(ctx, nil, in.Last, func(done int64) { heartbeats.note(workflows.BacktestCounts, done, 0) })
	if err != nil {
		return nil, err
	}
	return backtest.CountPaths(ctx, source, opts)
}

// pathCounts keeps what learners did next of the backtests that this process works on: it is counted once, by the first of its partitions. The counts of a backtest
// on which no partition has been worked for unusedCountsKept are forgotten.
type pathCounts struct {
	mu     sync.Mutex
	counts []*pathCount // the newest last
}

// unusedCountsKept is how long the counts of a backtest are kept after the last partition: longer than the next one takes to come, unless other backtests are in between.
const unusedCountsKept = 5 * time.Minute

// pathCount is one backtest's.
type pathCount struct {
	run        string        // of the workflow
	done       chan struct{} // closed when it is counted, or could not be
	users      int           // partitions that are worked on with it, or wait for it
	forgetting *time.Timer   // drops it; nil while there are users
	paths      *backtest.Paths
	err        error
}

// keptPathCounts is of how many backtests counts are kept.
const keptPathCounts = 2

// countOnce returns what was counted for a run, or has it counted. While another partition counts it waits; if that one fails it counts itself. The caller calls releaseCount when it is done.
func (p *pathCounts) countOnce(ctx context.Context, run string, count func() (*backtest.Paths, error)) (*pathCount, error) {
	for {
		one, isMine := p.findCount(run)
		if isMine {
			return one, p.countPaths(one, count)
		}
		select {
		case <-one.done:
			if one.err == nil {
				return one, nil
			}
		case <-ctx.Done():
			p.releaseCount(one)
			return nil, ctx.Err()
		}
	}
}

// errNotCounted is what others find if counting panicked.
var errNotCounted = errors.New("what learners did next was not counted")

// countPaths counts. Whoever waits goes on whatever becomes of it, a panic included, which ends only the attempt that counts.
func (p *pathCounts) countPaths(one *pathCount, count func() (*backtest.Paths, error)) error {
	one.err = errNotCounted
	defer func() {
		if one.err != nil {
			p.dropCount(one)
		}
		close(one.done)
	}()
	one.paths, one.err = count()
	return one.err
}

// findCount returns the count of a run for one more user, and whether it is new, so that the caller has to count.
func (p *pathCounts) findCount(run string) (one *pathCount, isNew bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.counts {
		if one.run == run {
			one.users++
			one.stopForgetting()
			return one, false
		}
	}
	one = &pathCount{run: run, done: make(chan struct{}), users: 1}
	p.counts = append(p.counts, one)
	if len(p.counts) > keptPathCounts {
		p.counts[0].stopForgetting()
		p.removeCount(p.counts[0])
	}
	return one, true
}

// releaseCount says that a partition needs a count no more.
func (p *pathCounts) releaseCount(one *pathCount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one.users--; one.users == 0 {
		one.forgetting = time.AfterFunc(unusedCountsKept, func() { p.dropUnused(one) })
	}
}

// dropUnused forgets a count, unless a partition has begun to use it since.
func (p *pathCounts) dropUnused(one *pathCount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one.users == 0 {
		p.removeCount(one)
	}
}

func (p *pathCounts) dropCount(gone *pathCount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removeCount(gone)
}

// stopForgetting keeps a count that was to be forgotten. The caller holds the lock.
func (c *pathCount) stopForgetting() {
	if c.forgetting != nil {
		c.forgetting.Stop()
		c.forgetting = nil
	}
}

// removeCount takes a count out. The caller holds the lock.
func (p *pathCounts) removeCount(gone *pathCount) {
	p.counts = slices.DeleteFunc(p.counts, func(one *pathCount) bool { return one == gone })
}

// heartbeats tells Temporal again and again how far a partition is.
type heartbeats struct {
	cancel  context.CancelCauseFunc
	stopped chan struct{}
	ended   sync.WaitGroup

	mu   sync.Mutex
	last workflows.BacktestPartProgress
}

// startHeartbeats begins. The context ends when the backtest is cancelled, when this attempt counts as dead, and when the process is stopped.
func startHeartbeats(ctx context.Context) (context.Context, *heartbeats) {
	ctx, cancel := context.WithCancelCause(ctx)
	b := &heartbeats{cancel: cancel, stopped: make(chan struct{})}
	ticks := time.NewTicker(backtestHeartbeatEvery)
	activity.RecordHeartbeat(ctx, b.read())
	b.ended.Go(func() {
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				activity.RecordHeartbeat(ctx, b.read())
			case <-activity.GetWorkerStopChannel(ctx):
				cancel(errBacktestStops)
				return
			case <-ctx.Done():
				return
			case <-b.stopped:
				return
			}
		}
	})
	return ctx, b
}

func (b *heartbeats) stop() {
	close(b.stopped)
	b.ended.Wait()
	b.cancel(nil)
}

func (b *heartbeats) note(stage workflows.BacktestStage, done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = workflows.BacktestPartProgress{Stage: stage, Done: done, Total: total}
}

func (b *heartbeats) read() workflows.BacktestPartProgress {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}
