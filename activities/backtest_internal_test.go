package activities

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

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
		_, err := counts.count(t.Context(), "run", func() (*backtest.Paths, error) {
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
	if _, err := counts.count(ended, "run", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("one who was cancelled while it waited got %v", err)
	}
	var others sync.WaitGroup
	paths := &backtest.Paths{}
	for range 8 {
		others.Go(func() {
			got, err := counts.count(t.Context(), "run", func() (*backtest.Paths, error) {
				counted.Add(1)
				return paths, nil
			})
			if got != paths || err != nil {
				t.Errorf("got %p, %v", got, err)
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
		if _, err := counts.count(t.Context(), run, func() (*backtest.Paths, error) { return paths, nil }); err != nil {
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
		_, _ = counts.count(t.Context(), "run", func() (*backtest.Paths, error) { panic("a fault") })
	}()
	if len(counts.counts) != 0 {
		t.Fatal("a count that came to nothing is kept, and who asks for it waits for ever")
	}
	paths := &backtest.Paths{}
	if got, err := counts.count(t.Context(), "run", func() (*backtest.Paths, error) { return paths, nil }); got != paths || err != nil {
		t.Errorf("the next attempt got %p, %v", got, err)
	}
}
