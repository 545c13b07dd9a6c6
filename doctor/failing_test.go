package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"homeroom/workflows"
)

// visibility answers what is asked of a Temporal about failing learners.
type visibility struct {
	client.Client
	deciding []string // learners whose decisions fail
	tasks    []string // learners whose workflow tasks fail
	err      error    // of the first question
	old      bool     // the server does not know the attribute of failing tasks
}

func (v visibility) learners(query string) ([]string, error) {
	if strings.Contains(query, "TemporalReportedProblems") {
		if v.old {
			return nil, serviceerror.NewInvalidArgument("invalid query: column name 'TemporalReportedProblems' is not defined")
		}
		return v.tasks, nil
	}
	return v.deciding, v.err
}

// CountWorkflow implements client.Client.
func (v visibility) CountWorkflow(_ context.Context, r *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	learners, err := v.learners(r.Query)
	return &workflowservice.CountWorkflowExecutionsResponse{Count: int64(len(learners))}, err
}

// ListWorkflow implements client.Client.
func (v visibility) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	learners, err := v.learners(r.Query)
	var list []*workflowpb.WorkflowExecutionInfo
	for _, learner := range learners[:min(len(learners), int(r.PageSize))] {
		problems, encoding := converter.GetDefaultDataConverter().ToPayload([]string{"category=WorkflowTaskFailed"})
		if encoding != nil {
			return nil, encoding
		}
		list = append(list, &workflowpb.WorkflowExecutionInfo{
			Execution:        &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(learner)},
			SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{"TemporalReportedProblems": problems}},
		})
	}
	return &workflowservice.ListWorkflowExecutionsResponse{Executions: list}, err
}

// QueryWorkflow implements client.Client; no worker answers.
func (visibility) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return nil, errors.New("no worker")
}

// DescribeWorkflowExecution implements client.Client; the workflow is gone.
func (visibility) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return nil, serviceerror.NewNotFound("gone")
}

func TestLearnersWhoseWorkflowsGetNowhereAreNamed(t *testing.T) {
	for _, tc := range []struct {
		name   string
		server visibility
		want   Status
		words  []string
	}{
		{"nobody", visibility{}, OK, []string{"gets on"}},
		{"deciding", visibility{deciding: []string{"auth0|7"}}, Warning, []string{"1 learner's workflow gets nowhere: auth0|7 (deciding)"}},
		{"a workflow task", visibility{tasks: []string{"u_42"}}, Warning, []string{"u_42 (the workflow task: category=WorkflowTaskFailed)"}},
		{"many", visibility{deciding: []string{"a", "b", "c", "d", "e", "f", "g"}, tasks: []string{"h"}}, Warning, []string{"8 learners", "e (deciding)", "h (the", "2 more"}},
		{"an old server", visibility{old: true}, NotChecked, []string{"does not tell of workflow tasks"}},
		{"an old server, and deciding fails", visibility{old: true, deciding: []string{"u_42"}}, Warning, []string{"u_42 (deciding)"}},
		{"no visibility", visibility{err: errors.New("no visibility store")}, NotChecked, []string{"no visibility store"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &examination{}
			e.checkFailing(t.Context(), tc.server)
			got := e.findings[0]
			if got.Check != "failing" || got.Status != tc.want {
				t.Errorf("got %+v, want %s", got, tc.want)
			}
			for _, words := range tc.words {
				if !strings.Contains(got.Says, words) {
					t.Errorf("%q does not mention %q", got.Says, words)
				}
			}
		})
	}
}
