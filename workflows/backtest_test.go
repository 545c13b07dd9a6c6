package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"homeroom/backtest"
	"homeroom/workflows"
)

// runBacktest runs a backtest of so many partitions, each of which part counts.
func runBacktest(t *testing.T, in workflows.BacktestInput, part func(workflows.BacktestPartInput) (*backtest.Partial, error)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a busy machine is no deadlock
	env.RegisterActivityWithOptions(func(_ context.Context, in workflows.BacktestPartInput) (*backtest.Partial, error) { return part(in) },
		activity.RegisterOptions{Name: workflows.ActivityBacktestPart})
	env.ExecuteWorkflow(workflows.Backtest, in)
	return env
}

func backtestInput() workflows.BacktestInput {
	return workflows.BacktestInput{
		Version: 1,
		Folders: []byte("packed"),
		Parts:   16,
		Last:    99,
		Events:  1600,
		Draft:   "maya",
		By:      "maya",
		Heading: backtest.Heading{
			From:   time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
			Until:  time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC),
			Before: "old",
			After:  "new",
			Edited: []backtest.Edit{{Rule: "gone", Status: backtest.RuleRemoved}},
		},
	}
}

// countedPart is what is counted of one partition: one learner of whom one message changes.
func countedPart(rule string) *backtest.Partial {
	p := backtest.NewPartial()
	p.Events = 100
	p.Learners = 1
	p.Affected = 1
	p.Rules[rule] = map[string]*backtest.Counts{"m": {Before: 1, After: 1, OtherTime: 1}}
	return p
}

// TestABacktestMergesItsPartitions: each partition is worked on once, and the result has all of them.
func TestABacktestMergesItsPartitions(t *testing.T) {
	var mu sync.Mutex
	seen := map[int]int{}
	env := runBacktest(t, backtestInput(), func(in workflows.BacktestPartInput) (*backtest.Partial, error) {
		mu.Lock()
		defer mu.Unlock()
		seen[in.Partition]++
		if string(in.Folders) != "packed" || in.Last != 99 || in.Until.Day() != 12 {
			return nil, fmt.Errorf("it was given %+v", in)
		}
		return countedPart("retry"), nil
	})
	var got workflows.BacktestOutcome
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 16 || got.PartsDone != 16 || got.EventsDone != 1600 || got.Hash != "new" || got.Base != "old" || got.By != "maya" {
		t.Errorf("worked on %v; it says of itself %+v", seen, got.BacktestProgress)
	}
	r := got.Result
	if r.Changes != 16 || r.Learners != 16 || len(r.Rules) != 2 || r.Rules[0].Rule != "gone" || r.Rules[1].OtherTime != 16 || !r.Rules[1].KnockOn {
		t.Errorf("the result is %+v", r)
	}
}

// TestABacktestThatDoesNotFit: what is too large ends it with words, and is not tried again.
func TestABacktestThatDoesNotFit(t *testing.T) {
	var mu sync.Mutex
	tries := 0
	tooLarge := func(in workflows.BacktestPartInput) (*backtest.Partial, error) {
		mu.Lock()
		defer mu.Unlock()
		if in.Partition == 3 {
			tries++
			return nil, temporal.NewNonRetryableApplicationError("what is counted is too large", workflows.FailureBacktestTooLarge, nil)
		}
		return countedPart("retry"), nil
	}
	manyRules := func(in workflows.BacktestPartInput) (*backtest.Partial, error) {
		p := countedPart("retry")
		for n := range 400 {
			p.Rules[fmt.Sprintf("%d-%d-%s", in.Partition, n, strings.Repeat("r", 500))] = map[string]*backtest.Counts{"m": {New: 1}}
		}
		return p, nil
	}
	for want, part := range map[string]func(workflows.BacktestPartInput) (*backtest.Partial, error){
		"what is counted is too large": tooLarge,
		"the result has":               manyRules,
	} {
		err := runBacktest(t, backtestInput(), part).GetWorkflowError()
		var failed *temporal.ApplicationError
		if !errors.As(err, &failed) || failed.Type() != workflows.FailureBacktestTooLarge || !strings.Contains(failed.Message(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if tries != 1 {
		t.Errorf("it was tried %d times", tries)
	}
}

// TestBacktestIDs: ids of workflows are found again.
func TestBacktestIDs(t *testing.T) {
	for _, id := range []string{"bt-k3m9x2p7qa", "draft-0a1b", "with space"} {
		if got, ok := workflows.BacktestOf(workflows.BacktestID(id)); !ok || got != id {
			t.Errorf("%q: %q, %v", id, got, ok)
		}
	}
	if _, ok := workflows.BacktestOf("broadcast/e1"); ok {
		t.Error("a broadcast is taken for a backtest")
	}
}
