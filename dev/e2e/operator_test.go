package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/workflows"
)

// maxResting is how many events the history of a resting learner may have (performance.md).
const maxResting = 8

// TestOperatorSeesWhatHappens: whoever opens a learner in the Temporal UI at night understands what is under way, while the
// learner is awake as well as when they rest.
func TestOperatorSeesWhatHappens(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, map[string]string{
		"rules/welcome.yaml": `rule: welcome
when: {event: enrollment.created}
do: [send: nudge]
`,
		"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - wait: 2h
  - send: nudge
`}), instance.Options{RestAfter: 8 * time.Second})
	w.publish("ada", "enrollment.created", map[string]any{"course_id": "crs_go", "enrollment_type": "free"})
	w.publish("ada", "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l1"})
	w.publish("ada", "assessment.graded", failedQuiz("q1"))
	w.wait(1, of("ada", engine.KindSent))

	begun := w.describe("ada", "")
	// Temporal keeps these with the run that an event started; a run that continued as new has its current details only.
	start := begun.ExecutionConfig.GetUserMetadata()
	if text(start.GetSummary()) == "" || text(start.GetDetails()) == "" {
		t.Errorf("the workflow has the summary %q and the details %q, want both", text(start.GetSummary()), text(start.GetDetails()))
	}
	first := begun.WorkflowExecutionInfo.Execution.RunId
	t.Run("awake", func(t *testing.T) { w.in(t).checkSeen(workflows.StageAwake) })
	var resting string
	harness.Eventually(t, w.ctx, "the learner rests", func() error {
		if resting = w.describe("ada", "").WorkflowExecutionInfo.Execution.RunId; resting == first {
			return errNotYet
		}
		return nil
	})
	t.Run("resting", func(t *testing.T) { w.in(t).checkSeen(workflows.StageResting) })
	t.Run("summaries", func(t *testing.T) { checkSummaries(t, w.history("ada", first)) })
	t.Run("compact", func(t *testing.T) {
		history := w.history("ada", resting)
		if len(history.Events) > maxResting {
			t.Errorf("the history of a resting learner has %d events, want at most %d", len(history.Events), maxResting)
		}
	})
}

func (w *world) describe(learner, run string) *workflowservice.DescribeWorkflowExecutionResponse {
	w.t.Helper()
	return w.describeRun(workflows.WorkflowID(learner), run)
}

// describeID describes the newest run of any workflow.
func (w *world) describeID(id string) *workflowservice.DescribeWorkflowExecutionResponse {
	w.t.Helper()
	return w.describeRun(id, "")
}

func (w *world) describeRun(id, run string) *workflowservice.DescribeWorkflowExecutionResponse {
	w.t.Helper()
	d, err := w.instance.Temporal.DescribeWorkflowExecution(w.ctx, id, run)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// metadata returns what the Temporal UI shows of a learner's workflow.
func (w *world) metadata(learner string) *sdkpb.WorkflowMetadata {
	w.t.Helper()
	answer, err := w.instance.Temporal.QueryWorkflow(w.ctx, workflows.WorkflowID(learner), "", "__temporal_workflow_metadata")
	if err != nil {
		w.t.Fatal(err)
	}
	var seen sdkpb.WorkflowMetadata
	if err := answer.Get(&seen); err != nil {
		w.t.Fatal(err)
	}
	return &seen
}

// checkSeen looks at ada through everything that the Temporal UI shows.
func (w *world) checkSeen(stage string) {
	t := w.t
	w.checkListed(fmt.Sprintf("HomeroomRules = 'retry' AND HomeroomCourses = 'crs_go' AND HomeroomStage = '%s'", stage))

	today := time.Now().UTC().Format("2006")
	var seen *sdkpb.WorkflowMetadata
	harness.Eventually(t, w.ctx, "the current details", func() error { // a decision is published a moment before the workflow shows it
		seen = w.metadata("ada")
		for _, want := range []string{"**ada**", "crs\\_go: last active ", "will send *nudge* on ", "retry acts", "*welcome* · *nudge* went to the provider", today} {
			if !strings.Contains(seen.CurrentDetails, want) {
				return fmt.Errorf("the current details do not say %q:\n%s", want, seen.CurrentDetails)
			}
		}
		return nil
	})
	if strings.Contains(seen.CurrentDetails, "@") || strings.Contains(seen.CurrentDetails, "Ada") {
		t.Errorf("the current details name an address or a person:\n%s", seen.CurrentDetails)
	}
	if !slices.ContainsFunc(seen.Definition.QueryDefinitions, func(q *sdkpb.WorkflowInteractionDefinition) bool {
		return q.Name == workflows.QueryState && q.Description != ""
	}) {
		t.Error("the query state has no description")
	}

	st, err := w.state("ada")
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Runs) != 1 || st.Runs[0].Rule != "retry" || st.Learner != "ada" {
		t.Errorf("the query state answers %+v, want one run of retry", st)
	}
}

// checkListed finds ada alone by a visibility query, which lags a little.
func (w *world) checkListed(query string) {
	w.t.Helper()
	harness.Eventually(w.t, w.ctx, query, func() error {
		list, err := w.instance.Temporal.ListWorkflow(w.ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query + " AND ExecutionStatus = 'Running'"})
		if err != nil {
			return err
		}
		if n := len(list.Executions); n != 1 || list.Executions[0].Execution.WorkflowId != "learner/ada" {
			return fmt.Errorf("%d workflows found, want learner/ada", n)
		}
		return nil
	})
}

// checkSummaries: every timer and activity in a history says what it is for.
func checkSummaries(t *testing.T, history *historypb.History) {
	said := map[enums.EventType][]string{}
	for _, event := range history.Events {
		switch event.EventType {
		case enums.EVENT_TYPE_TIMER_STARTED, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enums.EVENT_TYPE_MARKER_RECORDED:
			summary := text(event.GetUserMetadata().GetSummary())
			if summary == "" {
				t.Errorf("event %d (%s) has no summary", event.EventId, event.EventType)
			}
			said[event.EventType] = append(said[event.EventType], summary)
		}
	}
	for kind, want := range map[enums.EventType]string{
		enums.EVENT_TYPE_TIMER_STARTED:           "next: retry acts",
		enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "nudge by email, for welcome",
		enums.EVENT_TYPE_MARKER_RECORDED:         "enrollment.created",
	} {
		if !slices.ContainsFunc(said[kind], func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("%s: the summaries are %q, want one with %q", kind, said[kind], want)
		}
	}
}
