package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"homeroom/admin"
	"homeroom/dev/harness"
	"homeroom/workflows"
)

const (
	// manyLetters are as many as just fit into a backtest in the background.
	manyLetters = 235_000
	// tooManyLetters are the fewest, about, that do not.
	tooManyLetters = 247_000
)

// TestABacktestOfTheLargestFolder: a folder just below the limit fits into Temporal's answers, in which all partitions are handed out at once.
func TestABacktestOfTheLargestFolder(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.draft = harness.Academy(t, longFiles(manyLetters))
	b.begin("bt-1", b.options())
	b.work(nil)
	if ended := b.await("bt-1"); ended.Status != admin.BackgroundDone || ended.Result == nil {
		t.Errorf("it ended as %s: %s", ended.Status, ended.Failed)
	}
}

// TestABacktestThatIsTerminated has failed, with the reason that Temporal has; one that a new one took the place of is cancelled.
func TestABacktestThatIsTerminated(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.begin("bt-1", b.options())
	if err := b.instance.Temporal.TerminateWorkflow(b.ctx, workflows.BacktestID("bt-1"), "", "the history is too large"); err != nil {
		t.Fatal(err)
	}
	if ended := b.await("bt-1"); ended.Status != admin.BackgroundFailed || !strings.Contains(ended.Failed, "the history is too large") {
		t.Errorf("it ended as %s: %q", ended.Status, ended.Failed)
	}
	b.begin("bt-2", b.options())
	b.begin("bt-2", b.options())
	harness.Eventually(t, b.ctx, "three runs are listed, each with its end", func() error {
		list, err := b.admin.Backtests(b.ctx, 5)
		if err != nil {
			return err
		}
		count := map[admin.BackgroundStatus]int{}
		for _, one := range list {
			count[one.Status]++
		}
		if len(list) != 3 || count[admin.BackgroundRuns] != 1 || count[admin.BackgroundCancelled] != 1 || count[admin.BackgroundFailed] != 1 {
			return errNotYet
		}
		return nil
	})
}

// TestABusyConsoleIsThere: who asks Temporal for workflows only, since it is busy with other partitions, counts as somebody who works on backtests.
func TestABusyConsoleIsThere(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	w := sdk.New(b.instance.Temporal, workflows.BacktestTaskQueue, sdk.Options{LocalActivityWorkerOnly: true})
	w.RegisterWorkflowWithOptions(workflows.Backtest, workflow.RegisterOptions{Name: workflows.BacktestWorkflow})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	b.begin("bt-1", b.options())
	harness.Eventually(t, b.ctx, "somebody is there", func() error {
		found, err := b.admin.FindBacktest(b.ctx, "bt-1")
		if err == nil && found.Unattended {
			err = errNotYet
		}
		return err
	})
}

// TestABacktestIsCancelledAfterItsConsoleLeft: a console that was there a moment ago does not carry the cancel out, and it ends all the same.
func TestABacktestIsCancelledAfterItsConsoleLeft(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	halted, stop := b.workHalting()
	b.begin("bt-1", b.options())
	b.awaitHalt(halted)
	stop()
	if err := b.admin.CancelBacktest(b.ctx, "bt-1"); err != nil {
		t.Fatal(err)
	}
	if found, err := b.admin.FindBacktest(b.ctx, "bt-1"); err != nil || found.Status != admin.BackgroundCancelled || found.Failed != "" {
		t.Errorf("it is %s: %q, %v", found.Status, found.Failed, err)
	}
}

// silentEnds is a Temporal that does not hand the end of a workflow out.
type silentEnds struct{ client.Client }

func (c silentEnds) GetWorkflow(ctx context.Context, id, run string) client.WorkflowRun {
	return silentEnd{c.Client.GetWorkflow(ctx, id, run)}
}

type silentEnd struct{ client.WorkflowRun }

func (silentEnd) Get(context.Context, any) error { return serviceerror.NewUnavailable("shutting down") }

// TestAResultThatTemporalDoesNotHandOut is an error, after which one asks again, and no result that cannot be read.
func TestAResultThatTemporalDoesNotHandOut(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.begin("bt-1", b.options())
	b.work(nil)
	b.await("bt-1")
	var away *serviceerror.Unavailable
	if found, err := b.connectThrough(silentEnds{b.instance.Temporal}).FindBacktest(b.ctx, "bt-1"); !errors.As(err, &away) {
		t.Errorf("found %+v, %v", found, err)
	}
}
