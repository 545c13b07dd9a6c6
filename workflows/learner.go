package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// minSleep is the shortest timer: one of zero would leave no trace in the history.
const minSleep = time.Millisecond

// Learner is the workflow of one learner; workers register it as [LearnerWorkflow]. It ends by continuing as new, by
// retiring, or when somebody cancels it.
func Learner(ctx workflow.Context, in Input) error {
	l, err := begin(ctx, in)
	if err != nil {
		return err
	}
	for {
		l.drain()
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.woke || len(l.inputs) > 0 {
			if err := l.decide(ctx); err != nil {
				return err
			}
			continue // events may have come in meanwhile
		}
		tired := l.tired(ctx)
		through := l.through(ctx)
		l.report(ctx, tired || through)
		if through && l.idle(ctx) && len(l.Unreported) == 0 {
			if retired, err := l.retire(ctx); retired || err != nil {
				return err
			}
			continue
		}
		// From drain to here nothing blocks, so a run that ends now leaves no event behind.
		if l.idle(ctx) && (tired || workflow.GetInfo(ctx).GetContinueAsNewSuggested()) {
			return l.continueAsNew(ctx, tired)
		}
		l.arm(ctx)
		l.wait(ctx)
	}
}

// learner is what a run holds in its hands.
type learner struct {
	Input
	signals workflow.ReceiveChannel
	shown   attributes // the search attributes as Temporal has them

	inputs    []engine.Input // not decided upon yet
	mark      time.Time      // of the newest batch
	published []string       // by deliveries that have come back
	woke      bool           // WakeAt has come
	since     time.Time      // when it was last woken
	decided   int            // the history's length at the last decision

	alarms    []alarm         // the earliest is the last
	flights   []*flight       // deliveries that are out, oldest first
	reporting workflow.Future // the Report that is out; nil: none
	reported  []engine.Decision
	urgent    bool // the decisions not published yet must not wait for the next delivery
	held      bool // the last Report failed: the next one waits for the next Decide
}

// begin makes the run visible and answerable. A run from the future is held, not failed: failing would lose the
// learner's state, while a panic makes Temporal retry the task until a worker that understands it is deployed.
func begin(ctx workflow.Context, in Input) (*learner, error) {
	if in.Version > InputVersion {
		panic(fmt.Sprintf("learner %q: this run was written by a newer Homeroom (input version %d, this worker knows %d): deploy the newer worker again", in.Learner, in.Version, InputVersion))
	}
	l := &learner{Input: in, since: workflow.Now(ctx), shown: attributesOf(ctx)}
	l.signals = workflow.GetSignalChannelWithOptions(ctx, SignalEvents, workflow.SignalChannelOptions{
		Description: "A batch of the learner's events, in stream order. Sent by the triggers.",
	})
	workflow.SetCurrentDetails(ctx, in.Card.Details)
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryState, func() (engine.State, error) { return l.State, nil },
		workflow.QueryHandlerOptions{Description: "Everything Homeroom remembers of this learner: live runs, past sends, the last decisions with their reasons."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryState, err)
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryUntold, func() ([]engine.Decision, error) { return l.untold(), nil },
		workflow.QueryHandlerOptions{Description: "Decisions that are not in the stream of decisions yet: the learner's next decision or delivery publishes them."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryUntold, err)
	}
	return l, nil
}

// drain takes in every signal that has arrived. It does not block.
func (l *learner) drain() {
	for {
		var b Batch
		if !l.signals.ReceiveAsync(&b) {
			return
		}
		for i := range b.Events {
			l.inputs = append(l.inputs, engine.Input{Event: &b.Events[i]})
		}
		if b.Published != nil {
			l.inputs = append(l.inputs, engine.Input{Publication: b.Published})
		}
		if b.Mark.After(l.mark) {
			l.mark = b.Mark
		}
	}
}

// wait blocks until something has happened: the only place that does, apart from Decide.
func (l *learner) wait(ctx workflow.Context) {
	s := workflow.NewNamedSelector(ctx, "learner")
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	s.AddReceive(l.signals, func(workflow.ReceiveChannel, bool) { l.drain() })
	for _, f := range l.flights {
		s.AddFuture(f.future, func(workflow.Future) { l.landed(ctx, f) })
	}
	if l.reporting != nil {
		s.AddFuture(l.reporting, func(workflow.Future) { l.filed(ctx) })
	}
	if n := len(l.alarms); n > 0 {
		s.AddFuture(l.alarms[n-1].future, func(workflow.Future) { l.rang(ctx) })
	}
	s.Select(ctx)
	for ctx.Err() == nil && s.HasPending() { // several deliveries may have come back at once: one decision for all
		s.Select(ctx)
	}
}

// decide asks what follows from the inputs and begins to do it.
func (l *learner) decide(ctx workflow.Context) error {
	in := DecideInput{
		Learner:   l.Learner,
		Partition: l.Partition,
		State:     l.State,
		Inputs:    l.inputs,
		Mark:      l.mark,
		Published: l.published,
		Untold:    l.recorded(ctx),
	}
	if l.woke {
		in.Woke = l.WakeAt
	}
	res, err := ask(ctx, in, l.occasion())
	if err != nil {
		return err
	}
	l.inputs = nil
	l.published = nil
	l.woke = false
	l.held = false
	l.Resting = false
	l.since = workflow.Now(ctx)

	l.State = res.State
	l.Card = res.Card
	l.WakeAt = res.WakeAt
	l.Wake = time.Time{}
	l.Next = res.Next
	l.Rest = res.Rest
	l.Retire = res.Retire
	if !res.WakeAt.IsZero() {
		l.Wake = l.since.Add(max(res.Sleep, minSleep))
	}
	l.tell(res.Told)
	l.Unreported = append(l.Unreported, res.Unreported...)
	l.urgent = l.urgent || res.Urgent
	for _, e := range res.Effects {
		switch e.Kind {
		case engine.EffectDeliver:
			l.deliver(ctx, e.Send)
		case engine.EffectCancel:
			l.cancel(e.Send.ID)
		default:
			panic(fmt.Sprintf("learner %q: effect %q is unknown to this worker: deploy the newer worker again", l.Learner, e.Kind))
		}
	}
	workflow.SetCurrentDetails(ctx, l.Card.Details)
	return l.show(ctx, attributes{StageAwake, l.Card.Courses, l.Card.Rules})
}

// idle says whether nothing is out that a new run could not know of.
func (l *learner) idle(ctx workflow.Context) bool {
	return len(l.flights) == 0 && l.reporting == nil && workflow.AllHandlersFinished(ctx)
}

// continueAsNew hands what the learner's life depends on to the next run.
func (l *learner) continueAsNew(ctx workflow.Context, resting bool) error {
	if resting {
		if err := l.show(ctx, attributes{StageResting, l.Card.Courses, l.Card.Rules}); err != nil {
			return err
		}
	}
	next := l.Input
	next.Version = InputVersion
	next.Resting = resting
	if l.Retire > 0 {
		next.Retire = max(l.Retire-workflow.Now(ctx).Sub(l.since), minSleep)
	}
	return workflow.NewContinueAsNewError(ctx, LearnerWorkflow, next)
}
