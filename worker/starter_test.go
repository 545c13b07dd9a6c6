package worker

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/workflows"
)

// temporalStub notes what is signaled, and answers with errs in turn.
type temporalStub struct {
	ids     []string
	batches []workflows.Batch
	options []client.StartWorkflowOptions
	inputs  []workflows.Input
	errs    []error
	run     *workflowpb.WorkflowExecutionInfo // nil: there is none
	asked   int
}

func (s *temporalStub) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	s.asked++
	if s.run == nil {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: s.run}, nil
}

func (s *temporalStub) SignalWithStartWorkflow(_ context.Context, id, signal string, arg any, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	if signal != workflows.SignalEvents || workflow != workflows.LearnerWorkflow {
		return nil, errors.New("wrong signal or workflow")
	}
	s.ids = append(s.ids, id)
	s.batches = append(s.batches, arg.(workflows.Batch))
	s.options = append(s.options, options)
	s.inputs = append(s.inputs, args[0].(workflows.Input))
	if len(s.errs) == 0 {
		return nil, nil
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return nil, err
}

func lessons(n int, text string) []engine.Event {
	var events []engine.Event
	for i := range n {
		events = append(events, engine.Event{ID: "e", Name: "lesson.completed", Seq: uint64(i + 1), Properties: map[string]any{"text": text}})
	}
	return events
}

func TestHandOverSignalsTheLearner(t *testing.T) {
	stub := &temporalStub{}
	batch := workflows.Batch{Learner: "auth0|7", Partition: 11, Events: lessons(3, ""), Watermark: time.Unix(5, 0)}
	if err := (&Starter{client: stub}).HandOver(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if len(stub.ids) != 1 || stub.ids[0] != "learner/auth0|7" {
		t.Fatalf("signaled %v, want learner/auth0|7 once", stub.ids)
	}
	if got := stub.batches[0]; len(got.Events) != 3 || !got.Watermark.Equal(batch.Watermark) || got.Partition != 11 {
		t.Errorf("handed over %+v", got)
	}
	if in := stub.inputs[0]; in.Learner != "auth0|7" || in.Partition != 11 || in.Version != workflows.InputVersion {
		t.Errorf("started with %+v", in)
	}
	o := stub.options[0]
	if stage, _ := o.TypedSearchAttributes.GetKeyword(workflows.SearchStage); stage != workflows.StageAwake || o.TaskQueue != workflows.TaskQueue || o.StaticSummary == "" {
		t.Errorf("options: stage %q, queue %q, summary %q", stage, o.TaskQueue, o.StaticSummary)
	}
}

func TestALargeBatchGoesInPartsAndInOrder(t *testing.T) {
	stub := &temporalStub{}
	batch := workflows.Batch{Learner: "u", Events: lessons(10, strings.Repeat("x", 60<<10)), Watermark: time.Unix(5, 0)}
	if err := (&Starter{client: stub}).HandOver(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	seq := uint64(0)
	for i, part := range stub.batches {
		for _, ev := range part.Events {
			if seq++; ev.Seq != seq {
				t.Fatalf("part %d: event %d came as number %d", i, ev.Seq, seq)
			}
		}
		if last := i == len(stub.batches)-1; part.Watermark.IsZero() == last {
			t.Errorf("part %d of %d: mark %v", i+1, len(stub.batches), part.Watermark)
		}
	}
	if seq != 10 || len(stub.batches) != 3 {
		t.Errorf("%d events in %d parts, want 10 in 3", seq, len(stub.batches))
	}
}

func TestHandOverErrors(t *testing.T) {
	for _, tc := range []struct {
		name    string
		err     error
		refused bool
	}{
		{"the server is busy", serviceerror.NewResourceExhausted(enums.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "workflow is closing"), false},
		{"the server is away", serviceerror.NewUnavailable("connection refused"), false},
		{"time is up", context.DeadlineExceeded, false},
		{"a search attribute is not known yet", serviceerror.NewInvalidArgument("Namespace default has no mapping defined for search attribute HomeroomStage"), false},
		{"no worker has served the run for long", serviceerror.NewInvalidArgument("exceeded workflow execution limit for signal events"), false},
		{"it is too large", serviceerror.NewInvalidArgument("Blob data size exceeds limit."), true},
		{"it is malformed", serviceerror.NewInvalidArgument("WorkflowId length exceeds limit"), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stub := &temporalStub{errs: []error{tc.err}}
			err := (&Starter{client: stub}).HandOver(t.Context(), workflows.Batch{Learner: "u", Events: lessons(1, "")})
			if !errors.Is(err, tc.err) || errors.Is(err, ErrRefused) != tc.refused {
				t.Errorf("error %v: refused %v, want %v", err, errors.Is(err, ErrRefused), tc.refused)
			}
		})
	}
	bad := workflows.Batch{Learner: "u", Events: []engine.Event{{ID: "e", Properties: map[string]any{"x": math.Inf(1)}}}}
	if err := (&Starter{client: &temporalStub{}}).HandOver(t.Context(), bad); !errors.Is(err, ErrRefused) {
		t.Errorf("an event that is not JSON: %v, want ErrRefused", err)
	}
}

func TestAWorkerNeedsItsActivities(t *testing.T) {
	if _, err := New(nil, Options{}); err == nil || !strings.Contains(err.Error(), "Decide, Deliver and PublishDecisions") {
		t.Errorf("got %v, want an error that names what is missing", err)
	}
}
