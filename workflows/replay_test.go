package workflows_test

import (
	"os"
	"path/filepath"
	"testing"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"homeroom/workflows"
)

// TestEveryRecordedHistoryReplays: a learner who sleeps through an upgrade must wake up in the new code. The histories
// were recorded from real runs, by the version of their input; a changed shell gets new ones, and keeps the old ones for as long as
// such runs live.
func TestEveryRecordedHistoryReplays(t *testing.T) {
	for name, history := range histories(t) {
		t.Run(name, func(t *testing.T) {
			if err := replayer().ReplayWorkflowHistory(nil, history); err != nil {
				t.Errorf("%v\nThe workflow's code no longer does what it did when this was recorded. Undo the change, or give Input a new version and keep the old way for runs of the old one.", err)
			}
		})
	}
}

// TestAChangedHistoryDoesNotReplay shows that the test above can fail.
func TestAChangedHistoryDoesNotReplay(t *testing.T) {
	history, ok := histories(t)["v2/full-stack-wait.json"]
	if !ok {
		t.Fatal("v2/full-stack-wait.json is missing")
	}
	for _, event := range history.Events {
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			scheduled.ActivityType.Name = "DeliverTwice"
		}
	}
	if err := replayer().ReplayWorkflowHistory(nil, history); err == nil {
		t.Error("a history with another activity replays")
	}
}

func replayer() worker.WorkflowReplayer {
	r := worker.NewWorkflowReplayer()
	r.RegisterWorkflowWithOptions(workflows.Learner, workflow.RegisterOptions{Name: workflows.LearnerWorkflow})
	r.RegisterWorkflowWithOptions(workflows.Broadcast, workflow.RegisterOptions{Name: workflows.BroadcastWorkflow})
	r.RegisterWorkflowWithOptions(workflows.Backtest, workflow.RegisterOptions{Name: workflows.BacktestWorkflow})
	r.RegisterWorkflowWithOptions(workflows.Staff, workflow.RegisterOptions{Name: workflows.StaffWorkflow})
	return r
}

// histories reads what is recorded; that there is nothing is a failure.
func histories(t *testing.T) map[string]*historypb.History {
	t.Helper()
	files, err := filepath.Glob("testdata/histories/v*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded histories in testdata/histories (%v)", err)
	}
	found := map[string]*historypb.History{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		history, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		found[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = history
	}
	return found
}
