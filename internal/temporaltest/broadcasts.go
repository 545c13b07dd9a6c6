package temporaltest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"homeroom/engine"
	"homeroom/workflows"
)

// Broadcast is one broadcast.
type Broadcast struct {
	ID       string // of its event
	Started  time.Time
	Ended    time.Time // zero: it is under way
	Status   enums.WorkflowExecutionStatus
	Progress workflows.BroadcastProgress
}

// Broadcasts is a client of a Temporal that has these broadcasts and nothing else.
type Broadcasts struct {
	client.Client
	list []Broadcast
}

// NewBroadcasts returns a client. Nobody listens behind it.
func NewBroadcasts(t testing.TB, list ...Broadcast) *Broadcasts {
	t.Helper()
	nobody, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nobody.Close)
	return &Broadcasts{Client: nobody, list: list}
}

func (c *Broadcasts) find(workflowID string) (*Broadcast, error) {
	for n := range c.list {
		if workflows.BroadcastID(c.list[n].ID) == workflowID {
			return &c.list[n], nil
		}
	}
	return nil, serviceerror.NewNotFound("there is no workflow " + workflowID)
}

func (b *Broadcast) describe() *workflow.WorkflowExecutionInfo {
	info := &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{
			WorkflowId: workflows.BroadcastID(b.ID),
			RunId:      "run",
		},
		StartTime: timestamppb.New(b.Started),
		Status:    b.Status,
	}
	if !b.Ended.IsZero() {
		info.CloseTime = timestamppb.New(b.Ended)
	}
	return info
}

// ListWorkflow implements client.Client: all broadcasts, whatever is asked for.
func (c *Broadcasts) ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	page := &workflowservice.ListWorkflowExecutionsResponse{}
	for n := range c.list {
		page.Executions = append(page.Executions, c.list[n].describe())
	}
	return page, nil
}

// DescribeWorkflowExecution implements client.Client.
func (c *Broadcasts) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	b, err := c.find(id)
	if err != nil {
		return nil, err
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: b.describe()}, nil
}

// QueryWorkflow implements client.Client: what a broadcast says of itself while it is under way.
func (c *Broadcasts) QueryWorkflow(_ context.Context, id, _, _ string, _ ...any) (converter.EncodedValue, error) {
	b, err := c.find(id)
	if err != nil {
		return nil, err
	}
	return answer{b.Progress}, nil
}

// GetWorkflow implements client.Client: the result of a broadcast that is over.
func (c *Broadcasts) GetWorkflow(_ context.Context, id, run string) client.WorkflowRun {
	b, err := c.find(id)
	return result{b: b, err: err, id: id, run: run}
}

// SignalWorkflow implements client.Client: it pauses, resumes or cancels a broadcast that is under way.
func (c *Broadcasts) SignalWorkflow(_ context.Context, id, _, _ string, arg any) error {
	b, err := c.find(id)
	if err != nil {
		return err
	}
	control, ok := arg.(workflows.BroadcastControl)
	if !ok {
		return fmt.Errorf("a broadcast takes no %T", arg)
	}
	if !b.Ended.IsZero() {
		return serviceerror.NewNotFound("it is over")
	}
	b.Progress.ByWhom = control.By
	switch control.Do {
	case workflows.BroadcastPause:
		b.Progress.Status = workflows.BroadcastIsPaused
	case workflows.BroadcastResume:
		b.Progress.Status = workflows.BroadcastRuns
	case workflows.BroadcastCancel:
		b.Progress.Status = workflows.BroadcastCancelled
	}
	return nil
}

// ExecuteWorkflow implements client.Client: a dry run that is started is over at once, a broadcast goes on.
func (c *Broadcasts) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	in, ok := args[0].(workflows.BroadcastInput)
	if !ok {
		return nil, fmt.Errorf("%T starts no broadcast", args[0])
	}
	if _, err := c.find(options.ID); err == nil {
		return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("it was started before", "", "run")
	}
	rule, _ := in.Event.Text(engine.KeyBroadcastRule)
	b := Broadcast{
		ID:      in.Event.ID,
		Started: in.Event.Time,
		Status:  enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
		Progress: workflows.BroadcastProgress{
			Event:    in.Event.Name,
			Rules:    []string{rule},
			Status:   workflows.BroadcastRuns,
			Audience: in.Audience,
			DryRun:   in.DryRun,
			By:       in.By,
			RuleHash: in.RuleHash,
		},
	}
	if in.DryRun {
		b.Ended = in.Event.Time
		b.Status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		b.Progress.Status = workflows.BroadcastDone
	}
	c.list = append(c.list, b)
	return result{b: &b, id: options.ID, run: "run"}, nil
}

// answer is the answer to a query.
type answer struct{ value any }

func (answer) HasValue() bool { return true }

func (a answer) Get(into any) error {
	body, err := json.Marshal(a.value)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// result is the end of a broadcast.
type result struct {
	b       *Broadcast
	err     error
	id, run string
}

func (r result) GetID() string    { return r.id }
func (r result) GetRunID() string { return r.run }

func (r result) GetFirstExecutionRunID() string { return r.run }

func (r result) Get(_ context.Context, into any) error {
	if r.err != nil {
		return r.err
	}
	return answer{r.b.Progress}.Get(into)
}

func (r result) GetWithOptions(ctx context.Context, into any, _ client.WorkflowRunGetOptions) error {
	return r.Get(ctx, into)
}
