package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"homeroom/activities"
	"homeroom/internal/clock"
	"homeroom/worker"
)

// BacktestWork says how a process works on backtests in the background.
type BacktestWork struct {
	EventCopy *EventCopy   // what is read; nil: the stream, each time
	Log       *slog.Logger // required
}

// workAgain is the pause before Temporal is tried again.
const workAgain = 10 * time.Second

// WorkOnBacktests works on backtests in the background until ctx ends, as one of the processes that do. A Temporal that cannot be reached is tried again and again.
func (i *Installation) WorkOnBacktests(ctx context.Context, o BacktestWork) {
	for ctx.Err() == nil {
		err := i.workUntil(ctx, o)
		if ctx.Err() != nil {
			return
		}
		o.Log.Warn("working on backtests in the background is tried again", "error", err, "pause", workAgain)
		if clock.Sleep(ctx, workAgain) != nil {
			return
		}
	}
}

// workUntil works until ctx ends, or until the worker gives up.
func (i *Installation) workUntil(ctx context.Context, o BacktestWork) error {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	w := worker.NewBacktestWorker(temporal, i.BacktestActivities(o.EventCopy), func(err error) {
		select {
		case failed <- err:
		default:
		}
	})
	if err := w.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	defer w.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-failed:
		return errors.Join(errors.New("the Temporal worker gave up"), err)
	}
}

// BacktestActivities returns what works on partitions, with the events of a copy, or of the stream if it is nil.
func (i *Installation) BacktestActivities(kept *EventCopy) *activities.Backtest {
	return &activities.Backtest{
		Events:   &partitionEvents{installation: i, kept: kept},
		Compiler: folderCompiler{},
		Workers:  max(1, runtime.GOMAXPROCS(0)/worker.BacktestsTogether),
	}
}
