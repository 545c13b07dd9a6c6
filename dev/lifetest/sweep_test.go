package lifetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/catalog"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/publish"
	"homeroom/workflows"
)

// quiet is a rule for those who have not begun a course a week after they enrolled.
const quiet = `rule: not-begun
when: {inactive: 7d, in: course}
do: [send: reminder]
`

const settings = `max_event_age: 24h
sender: {from: hello@academy.example, name: Academy, postal_address: "1 Harbour Lane"}
`

// TestANewRuleReachesWhoHasRetired: a rule about silence is published, and those for whom it falls due come out of retirement
// for it, with what they were told before still remembered. The others are left alone.
func TestANewRuleReachesWhoHasRetired(t *testing.T) {
	t.Run("as visibility knows", func(t *testing.T) { newRule(t, func(s publish.Temporal) publish.Temporal { return s }) })
	t.Run("while visibility still lists them as running", func(t *testing.T) { newRule(t, func(s publish.Temporal) publish.Temporal { return late{s} }) })
}

// late is a Temporal whose visibility is behind: it lists as running what has ended.
type late struct{ publish.Temporal }

func (late) ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return &workflowservice.ListWorkflowExecutionsResponse{
		Executions: []*workflowpb.WorkflowExecutionInfo{{
			Execution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID("ada")},
			Status:    enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
		}},
	}, nil
}

func newRule(t *testing.T, seen func(publish.Temporal) publish.Temporal) {
	h := open(t, options{temporal: soon(nil), retire: quick, files: map[string]string{"settings.yaml": settings}})
	now := h.o.clock.Now()
	cat, err := catalog.Default()
	h.must(err)
	stream := instance.Publisher{JS: h.js, Catalog: cat}
	tell := func(ev engine.Event) {
		ev.Properties["enrollment_type"] = "free"
		m, err := stream.Message(catalog.Decoded{Event: ev})
		h.must(err)
		h.must(stream.Publish(h.ctx, m))
		h.must(h.store.Standings.Update(h.ctx, ev.Learner, func(st *engine.Standing, _ []uint64) (bool, []uint64) {
			st.Apply(&ev, h.rules.Load().Ruleset, ev.StoredAt)
			return true, nil
		}))
		h.handOver(ev.Learner, ev)
		h.retires(ev.Learner)
	}
	for learner, since := range map[string]time.Duration{"ada": 7*24*time.Hour - 20*time.Second, "grace": 30 * 24 * time.Hour} {
		ev := h.enrolled(learner, 1, "crs_go")
		ev.Time = now.Add(-since)
		tell(ev)
	}
	tell(h.enrolled("ada", 2, "crs_sql"))
	_, before, _ := h.status("grace")

	swept := h.publish(map[string]string{"settings.yaml": settings, "rules/not-begun.yaml": quiet, "messages/reminder.md": "---\nsubject: Begin\n---\nHi.\n"}, seen(h.temporal))
	if swept.Woken != 1 {
		t.Errorf("swept %+v, want one woken", swept)
	}
	h.eventually("ada hears from the new rule", func() error {
		if !slices.Contains(h.sent(), "ada reminder") {
			return fmt.Errorf("sent so far: %v", h.sent())
		}
		return nil
	})
	if got := h.sent(); !slices.Equal(got, []string{"ada nudge", "ada reminder"}) {
		t.Errorf("sent %v, want one welcome before and one reminder", got)
	}
	if st, err := harness.QueryState(h.ctx, h.temporal, "ada"); err != nil || st.Seq != 2 || len(st.PastRuns) != 2 {
		t.Errorf("ada's state is %+v (%v), want event 2 and two starts", st, err)
	}
	if _, after, _ := h.status("grace"); after != before {
		t.Error("grace, whose silence is long past, was woken")
	}
}

// publish puts other rules in force and sweeps, over the learners that the service names.
func (h *home) publish(files map[string]string, service publish.Temporal) publish.SweepCounts {
	h.t.Helper()
	p := publish.New(publish.Options{
		Store:          h.store,
		Temporal:       service,
		Starter:        h.starter,
		Learners:       publish.StreamLearners{JS: h.js},
		Now:            h.o.clock.Now,
		Real:           time.Now,
		VisibilityWait: 100 * time.Millisecond,
		Random:         rand.Float64,
	})
	plan, err := p.Prepare(h.ctx, h.rules.Load(), engine.RunPolicyFinish)
	h.must(err)
	_, err = p.Publish(h.ctx, plan, "ada", "the rules so far")
	h.must(err)
	next := academy(h.t, files)
	plan, err = p.Prepare(h.ctx, next, engine.RunPolicyFinish)
	h.must(err)
	_, err = p.Publish(h.ctx, plan, "ada", "a new rule")
	h.must(err)
	h.rules.Store(next)
	swept, err := p.Sweep(h.ctx, plan)
	h.must(err)
	return swept
}
