package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"homeroom/workflows"
)

// Failing is a learner whose events were handed over, and whose workflow gets nowhere with them.
type Failing struct {
	Learner  string
	Step     string    // what fails: "deciding" or "the workflow task"
	Cause    string    // as far as Temporal tells; may be empty
	Since    time.Time // zero: not known
	Attempts int       // 0: not known
}

// What fails.
const (
	stepDecide = "deciding"
	stepTask   = "the workflow task"
)

// FailingLearners are those that Temporal knows of.
type FailingLearners struct {
	Count int       // how many there are
	Some  []Failing // of these, at most as many as were asked for
	// TasksUnknown says that this server does not tell of workflow tasks that fail: Temporal does since 1.30.
	TasksUnknown bool
}

const (
	runningLearners = "WorkflowType = '" + workflows.LearnerWorkflow + "' AND ExecutionStatus = 'Running' AND "
	// problemsAttribute is set by the server while a workflow's task keeps failing, after five times.
	problemsAttribute = "TemporalReportedProblems"
)

func decideFailureQuery() string {
	return runningLearners + workflows.SearchStage.GetName() + " = '" + workflows.StageFailing + "'"
}

func taskFailureQuery() string { return runningLearners + problemsAttribute + " IS NOT NULL" }

// FindFailing returns the learners whose workflows run and get nowhere, because deciding fails or because no worker can complete their
// workflow task. It says of at most limit of each kind who they are. Temporal knows some seconds late.
func FindFailing(ctx context.Context, c client.Client, limit int) (FailingLearners, error) {
	var found FailingLearners
	if err := found.addListed(ctx, c, decideFailureQuery(), limit, decideFailure); err != nil {
		return found, err
	}
	err := found.addListed(ctx, c, taskFailureQuery(), limit, taskFailure)
	if isUnknownAttribute(err) {
		found.TasksUnknown = true
		err = nil
	}
	return found, err
}

// CountFailing returns how many learners [FindFailing] would count, for two requests.
func CountFailing(ctx context.Context, c client.Client) (int, error) {
	found, err := FindFailing(ctx, c, 0)
	return found.Count, err
}

// addListed counts the workflows of a query and describes some of them.
func (f *FailingLearners) addListed(ctx context.Context, c client.Client, query string, limit int, describe func(context.Context, client.Client, *workflowpb.WorkflowExecutionInfo) Failing) error {
	count, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	if err != nil {
		return fmt.Errorf("count the learners who fail: %w", err)
	}
	f.Count += int(count.Count)
	if count.Count == 0 || limit == 0 {
		return nil
	}
	list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: int32(limit)})
	if err != nil {
		return fmt.Errorf("list the learners who fail: %w", err)
	}
	for _, info := range list.Executions[:min(limit, len(list.Executions))] {
		learner, ok := workflows.LearnerOf(info.GetExecution().GetWorkflowId())
		if !ok {
			continue
		}
		failing := describe(ctx, c, info)
		failing.Learner = learner
		f.Some = append(f.Some, failing)
	}
	return nil
}

// queryMetadata is a query that the SDK answers in every workflow, with the current details.
const queryMetadata = "__temporal_workflow_metadata"

// detailsTimeout bounds a question to a worker.
const detailsTimeout = 2 * time.Second

// decideFailure says why deciding fails, if a worker answers and its answer can be read.
func decideFailure(ctx context.Context, c client.Client, info *workflowpb.WorkflowExecutionInfo) Failing {
	ctx, cancel := context.WithTimeout(ctx, detailsTimeout)
	defer cancel()
	failing := Failing{Step: stepDecide}
	answer, err := c.QueryWorkflow(ctx, info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId(), queryMetadata)
	if err != nil {
		return failing
	}
	var shown sdkpb.WorkflowMetadata
	if answer.Get(&shown) == nil {
		failing.Cause = workflows.FailureOf(shown.GetCurrentDetails())
	}
	return failing
}

// taskFailure says what the server reports of the workflow task.
func taskFailure(ctx context.Context, c client.Client, info *workflowpb.WorkflowExecutionInfo) Failing {
	failing := Failing{Step: stepTask}
	var problems []string
	payload := info.GetSearchAttributes().GetIndexedFields()[problemsAttribute]
	if converter.GetDefaultDataConverter().FromPayload(payload, &problems) == nil {
		failing.Cause = strings.Join(problems, ", ")
	}
	d, err := c.DescribeWorkflowExecution(ctx, info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId())
	if err != nil {
		return failing
	}
	if task := d.GetPendingWorkflowTask(); task != nil {
		failing.Since = task.GetOriginalScheduledTime().AsTime()
		failing.Attempts = int(task.GetAttempt())
	}
	return failing
}

// isUnknownAttribute reports whether a server does not know a search attribute of a query.
func isUnknownAttribute(err error) bool {
	var invalid *serviceerror.InvalidArgument
	return errors.As(err, &invalid) && strings.Contains(err.Error(), problemsAttribute)
}
