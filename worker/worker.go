package worker

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"homeroom/activities"
	"homeroom/workflows"
)

// DefaultStopTimeout is how long Stop waits for what is under way. A delivery that takes longer is taken up again by
// another worker; the ledger makes that safe.
const DefaultStopTimeout = 10 * time.Second

// Options says what a Worker runs and how much of it at once. Zero numbers mean the default.
type Options struct {
	Decide           *activities.Decide
	Deliver          *activities.Deliver
	PublishDecisions *activities.PublishDecisions
	AdaptSplits      *activities.AdaptSplits // nil: this worker adapts no splits
	DecideStaff      *activities.DecideStaff // nil: this worker tells staff nothing

	Decisions  int // at once, in this process; default 500
	Deliveries int // at once, in this process; default 100
	// Cached is how many learners' runs stay in memory between their tasks; the SDK knows one number for all workers of a
	// process. A run that is not there is replayed from its history. Default 2000.
	Cached int
	// DeliveriesPerSecond limits the deliveries of all workers together; 0: no limit.
	DeliveriesPerSecond float64
	StopTimeout         time.Duration // default DefaultStopTimeout
	// OnFatal hears of an error after which a worker has given up, for instance a namespace that is gone. It may be
	// called from any goroutine; nil: the error is only logged by the SDK.
	OnFatal func(error)
}

// Worker serves the task queue of the learners and that of the deliveries.
type Worker struct {
	learners   sdk.Worker
	deliveries sdk.Worker
	stop       sync.Once
}

// New wires a worker; nothing runs before Start.
func New(c client.Client, o Options) (*Worker, error) {
	if o.Decide == nil || o.Deliver == nil || o.PublishDecisions == nil {
		return nil, errors.New("a worker needs its three activities: Decide, Deliver and PublishDecisions")
	}
	sdk.SetStickyWorkflowCacheSize(orDefault(o.Cached, 2000))
	w := &Worker{
		learners:   sdk.New(c, workflows.TaskQueue, learnerOptions(o)),
		deliveries: sdk.New(c, workflows.DeliverTaskQueue, deliveryOptions(o)),
	}
	w.learners.RegisterWorkflowWithOptions(workflows.Learner, workflow.RegisterOptions{Name: workflows.LearnerWorkflow})
	w.learners.RegisterActivityWithOptions(o.Decide.Run, activity.RegisterOptions{Name: workflows.ActivityDecide})
	w.learners.RegisterActivityWithOptions(o.Decide.Retire, activity.RegisterOptions{Name: workflows.ActivityRetire})
	w.learners.RegisterActivityWithOptions(o.PublishDecisions.Run, activity.RegisterOptions{Name: workflows.ActivityPublishDecisions})
	w.learners.RegisterWorkflowWithOptions(workflows.Broadcast, workflow.RegisterOptions{Name: workflows.BroadcastWorkflow})
	if o.AdaptSplits != nil {
		w.learners.RegisterWorkflowWithOptions(workflows.AdaptSplits, workflow.RegisterOptions{Name: workflows.AdaptWorkflow})
		w.learners.RegisterActivityWithOptions(o.AdaptSplits.List, activity.RegisterOptions{Name: workflows.ActivityListSplits})
		w.learners.RegisterActivityWithOptions(o.AdaptSplits.Adapt, activity.RegisterOptions{Name: workflows.ActivityAdaptWeight})
	}
	if o.DecideStaff != nil {
		w.learners.RegisterWorkflowWithOptions(workflows.Staff, workflow.RegisterOptions{Name: workflows.StaffWorkflow})
		w.learners.RegisterActivityWithOptions(o.DecideStaff.Run, activity.RegisterOptions{Name: workflows.ActivityDecideStaff})
	}
	w.deliveries.RegisterActivityWithOptions(o.Deliver.Run, activity.RegisterOptions{Name: workflows.ActivityDeliver})
	w.deliveries.RegisterActivityWithOptions(o.Deliver.GiveUp, activity.RegisterOptions{Name: workflows.ActivityGiveUp})
	return w, nil
}

func learnerOptions(o Options) sdk.Options {
	opts := commonOptions(o)
	// A workflow task holds its slot while its decision runs, so the two limits are one.
	opts.MaxConcurrentLocalActivityExecutionSize = orDefault(o.Decisions, 500)
	opts.MaxConcurrentWorkflowTaskExecutionSize = orDefault(o.Decisions, 500)
	opts.WorkflowTaskPollerBehavior = pollerBehavior()
	opts.MaxConcurrentActivityExecutionSize = 50 // those that are not local: PublishDecisions, for one
	opts.MaxConcurrentActivityTaskPollers = 2
	return opts
}

func deliveryOptions(o Options) sdk.Options {
	opts := commonOptions(o)
	opts.DisableWorkflowWorker = true
	opts.MaxConcurrentActivityExecutionSize = orDefault(o.Deliveries, 100)
	opts.ActivityTaskPollerBehavior = pollerBehavior()
	opts.TaskQueueActivitiesPerSecond = o.DeliveriesPerSecond
	// A delivery that is to be given up hears of it through its heartbeat.
	opts.MaxHeartbeatThrottleInterval = 2 * time.Second
	return opts
}

// pollerBehavior keeps as many pollers as find work: a task that meets no poller is written to the database and read again.
func pollerBehavior() sdk.PollerBehavior {
	return sdk.NewPollerBehaviorAutoscaling(sdk.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: 8,
		MinimumNumberOfPollers: 4,
		MaximumNumberOfPollers: 32,
	})
}

func commonOptions(o Options) sdk.Options {
	return sdk.Options{
		WorkerStopTimeout: orDefault(o.StopTimeout, DefaultStopTimeout),
		OnFatalError:      o.OnFatal,
		// Held, not failed: a run this worker cannot continue waits for one that can.
		WorkflowPanicPolicy: sdk.BlockWorkflow,
	}
}

// Start begins to serve. On an error nothing is left running.
func (w *Worker) Start() error {
	if err := w.deliveries.Start(); err != nil {
		return fmt.Errorf("starting the delivery worker: %w", err)
	}
	if err := w.learners.Start(); err != nil {
		w.deliveries.Stop()
		return fmt.Errorf("starting the learner worker: %w", err)
	}
	return nil
}

// Stop takes no more work and waits for what is under way, at most for the stop timeout. It may be called again.
func (w *Worker) Stop() {
	w.stop.Do(func() {
		var both sync.WaitGroup
		both.Go(w.learners.Stop)
		both.Go(w.deliveries.Stop)
		both.Wait()
	})
}

// orDefault returns v, or the default if v is zero.
func orDefault[T int | time.Duration](v, byDefault T) T {
	if v == 0 {
		return byDefault
	}
	return v
}
