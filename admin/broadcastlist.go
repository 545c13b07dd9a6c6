package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"homeroom/store"
	"homeroom/worker"
	"homeroom/workflows"
)

const (
	// broadcastPatience is how long a broadcast, or a backtest, may take to answer.
	broadcastPatience = 5 * time.Second
	// askedTogether is how many broadcasts, or backtests, are asked at a time.
	askedTogether = 8
)

// Broadcasts returns the newest broadcasts that Temporal keeps, dry runs left out. Temporal lists one some seconds after its start.
func (i *Installation) Broadcasts(ctx context.Context, atMost int) ([]Broadcast, error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	page, err := temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query:    "WorkflowType = '" + workflows.BroadcastWorkflow + "' AND ExecutionStatus != 'ContinuedAsNew'",
		PageSize: int32(3 * atMost),
	})
	if err != nil {
		return nil, fmt.Errorf("listing broadcasts: %w", err)
	}
	found := make([]Broadcast, len(page.GetExecutions()))
	turn := make(chan struct{}, askedTogether)
	var asking sync.WaitGroup
	for n, w := range page.GetExecutions() {
		turn <- struct{}{}
		asking.Go(func() {
			defer func() { <-turn }()
			found[n] = i.describeBroadcast(ctx, w)
		})
	}
	asking.Wait()
	found = slices.DeleteFunc(found, func(b Broadcast) bool { return b.DryRun })
	slices.SortStableFunc(found, func(a, b Broadcast) int { return b.StartedAt.Compare(a.StartedAt) })
	return found[:min(len(found), atMost)], nil
}

// FindBroadcast returns one broadcast, which may be a dry run. The error is [ErrNotFound] if Temporal has none of that id.
func (i *Installation) FindBroadcast(ctx context.Context, id string) (Broadcast, error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return Broadcast{}, err
	}
	described, err := describeWorkflow(ctx, temporal, workflows.BroadcastID(id), "broadcast "+id)
	if err != nil {
		return Broadcast{}, err
	}
	return i.describeBroadcast(ctx, described.GetWorkflowExecutionInfo()), nil
}

// describeWorkflow returns what Temporal says of the newest run of a workflow. name is what people call it, such as "broadcast bc-1". The error is [ErrNotFound] if Temporal
// has none of that id.
func describeWorkflow(ctx context.Context, c client.Client, workflowID, name string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	described, err := c.DescribeWorkflowExecution(ctx, workflowID, "")
	var none *serviceerror.NotFound
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("there is no %s, or Temporal has forgotten it: %w", name, ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("looking at the %s: %w", name, err)
	}
	return described, nil
}

// describeBroadcast says how far a broadcast has come: one that is over left its counts, another one is asked.
func (i *Installation) describeBroadcast(ctx context.Context, w *workflow.WorkflowExecutionInfo) Broadcast {
	event, ok := workflows.BroadcastEvent(w.GetExecution().GetWorkflowId())
	if !ok { // somebody started it by another id, by which nobody finds it here
		event = w.GetExecution().GetWorkflowId()
	}
	b := Broadcast{ID: event, StartedAt: w.GetStartTime().AsTime()}
	status := w.GetStatus()
	if status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		b.EndedAt = w.GetCloseTime().AsTime()
	}
	var err error
	if status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		b.BroadcastProgress, err = i.readResult(ctx, b.ID)
	} else {
		b.BroadcastProgress, err = i.queryProgress(ctx, b.ID)
	}
	b.Unknown = err != nil
	if status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING && status != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		b.Failed = strings.ToLower(status.String())
	}
	return b
}

// readResult returns the progress with which a broadcast ended.
func (i *Installation) readResult(ctx context.Context, id string) (p workflows.BroadcastProgress, err error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(ctx, broadcastPatience)
	defer cancel()
	return p, temporal.GetWorkflow(ctx, workflows.BroadcastID(id), "").Get(ctx, &p)
}

// queryProgress asks a broadcast how far it has come.
func (i *Installation) queryProgress(ctx context.Context, id string) (p workflows.BroadcastProgress, err error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(ctx, broadcastPatience)
	defer cancel()
	answer, err := temporal.QueryWorkflow(ctx, workflows.BroadcastID(id), "", workflows.QueryBroadcast)
	if err != nil {
		return p, err
	}
	return p, answer.Get(&p)
}

// BeginCount begins to look whom a broadcast would reach, and does not wait for it: [Installation.FindBroadcast] says how far it has come. It is
// recorded, since a condition about one learner tells what is known of them.
func (i *Installation) BeginCount(ctx context.Context, o BroadcastOptions) (Broadcast, error) {
	in, err := i.prepareBroadcast(ctx, o)
	if err != nil {
		return Broadcast{}, err
	}
	in.DryRun = true
	in.StartAt = time.Time{}
	in.By = i.actor.Name
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return Broadcast{}, err
	}
	err = i.recordAct(ctx, auditBroadcast(store.ActionCountBroadcast, &in), func() error {
		_, err := worker.StartBroadcast(ctx, temporal, in)
		return err
	})
	return Broadcast{ID: in.Event.ID, StartedAt: i.opts.Real().UTC()}, err
}

// StartCounted starts what a dry run has counted: the same rule, for the same audience. o says only when and how fast. It is recorded. A dry run is started once, by an id of its
// own, so that a form that is sent again starts nothing; and no longer once its rule has changed.
func (i *Installation) StartCounted(ctx context.Context, id string, o BroadcastOptions) (Broadcast, error) {
	counted, err := i.FindBroadcast(ctx, id)
	switch {
	case err != nil:
		return Broadcast{}, err
	case !counted.Counted():
		return Broadcast{}, inputError(fmt.Errorf("%s is no dry run that came to its end: count anew whom the broadcast reaches", id))
	}
	started := id + "-start"
	switch _, err := i.FindBroadcast(ctx, started); {
	case err == nil:
		return Broadcast{}, startedAlready(started)
	case !errors.Is(err, ErrNotFound):
		return Broadcast{}, err
	}
	o.Rule = counted.Rules[0]
	o.Course = counted.Course
	o.Audience = counted.Audience
	in, err := i.prepareBroadcast(ctx, o)
	if err != nil {
		return Broadcast{}, err
	}
	if in.RuleHash != counted.RuleHash {
		return Broadcast{}, inputError(fmt.Errorf("the rule %s is no longer the one that %s has counted: count it again", o.Rule, id))
	}
	in.Event.ID = started
	return i.startPrepared(ctx, in)
}

// startedAlready says that nothing was started now, because an earlier attempt did.
func startedAlready(id string) error {
	return inputError(fmt.Errorf("this count was started already, as %s: look at that, or count again", id))
}

// BroadcastRule is a rule in force that a person may start.
type BroadcastRule struct {
	Name     string `json:"rule"`
	InCourse bool   `json:"in_course,omitempty"` // it is for the learners of a course, which must be said
}

// BroadcastRules returns the rules in force that a person may start, by name. Without rules in force there are none.
func (i *Installation) BroadcastRules(ctx context.Context) ([]BroadcastRule, error) {
	list := []BroadcastRule{}
	academy, err := i.CurrentAcademy(ctx)
	if errors.Is(err, ErrNoRules) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	for _, rule := range academy.Ruleset.Rules {
		if rule.When.Broadcast {
			list = append(list, BroadcastRule{Name: rule.Name, InCourse: !rule.When.Audience.Platform})
		}
	}
	slices.SortFunc(list, func(a, b BroadcastRule) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
