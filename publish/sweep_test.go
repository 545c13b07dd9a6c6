package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflow "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/engine"
	"homeroom/rules"
	"homeroom/workflows"
)

// temporalStub lists learners two a page; those of late are seen from the second time on. It notes who is signaled.
type temporalStub struct {
	learners, late []string
	errs           map[string]error

	mu      sync.Mutex
	queries []string
	told    []string
}

func (s *temporalStub) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	all := s.learners
	first := 0
	if len(r.NextPageToken) == 0 {
		s.queries = append(s.queries, r.Query)
	} else if _, err := fmt.Sscan(string(r.NextPageToken), &first); err != nil {
		return nil, err
	}
	if len(s.queries) > 1 {
		all = append(slices.Clone(all), s.late...)
	}
	page := &workflowservice.ListWorkflowExecutionsResponse{}
	last := min(first+2, len(all))
	for _, learner := range all[first:last] {
		page.Executions = append(page.Executions, &workflow.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{WorkflowId: workflows.WorkflowID(learner)}})
	}
	if last < len(all) {
		page.NextPageToken = []byte(fmt.Sprint(last))
	}
	return page, nil
}

func (s *temporalStub) SignalWorkflow(_ context.Context, id, run, signal string, arg any) error {
	b, ok := arg.(workflows.Batch)
	if !ok || signal != workflows.SignalEvents || run != "" || workflows.WorkflowID(b.Learner) != id {
		return errors.New("not a batch for this learner")
	}
	if err := s.errs[b.Learner]; err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, fmt.Sprintf("%s %s %s %d", b.Learner, b.Publication.Hash, b.Publication.RunPolicy, len(b.Events)))
	return nil
}

func sweeper(stub *temporalStub) (*Publisher, *Plan) {
	clock := func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }
	p := New(Options{Temporal: stub, Now: clock, Real: clock, VisibilityWait: time.Millisecond, PerSecond: 1e6})
	plan := &Plan{
		Academy:   &rules.Academy{Ruleset: &engine.Ruleset{Hash: "abc"}},
		RunPolicy: engine.RunPolicyCancel,
		Touched:   []string{"retry", "other"},
	}
	return p, plan
}

// TestASweepTellsEverybodyOnce: over all pages, and those of whom visibility knew only later.
func TestASweepTellsEverybodyOnce(t *testing.T) {
	stub := &temporalStub{learners: []string{"ada", "bob", "auth0|7"}, late: []string{"dee"}}
	p, plan := sweeper(stub)
	if swept, err := p.Count(t.Context(), plan); err != nil || swept.LiveRuns != 3 || len(stub.told) != 0 {
		t.Errorf("counting said %+v, %v and told %v", swept, err, stub.told)
	}
	stub.queries = nil
	swept, err := p.Sweep(t.Context(), plan)
	if err != nil || swept.LiveRuns != 4 || swept.Woken != 0 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	slices.Sort(stub.told)
	want := []string{"ada abc cancel 0", "auth0|7 abc cancel 0", "bob abc cancel 0", "dee abc cancel 0"}
	if diff := cmp.Diff(want, stub.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if !strings.Contains(stub.queries[0], "HomeroomRules IN ('retry','other')") {
		t.Errorf("asked visibility for %s", stub.queries[0])
	}
}

// TestASweepGoesOnAfterAFailure: who has gone needs nothing; who could not be told is named, with what to do.
func TestASweepGoesOnAfterAFailure(t *testing.T) {
	stub := &temporalStub{
		learners: []string{"ada", "bob", "cem"},
		errs: map[string]error{
			"ada": serviceerror.NewNotFound("workflow execution already completed"), "bob": serviceerror.NewUnavailable("away"),
		},
	}
	p, plan := sweeper(stub)
	_, err := p.Sweep(t.Context(), plan)
	if err == nil || !strings.Contains(err.Error(), "1 learners could not be signaled") || !strings.Contains(err.Error(), "homeroom rules sweep") {
		t.Errorf("the sweep said %v", err)
	}
	if len(stub.told) != 1 {
		t.Errorf("told %v, want cem", stub.told)
	}
}
