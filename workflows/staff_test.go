package workflows_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"homeroom/engine"
	"homeroom/workflows"
)

// TestStaffDecisionsOutliveAStreamThatIsAway: decisions that a delivery could not publish are published after it.
func TestStaffDecisionsOutliveAStreamThatIsAway(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a busy machine is no deadlock
	decided := 0
	decide := func(context.Context, workflows.StaffInput) (workflows.DecideStaffResult, error) {
		decided++
		if decided > 1 {
			return workflows.DecideStaffResult{Decisions: []engine.Decision{{ID: "sent", Kind: engine.KindSent}}, Over: true}, nil
		}
		return workflows.DecideStaffResult{
			Effects:   []engine.Effect{{Kind: engine.EffectDeliver, Send: engine.Send{ID: "s1", Rule: "copied", Message: "m", Staff: "moderators"}}},
			Decisions: []engine.Decision{{ID: "began", Kind: engine.KindStarted}},
			Sleep:     time.Minute,
		}, nil
	}
	deliver := func(context.Context, workflows.DeliverInput) (workflows.Delivered, error) {
		return workflows.Delivered{Outcome: engine.Outcome{SendID: "s1", Status: engine.OutcomeAccepted}}, nil // nothing was published
	}
	var published []string
	publish := func(_ context.Context, in workflows.PublishInput) error {
		for _, d := range in.Decisions {
			published = append(published, d.ID)
		}
		return nil
	}
	env.RegisterActivityWithOptions(decide, activity.RegisterOptions{Name: workflows.ActivityDecideStaff})
	env.RegisterActivityWithOptions(deliver, activity.RegisterOptions{Name: workflows.ActivityDeliver})
	env.RegisterActivityWithOptions(publish, activity.RegisterOptions{Name: workflows.ActivityPublishDecisions})
	env.ExecuteWorkflow(workflows.Staff, workflows.StaffInput{Version: 1, Event: engine.Event{ID: "e", Name: "plagiarism.detected"}})
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(published, []string{"began", "sent"}) {
		t.Errorf("published %v, want began and sent", published)
	}
}
