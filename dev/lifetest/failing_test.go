package lifetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/dev/harness"
	"homeroom/engine"
	"homeroom/worker"
	"homeroom/workflows"
)

// TestALearnerWhoseWorkflowGetsNowhereIsFound: one whose decision is too large for Temporal, until it is not; and one whose workflow task
// no worker can complete. Others are not found.
func TestALearnerWhoseWorkflowGetsNowhereIsFound(t *testing.T) {
	h := open(t, options{
		temporal: map[string]any{"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2},
		step: func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
			res := engine.Step(env, s, in, now)
			if len(in) > 1 || in[0].Event == nil || in[0].Event.ID != "ada-1" {
				return res
			}
			for n := range 60 { // nothing less than this input can be decided
				res.Decisions = append(res.Decisions, engine.Decision{ID: fmt.Sprint(n), Learner: "ada", Kind: engine.KindWithheld, Detail: strings.Repeat("x", 64<<10)})
			}
			return res
		},
	})
	h.handOver("grace", h.enrolled("grace", 1, "crs_go"))
	h.hears("grace", 1)
	h.handOver("ada", h.enrolled("ada", 1, "crs_go"))
	_, err := h.temporal.ExecuteWorkflow(h.ctx, client.StartWorkflowOptions{ID: workflows.WorkflowID("linus"), TaskQueue: workflows.TaskQueue},
		workflows.LearnerWorkflow, workflows.Input{Version: workflows.InputVersion + 1, Learner: "linus"})
	h.must(err)
	var found worker.FailingLearners
	find := func(names ...string) {
		t.Helper()
		h.eventually(fmt.Sprintf("failing: %q", names), func() error {
			var err error
			if found, err = worker.FindFailing(h.ctx, h.temporal, 10); err != nil {
				return err
			}
			var got []string
			for _, f := range found.Some {
				got = append(got, f.Learner)
			}
			if fmt.Sprint(got) != fmt.Sprint(names) || found.Count != len(names) || found.TasksUnknown {
				return fmt.Errorf("found %+v", found)
			}
			return nil
		})
	}
	find("ada", "linus")
	if f := found.Some[0]; f.Step != "deciding" || !strings.Contains(f.Cause, "1 input waiting, and deciding fails") {
		t.Errorf("of ada it says %+v", f)
	}
	if f := found.Some[1]; f.Step != "the workflow task" || !strings.Contains(f.Cause, "WorkflowTaskFailed") || f.Attempts < 2 || f.Since.IsZero() {
		t.Errorf("of linus it says %+v", f)
	}
	h.handOver("ada", h.enrolled("ada", 2, "crs_sql"))
	find("linus")
	h.hears("ada", 2)
	run := h.runs("ada")[0]
	h.must(harness.ReplayHistory(run))
	if *record {
		harness.KeepHistory(t, "deciding-fails", run)
	}
}
