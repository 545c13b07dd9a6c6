package activities

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/backtest"
)

// TestMovesAreCountedOnceAProcess: the partitions of one backtest share what the first of them counts; if that fails another one counts; another backtest counts for itself.
func TestMovesAreCountedOnceAProcess(t *testing.T) {
	var counts pathCounts
	var counted atomic.Int32
	failing := errors.New("no answer")
	begun := make(chan struct{})
	goOn := make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		_, err := counts.countOnce(t.Context(), "run", func() (*backtest.Paths, error) {
			close(begun)
			<-goOn
			return nil, failing
		})
		if !errors.Is(err, failing) {
			t.Errorf("the one who failed got %v", err)
		}
	})
	<-begun
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := counts.countOnce(ended, "run", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("one who was cancelled while it waited got %v", err)
	}
	var others sync.WaitGroup
	paths := &backtest.Paths{}
	for range 8 {
		others.Go(func() {
			got, err := counts.countOnce(t.Context(), "run", func() (*backtest.Paths, error) {
				counted.Add(1)
				return paths, nil
			})
			if err != nil || got.paths != paths {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	close(goOn)
	first.Wait()
	others.Wait()
	if counted.Load() != 1 {
		t.Errorf("it was counted %d times", counted.Load())
	}
	for _, run := range []string{"second", "third"} {
		if _, err := counts.countOnce(t.Context(), run, func() (*backtest.Paths, error) { return paths, nil }); err != nil {
			t.Error(err)
		}
	}
	if len(counts.counts) != keptPathCounts {
		t.Errorf("the counts of %d backtests are kept", len(counts.counts))
	}
}

// TestAPanicWhileCountingHoldsNobodyUp: the next attempt counts itself.
func TestAPanicWhileCountingHoldsNobodyUp(t *testing.T) {
	var counts pathCounts
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = counts.countOnce(t.Context(), "run", func() (*backtest.Paths, error) { panic("a fault") })
	}()
	if len(counts.counts) != 0 {
		t.Fatal("a count that came to nothing is kept, and who asks for it waits for ever")
	}
	paths := &backtest.Paths{}
	if got, err := counts.countOnce(t.Context(), "run", func() (*backtest.Paths, error) { return paths, nil }); err != nil || got.paths != paths {
		t.Errorf("the next attempt got %+v, %v", got, err)
	}
}

// TestCountsThatNobodyUsesAreForgotten: not while a partition is worked on, and not between one partition and the next.
func TestCountsThatNobodyUsesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counts pathCounts
		counted := 0
		ask := func() *pathCount {
			t.Helper()
			one, err := counts.countOnce(t.Context(), "run", func() (*backtest.Paths, error) {
				counted++
				return &backtest.Paths{}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return one
		}
		first := ask()
		second := ask()
		counts.releaseCount(first)
		time.Sleep(10 * unusedCountsKept) // by the clock of synctest, at once
		counts.releaseCount(second)
		time.Sleep(unusedCountsKept / 2) // by the clock of synctest, at once
		third := ask()
		time.Sleep(unusedCountsKept) // by the clock of synctest, at once
		if counted != 1 || len(counts.counts) != 1 {
			t.Fatalf("counted %d times, %d are kept", counted, len(counts.counts))
		}
		counts.releaseCount(third)
		time.Sleep(2 * unusedCountsKept) // by the clock of synctest, at once
		synctest.Wait()
		if len(counts.counts) != 0 {
			t.Error("they are kept although nobody uses them")
		}
		counts.releaseCount(ask())
		if counted != 2 {
			t.Errorf("counted %d times", counted)
		}
	})
}
