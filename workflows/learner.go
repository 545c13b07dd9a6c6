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
func Learner(ctx workflow.Context, in Input) (Ended, error) {
	l, err := startLearner(ctx, in)
	if err != nil {
		return Ended{}, err
	}
	for {
		l.drainSignals()
		if err := ctx.Err(); err != nil {
			return Ended{}, err
		}
		if l.woken || len(l.inputs) > 0 {
			l.takeWaitingOutcomes()
			if l.shouldCarryOver(ctx) {
				return Ended{}, l.continueAsNew(ctx, false)
			}
			if err := l.decideInputs(ctx); err != nil {
				return Ended{}, err
			}
			continue // signals may have arrived meanwhile
		}
		restDue := l.shouldRest(ctx)
		retireDue := l.shouldRetire(ctx)
		suggested := workflow.GetInfo(ctx).GetContinueAsNewSuggested()
		if len(l.waitingOutcomes) > 0 && l.nothingUnderWay(ctx) && (restDue || retireDue || suggested) {
			if err := l.decideWaitingOutcomes(ctx); err != nil {
				return Ended{}, err
			}
			continue
		}
		l.publishPending(ctx, restDue || retireDue || l.shouldPublish(ctx) || suggested && l.Version >= versionBoundedDecides && !l.fitsNextRun())
		if retireDue && l.nothingUnderWay(ctx) && len(l.Unpublished) == 0 {
			ended, err := l.tryToRetire(ctx)
			if err != nil {
				return Ended{}, err
			}
			if ended != nil {
				return *ended, nil
			}
			continue
		}
		// Nothing has blocked since drainSignals, so a run that ends now loses no signal.
		if l.nothingUnderWay(ctx) && (restDue || suggested) {
			return Ended{}, l.continueAsNew(ctx, restDue)
		}
		l.setTimer(ctx)
		l.waitForAnything(ctx)
	}
}

// learner is the state of one run of the workflow in memory. What must survive the run is in Input.
type learner struct {
	Input
	signals         workflow.ReceiveChannel
	shownAttributes attributes // the search attributes that Temporal has now

	inputs           []engine.Input // received and not decided yet
	watermark        time.Time      // of the newest batch: the learner's events have been handed over up to here
	recordedBytes    int            // of results since the workflow task began, which its completion has to carry
	decided          bool           // this run has decided something
	failures         int            // of Decide, since it last succeeded
	accepted         *Accepted      // see DecideResult.Accepted
	mayWait          []string       // the sends whose outcome may wait for the next decision; see DecideResult.MayWait
	waitingOutcomes  []engine.Input // outcomes that do so
	wokenToRest      bool           // the last decision was made because WakeAt had come, long after the one before
	alreadyPublished []string       // ids of decisions that finished deliveries have published
	woken            bool           // the timer for WakeAt has fired
	decidedAt        time.Time      // when Decide last succeeded in this run, or when the run began
	decidedAtLength  int            // the length of the history when Decide was last asked

	timers         []timer         // set timers; the earliest is the last element
	deliveries     []*delivery     // under way, oldest first
	publishing     workflow.Future // the publishing activity that is under way; nil: none
	beingPublished []engine.Decision
	publishSoon    bool // the unpublished decisions must not wait for the next delivery
	publishFailed  bool // the last publishing activity failed: the next one waits for the next Decide
}

// startLearner sets up the signal channel, the queries and the current details of a run. If a newer Homeroom wrote the input, it panics: Temporal
// then retries the workflow task until a worker that can read the input is deployed. An error would end the workflow and lose the
// learner's state.
func startLearner(ctx workflow.Context, in Input) (*learner, error) {
	if in.Version > InputVersion {
		panic(fmt.Sprintf("learner %q: this run was written by a newer Homeroom (input version %d, this worker knows %d): deploy the newer worker again", in.Learner, in.Version, InputVersion))
	}
	l := &learner{
		Input:           in,
		inputs:          in.Undecided,
		watermark:       in.Watermark,
		decidedAt:       workflow.Now(ctx),
		shownAttributes: readAttributes(ctx),
	}
	l.Undecided = nil
	l.signals = workflow.GetSignalChannelWithOptions(ctx, SignalEvents, workflow.SignalChannelOptions{
		Description: "A batch of the learner's events, in stream order. Sent by the triggers.",
	})
	workflow.SetCurrentDetails(ctx, in.Card.Details)
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryState, func() (engine.State, error) { return l.shownState(), nil },
		workflow.QueryHandlerOptions{Description: "Everything Homeroom remembers of this learner: live runs, past sends, the last decisions with their reasons. Some of it is packed: ask readable."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryState, err)
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryReadable, func() (engine.ReadableState, error) { return l.shownState().Readable(), nil },
		workflow.QueryHandlerOptions{Description: "The same as state, for people: nothing is packed."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryReadable, err)
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryUnpublished, func() ([]engine.Decision, error) { return l.allUnpublished(), nil },
		workflow.QueryHandlerOptions{Description: "Decisions that are not in the stream of decisions yet: the learner's next decision or delivery publishes them."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryUnpublished, err)
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryWake, func() (Wake, error) { return Wake{At: l.WakeAt, Next: l.Next}, nil },
		workflow.QueryHandlerOptions{Description: "When Homeroom looks at this learner again without an event, and what happens then."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryWake, err)
	}
	return l, nil
}

// drainSignals receives every signal that has arrived. It does not block.
func (l *learner) drainSignals() {
	for {
		var b Batch
		if !l.signals.ReceiveAsync(&b) {
			return
		}
		for i := range b.Events {
			l.inputs = append(l.inputs, engine.Input{Event: &b.Events[i]})
		}
		if b.Publication != nil {
			l.inputs = append(l.inputs, engine.Input{Publication: b.Publication})
		}
		if b.Watermark.After(l.watermark) {
			l.watermark = b.Watermark
		}
	}
}

// waitForAnything blocks until a signal arrives, a delivery or a publication ends, or a timer fires. Besides it only decideInputs
// (Decide, and the pauses around it) and tryToRetire block.
func (l *learner) waitForAnything(ctx workflow.Context) {
	s := workflow.NewNamedSelector(ctx, "learner")
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	s.AddReceive(l.signals, func(workflow.ReceiveChannel, bool) { l.drainSignals() })
	for _, d := range l.deliveries {
		s.AddFuture(d.future, func(workflow.Future) { l.onDelivered(ctx, d) })
	}
	if l.publishing != nil {
		s.AddFuture(l.publishing, func(workflow.Future) { l.onPublished(ctx) })
	}
	if n := len(l.timers); n > 0 {
		s.AddFuture(l.timers[n-1].future, func(workflow.Future) { l.onTimerFired(ctx) })
	}
	s.Select(ctx)
	for ctx.Err() == nil && s.HasPending() { // several deliveries may have ended at once: one decision is made for all of them
		s.Select(ctx)
	}
}

// decideInputs runs Decide on the inputs that come first, takes over its result and starts what it asks for. If Decide fails, the inputs stay.
func (l *learner) decideInputs(ctx workflow.Context) error {
	if err := l.endLargeTask(ctx); err != nil {
		return err
	}
	inputs := l.firstInputs()
	in := DecideInput{
		Learner:          l.Learner,
		Partition:        l.Partition,
		State:            l.State,
		Inputs:           inputs,
		NextStoredAt:     firstStoredAt(l.inputs[len(inputs):]),
		Watermark:        l.watermark,
		AlreadyPublished: l.alreadyPublished,
		Unpublished:      l.recordedUnpublished(ctx),
	}
	if l.woken {
		in.WokenAt = l.WakeAt
	}
	res, err := runDecide(ctx, in, l.describeOccasion(inputs))
	if err != nil {
		return l.onDecideFailed(ctx, err)
	}
	l.markTaken(res, len(inputs))
	l.alreadyPublished = nil
	l.publishFailed = false
	l.Resting = false
	l.mayWait = res.MayWait
	l.accepted = res.Accepted
	l.noteDecided(ctx, inputs)
	l.woken = false

	l.State = res.State
	l.Card = res.Card
	l.WakeAt = res.WakeAt
	l.Wake = time.Time{}
	l.Next = res.Next
	l.Rest = res.Rest
	l.Retire = res.Retire
	if !res.WakeAt.IsZero() {
		l.Wake = l.decidedAt.Add(max(res.Sleep, minSleep))
	}
	l.markPublished(res.Published)
	l.Unpublished = append(l.Unpublished, res.Unpublished...)
	l.publishSoon = l.publishSoon || res.Urgent
	for _, e := range res.Effects {
		switch e.Kind {
		case engine.EffectDeliver:
			l.startDelivery(ctx, e.Send)
		case engine.EffectCancel:
			l.cancelDelivery(e.Send.ID)
		default:
			panic(fmt.Sprintf("learner %q: effect %q is unknown to this worker: deploy the newer worker again", l.Learner, e.Kind))
		}
	}
	workflow.SetCurrentDetails(ctx, l.Card.Details)
	return l.upsertAttributes(ctx, attributes{StageAwake, l.Card.Courses, l.Card.Rules})
}

// nothingUnderWay reports whether no delivery, publication or query handler is running, which a new run could not take over.
func (l *learner) nothingUnderWay(ctx workflow.Context) bool {
	return len(l.deliveries) == 0 && l.publishing == nil && workflow.AllHandlersFinished(ctx)
}

// continueAsNew ends this run and starts the next one with everything in Input.
func (l *learner) continueAsNew(ctx workflow.Context, resting bool) error {
	if resting {
		if err := l.upsertAttributes(ctx, attributes{StageResting, l.Card.Courses, l.Card.Rules}); err != nil {
			return err
		}
	}
	next := l.Input
	next.Version = InputVersion
	next.Undecided = l.inputs
	next.Watermark = time.Time{}
	if len(l.inputs) > 0 {
		next.Watermark = l.watermark
	}
	next.Resting = resting
	if l.Retire > 0 {
		next.Retire = max(l.Retire-workflow.Now(ctx).Sub(l.decidedAt), minSleep)
	}
	return workflow.NewContinueAsNewError(ctx, LearnerWorkflow, next)
}
