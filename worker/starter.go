package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
	"homeroom/workflows"
)

// maxSignal is how many bytes of events one signal carries; Temporal warns above 256 KB.
const maxSignal = 250 << 10

// ErrRefused marks a hand-over that Temporal will never accept as it is. Every other error of [Starter.HandOver] is
// worth trying again: the server is busy, away, or the learner's run is just closing.
var ErrRefused = errors.New("Temporal refuses this hand-over")

// ErrUnavailable marks a hand-over that failed because Temporal does not answer, whomever it was for.
var ErrUnavailable = errors.New("Temporal is unavailable")

// signaler is the part of client.Client that Starter needs.
type signaler interface {
	SignalWithStartWorkflow(ctx context.Context, workflowID string, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
}

// Starter hands events to learners' workflows. Its methods may be called from any goroutine; the order of one
// learner's batches is the caller's business.
type Starter struct {
	client   signaler
	fullness fullness
}

// NewStarter returns a Starter.
func NewStarter(c client.Client) *Starter { return &Starter{client: c} }

// HandOver signals the batch to its learner, starting the workflow if there is none. When it returns nil Temporal
// holds the events; [ErrRunFull] says that the run must first decide what it was given. A large batch becomes several signals, in order. After
// an error some of them may have been accepted; the caller hands the whole batch over again, because what was applied is recognized by its stream sequence.
func (s *Starter) HandOver(ctx context.Context, b workflows.Batch) error {
	parts, err := splitBatch(b, maxSignal)
	if err != nil {
		return fmt.Errorf("%w: learner %q: %w", ErrRefused, b.Learner, err)
	}
	for _, part := range parts {
		if err := s.checkRoom(ctx, b.Learner); err != nil {
			return err
		}
		_, err := s.client.SignalWithStartWorkflow(ctx, workflows.WorkflowID(b.Learner), workflows.SignalEvents, part.Batch,
			startOptions(b.Learner), workflows.LearnerWorkflow,
			workflows.Input{Version: workflows.InputVersion, Learner: b.Learner, Partition: b.Partition})
		if err != nil {
			return wrapHandOverError(b.Learner, err)
		}
		s.fullness.addSignal(b.Learner, part.bytes)
	}
	return nil
}

func startOptions(learner string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                    workflows.WorkflowID(learner),
		TaskQueue:             workflows.TaskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(workflows.SearchStage.ValueSet(workflows.StageAwake)),
		StaticSummary:         "Everything Homeroom does for this learner",
		StaticDetails:         "*Current details* say in sentences what is under way, what happens next and why the last messages went out or did not. The query `state` answers the same as JSON. It sleeps most of the time; that is its job.",
	}
}

func wrapHandOverError(learner string, err error) error {
	if isRefused(err) {
		return fmt.Errorf("%w: learner %q: %w", ErrRefused, learner, err)
	}
	if isUnavailable(err) {
		return fmt.Errorf("handing events over to learner %q: %w: %w", learner, ErrUnavailable, err)
	}
	return fmt.Errorf("handing events over to learner %q (worth trying again): %w", learner, err)
}

// isUnavailable reports whether Temporal does not answer, or says of itself that it cannot at present.
func isUnavailable(err error) bool {
	var unavailable *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	return errors.As(err, &unavailable) || errors.As(err, &late) || errors.Is(err, context.DeadlineExceeded)
}

// isRefused reports whether Temporal will never accept this batch. An invalid argument alone does not mean so: it is also the
// answer while the search attributes are not known everywhere yet, to a namespace that is set up wrongly, and to the
// ten-thousandth signal of a run that no worker has served. Those pass, and dead-lettering every event until they do
// would be the greater harm. What is left is a batch that is too large.
func isRefused(err error) bool {
	var invalid *serviceerror.InvalidArgument
	if !errors.As(err, &invalid) {
		return false
	}
	text := strings.ToLower(invalid.Message)
	return strings.Contains(text, "exceed") && (strings.Contains(text, "size") || strings.Contains(text, "length")) &&
		!strings.Contains(text, "search attribute")
}

// part is one signal's share of a batch, with the size of its events.
type part struct {
	workflows.Batch
	bytes int
}

// splitBatch divides a batch into parts of at most limit bytes of events each; a single larger event is a part of its own.
// Watermark and publication go with the last part only, because events come after the other parts.
func splitBatch(b workflows.Batch, limit int) ([]part, error) {
	var parts []part
	var events []engine.Event
	size := 0
	flush := func() {
		parts = append(parts, part{workflows.Batch{Learner: b.Learner, Partition: b.Partition, Events: events}, size})
		events = nil
		size = 0
	}
	for _, ev := range b.Events {
		body, err := json.Marshal(ev)
		if err != nil {
			return nil, fmt.Errorf("event %q cannot be written as JSON: %w", ev.ID, err)
		}
		if size > 0 && size+len(body) > limit {
			flush()
		}
		events = append(events, ev)
		size = size + len(body)
	}
	if len(events) > 0 || b.Publication != nil && len(parts) == 0 {
		flush()
	}
	if len(parts) > 0 {
		parts[len(parts)-1].Watermark = b.Watermark
		parts[len(parts)-1].Publication = b.Publication
	}
	return parts, nil
}
