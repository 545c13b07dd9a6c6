package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/internal/clock"
	"homeroom/workflows"
)

// temporalPlace is how the receipt calls the learner's workflow.
const temporalPlace = "Temporal"

// workflowRun is one run of a learner's workflow.
type workflowRun struct {
	ID      string    `json:"run_id"`
	Status  string    `json:"status"`
	Started time.Time `json:"started,omitzero"`
	Closed  time.Time `json:"closed,omitzero"`
	Events  int64     `json:"history_events"` // how many its history has
}

// listRuns returns all runs of a learner's workflow that Temporal has: those that visibility lists, which may be some seconds behind, and
// those that can be reached from the current run, each run naming the one it continued.
func (p *Privacy) listRuns(ctx context.Context, learner string) ([]workflowRun, error) {
	id := workflows.WorkflowID(learner)
	ids, err := p.listRunIDs(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("list the runs of the workflow %s: %w", id, err)
	}
	var runs []workflowRun
	known := map[string]bool{}
	look := append([]string{""}, ids...) // "": the current run, if there is one
	for len(look) > 0 {
		next := look[0]
		look = look[1:]
		if known[next] {
			continue
		}
		known[next] = true
		described, err := p.opts.Temporal.DescribeWorkflowExecution(ctx, id, next)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at a run of the workflow %s: %w", id, err)
		}
		info := described.GetWorkflowExecutionInfo()
		this := info.GetExecution().GetRunId()
		if next == "" && known[this] {
			continue
		}
		known[this] = true
		r := workflowRun{ID: this, Status: statusWord(info.GetStatus()), Events: info.GetHistoryLength()}
		if info.GetStartTime() != nil {
			r.Started = info.GetStartTime().AsTime()
		}
		if info.GetCloseTime() != nil {
			r.Closed = info.GetCloseTime().AsTime()
		}
		runs = append(runs, r)
		before, err := p.continuedRun(ctx, id, this)
		if err != nil && !isNotFound(err) {
			return nil, fmt.Errorf("read how the run %s of the workflow %s began: %w", this, id, err)
		}
		if before != "" {
			look = append(look, before)
		}
	}
	slices.SortFunc(runs, func(a, b workflowRun) int { return a.Started.Compare(b.Started) })
	return runs, nil
}

// listRunIDs asks visibility for the ids of the runs.
func (p *Privacy) listRunIDs(ctx context.Context, workflowID string) ([]string, error) {
	var ids []string
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowId = " + quoteForQuery(workflowID)}
	for {
		page, err := p.opts.Temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, e := range page.GetExecutions() {
			ids = append(ids, e.GetExecution().GetRunId())
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return ids, nil
		}
	}
}

// quoteForQuery writes a text for a visibility query.
func quoteForQuery(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// continuedRun is the run that a run continued; empty: none.
func (p *Privacy) continuedRun(ctx context.Context, id, runID string) (string, error) {
	begun, err := p.opts.Temporal.WorkflowService().GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace:       p.opts.Namespace,
		Execution:       &common.WorkflowExecution{WorkflowId: id, RunId: runID},
		MaximumPageSize: 1,
	})
	if err != nil || len(begun.GetHistory().GetEvents()) == 0 {
		return "", err
	}
	return begun.History.Events[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId(), nil
}

// removeRuns terminates the runs that are open, deletes every run, and waits until Temporal, which deletes later, has done so, but no longer
// than DeleteWait: the next search sees what is left.
func (p *Privacy) removeRuns(ctx context.Context, learner string, runs []workflowRun) error {
	id := workflows.WorkflowID(learner)
	for _, r := range runs {
		if r.Closed.IsZero() {
			err := p.opts.Temporal.TerminateWorkflow(ctx, id, r.ID, "the learner is erased")
			if err != nil && !isNotFound(err) {
				return fmt.Errorf("terminate the workflow %s: %w", id, err)
			}
		}
	}
	for _, r := range runs {
		_, err := p.opts.Temporal.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{
			Namespace:         p.opts.Namespace,
			WorkflowExecution: &common.WorkflowExecution{WorkflowId: id, RunId: r.ID},
		})
		if err != nil && !isNotFound(err) {
			return fmt.Errorf("delete the run %s of the workflow %s: %w; the key or certificate needs the right to delete workflows", r.ID, id, err)
		}
	}
	return p.pollUntil(ctx, func(ctx context.Context) (bool, error) {
		for _, r := range runs {
			_, err := p.opts.Temporal.DescribeWorkflowExecution(ctx, id, r.ID)
			if !isNotFound(err) {
				return false, err
			}
		}
		left, err := p.listRunIDs(ctx, id)
		for _, r := range runs {
			if slices.Contains(left, r.ID) {
				return false, err
			}
		}
		return err == nil, err
	})
}

// pollUntil calls done until it returns true or DeleteWait has passed, which is not an error: the next search sees what is left.
func (p *Privacy) pollUntil(ctx context.Context, done func(context.Context) (bool, error)) error {
	limited, cancel := context.WithTimeout(ctx, p.opts.DeleteWait)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		ok, err := done(limited)
		if ok || ctx.Err() == nil && limited.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if clock.Sleep(limited, pause) != nil {
			return ctx.Err()
		}
	}
}

func isNotFound(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}

// statusWord writes a status as the Temporal UI does: "Running", "ContinuedAsNew".
func statusWord(s enums.WorkflowExecutionStatus) string { return s.String() }

// archiveLocation says where Temporal archives closed runs of the namespace: histories, or else visibility records; empty: nowhere. Nothing
// deletes them there.
func (p *Privacy) archiveLocation(ctx context.Context) (string, error) {
	ns, err := p.opts.Temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: p.opts.Namespace})
	if err != nil {
		return "", fmt.Errorf("ask whether the Temporal namespace %s is archived: %w", p.opts.Namespace, err)
	}
	config := ns.GetConfig()
	if config.GetHistoryArchivalState() == enums.ARCHIVAL_STATE_ENABLED {
		return config.GetHistoryArchivalUri(), nil
	}
	if config.GetVisibilityArchivalState() == enums.ARCHIVAL_STATE_ENABLED {
		return config.GetVisibilityArchivalUri(), nil
	}
	return "", nil
}
