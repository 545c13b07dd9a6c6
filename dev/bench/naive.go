package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"homeroom/catalog"
	"homeroom/internal/clock"
	"homeroom/workflows"
)

const (
	naiveQueue    = "bench-naive"
	naiveWorkflow = "NaiveLearner"
	naiveSignal   = "event"
	naiveSilence  = 72 * time.Hour
	naiveRun      = 500 // signals of a run, after which it continues as new
)

// naiveState is the state of the naive workflow.
type naiveState struct {
	Learner string
	Last    string
	Courses []string
	Heard   int
}

// naiveLearner is a workflow as one would write it from the samples: it gets every event as a signal, restarts its
// inactivity timer, and updates the search attributes.
func naiveLearner(ctx workflow.Context, state naiveState) error {
	signals := workflow.GetSignalChannel(ctx, naiveSignal)
	var silence workflow.Future
	cancel := func() {}
	take := func(event naiveEvent) error {
		state.Last = event.Name
		state.Heard++
		if event.Course != "" {
			state.Courses = []string{event.Course}
		}
		cancel()
		var timer workflow.Context
		timer, cancel = workflow.WithCancel(ctx)
		silence = workflow.NewTimer(timer, naiveSilence)
		return workflow.UpsertTypedSearchAttributes(ctx, workflows.SearchStage.ValueSet(event.Name), workflows.SearchCourses.ValueSet(state.Courses))
	}
	for handled := 0; handled < naiveRun; {
		var event naiveEvent
		var failed error
		s := workflow.NewSelector(ctx)
		s.AddReceive(signals, func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, &event)
			handled++
			failed = take(event)
		})
		if silence != nil {
			s.AddFuture(silence, func(f workflow.Future) { silence = nil })
		}
		s.Select(ctx)
		if failed != nil {
			return failed
		}
	}
	for { // handle the remaining signals, because continuing as new would drop them
		var event naiveEvent
		if !signals.ReceiveAsync(&event) {
			return workflow.NewContinueAsNewError(ctx, naiveWorkflow, state)
		}
		if err := take(event); err != nil {
			return err
		}
	}
}

type naiveEvent struct{ Name, Course string }

// naive is the cost of the naive way.
type naive struct {
	events int
	took   time.Duration
	cost   *Account
}

// runNaive sends every event of the sample as one signal, each learner's in order, 32 learners at a time.
func (o *Options) runNaive(ctx context.Context, c client.Client, sample []catalog.Decoded) (*naive, error) {
	w := worker.New(c, naiveQueue, worker.Options{MaxConcurrentWorkflowTaskPollers: 8})
	w.RegisterWorkflowWithOptions(naiveLearner, workflow.RegisterOptions{Name: naiveWorkflow})
	if err := w.Start(); err != nil {
		return nil, fmt.Errorf("starting the naive worker: %w", err)
	}
	defer w.Stop()
	byLearner := map[string][]catalog.Decoded{}
	for _, d := range sample {
		byLearner[d.Event.Learner] = append(byLearner[d.Event.Learner], d)
	}
	began := time.Now()
	if err := o.handOverNaively(ctx, c, byLearner, len(sample)); err != nil {
		return nil, err
	}
	for learner, events := range byLearner {
		if err := awaitSignalsHandled(ctx, c, learner, len(events)); err != nil {
			return nil, err
		}
	}
	n := &naive{events: len(sample), took: time.Since(began)}
	var err error
	n.cost, err = readAccount(ctx, c, fmt.Sprintf("WorkflowType = %q", naiveWorkflow), o.progressOf("reading histories"))
	return n, err
}

func (o *Options) handOverNaively(ctx context.Context, c client.Client, byLearner map[string][]catalog.Decoded, total int) error {
	report := o.progressOf("naive: events")
	done := atomic.Int64{}
	todo := make(chan []catalog.Decoded)
	failed := make(chan error, 32)
	var senders sync.WaitGroup
	for range 32 {
		senders.Go(func() {
			for events := range todo {
				for _, d := range events {
					if err := signalNaively(ctx, c, d); err != nil {
						select {
						case failed <- err:
						default:
						}
						break
					}
					report(int(done.Add(1)), total)
				}
			}
		})
	}
	for _, events := range byLearner {
		todo <- events
	}
	close(todo)
	senders.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func signalNaively(ctx context.Context, c client.Client, d catalog.Decoded) error {
	course, _ := d.Event.Text("course_id")
	_, err := c.SignalWithStartWorkflow(ctx, "naive/"+d.Event.Learner, naiveSignal, naiveEvent{d.Event.Name, course},
		client.StartWorkflowOptions{TaskQueue: naiveQueue, TypedSearchAttributes: temporal.NewSearchAttributes(workflows.SearchStage.ValueSet("new"))},
		naiveWorkflow, naiveState{Learner: d.Event.Learner})
	if err != nil {
		return fmt.Errorf("signaling %s: %w", d.Event.Learner, err)
	}
	return nil
}

// awaitSignalsHandled waits until the workflow has handled all its signals.
func awaitSignalsHandled(ctx context.Context, c client.Client, learner string, want int) error {
	for {
		upserts, err := upsertsOf(ctx, c, "naive/"+learner)
		if err != nil || upserts >= want {
			return err
		}
		if err := clock.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func upsertsOf(ctx context.Context, c client.Client, id string) (int, error) {
	runs, err := listRuns(ctx, c, fmt.Sprintf("WorkflowId = %q", id))
	if err != nil {
		return 0, err
	}
	n := 0
	for _, run := range runs {
		events, err := readHistory(ctx, c, run.Execution)
		if err != nil {
			return 0, err
		}
		n += countActions(events)["upserts"]
	}
	return n, nil
}
