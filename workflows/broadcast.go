package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// The names of the workflow that hands an event without a learner to each learner whom it concerns, of its activities, its signal and its query.
const (
	BroadcastWorkflow      = "Broadcast"
	ActivityPlanBroadcast  = "PlanBroadcast"
	ActivityBroadcastPart  = "BroadcastPart"
	SignalBroadcastControl = "control"  // payload: BroadcastControl
	QueryBroadcast         = "progress" // answer: BroadcastProgress
)

// BroadcastTaskQueue is the task queue of a broadcast's activities. The role triggers serves it: they read all standings and hand events over.
const BroadcastTaskQueue = "homeroom-broadcast"

const (
	broadcastPrefix  = "broadcast/"
	broadcastVersion = 1
	// broadcastParts is into how many parts the standings are divided, and broadcastTogether how many are worked on at a time.
	broadcastParts    = 16
	broadcastTogether = 4
	// broadcastChunk is how long an activity works on its part before it says how far it has come.
	broadcastChunk = 15 * time.Second
	// broadcastTimeout is that of one attempt, and broadcastHeartbeat how long a worker may be silent before it counts as dead.
	broadcastTimeout   = 10 * time.Minute
	broadcastHeartbeat = 10 * time.Second
	planTimeout        = time.Minute
)

// DefaultBroadcastRate is how many learners a second are handed the event at most, where no rate is given.
const DefaultBroadcastRate = 100

// BroadcastID names the workflow of a broadcast: the event's id says which, so that one event is broadcast once.
func BroadcastID(eventID string) string {
	return broadcastPrefix + escapeID(eventID)
}

// BroadcastEvent is the inverse of [BroadcastID]; ok is false for ids that it does not make.
func BroadcastEvent(workflowID string) (eventID string, ok bool) {
	escaped, ok := strings.CutPrefix(workflowID, broadcastPrefix)
	if !ok {
		return "", false
	}
	return unescapeID(escaped)
}

// broadcast is a run of the workflow.
type broadcast struct {
	BroadcastInput
	BroadcastState
	status  BroadcastStatus
	control workflow.ReceiveChannel
	running []*broadcastPart
}

// broadcastPart is a part that an activity works on.
type broadcastPart struct {
	part   BroadcastRange
	future workflow.Future
	cancel workflow.CancelFunc
}

// Broadcast is the workflow; workers register it as [BroadcastWorkflow]. A standing that is written while it runs moves to the end of the store, so it reads on
// until it has come to the end.
func Broadcast(ctx workflow.Context, in BroadcastInput) (BroadcastProgress, error) {
	b, err := startBroadcast(ctx, in)
	if err != nil {
		return BroadcastProgress{}, err
	}
	if err := b.waitForStart(ctx); err != nil {
		return b.progress(), err
	}
	if !b.Planned && !b.Cancelled {
		if err := b.planParts(ctx); err != nil {
			return b.progress(), err
		}
	}
	for b.status != BroadcastNoRule {
		b.receiveControl()
		suggested := workflow.GetInfo(ctx).GetContinueAsNewSuggested()
		b.launchParts(ctx, suggested)
		b.showProgress(ctx)
		if len(b.running) == 0 {
			switch {
			case b.Cancelled:
				return b.finishWith(ctx, BroadcastCancelled)
			case suggested:
				return b.progress(), b.continueAsNew(ctx)
			case !b.Paused && len(b.Waiting) == 0:
				more, err := b.planRest(ctx)
				if err != nil {
					return b.progress(), err
				}
				if !more {
					return b.finishWith(ctx, BroadcastDone)
				}
				continue
			}
		}
		if err := b.waitForAnything(ctx); err != nil {
			return b.progress(), err
		}
	}
	return b.finishWith(ctx, BroadcastNoRule)
}

func startBroadcast(ctx workflow.Context, in BroadcastInput) (*broadcast, error) {
	if in.Version > broadcastVersion {
		panic(fmt.Sprintf("this broadcast was written by a newer Homeroom (version %d, this worker knows %d): deploy the newer worker again", in.Version, broadcastVersion))
	}
	b := &broadcast{BroadcastInput: in, status: BroadcastRuns}
	if in.Carried != nil {
		b.BroadcastState = *in.Carried
		b.Carried = nil
	}
	if b.PerSecond <= 0 {
		b.PerSecond = DefaultBroadcastRate
		b.GivesWay = true
	}
	b.control = workflow.GetSignalChannelWithOptions(ctx, SignalBroadcastControl, workflow.SignalChannelOptions{
		Description: `Pauses, resumes or cancels: {"do": "pause", "by": "ada"}.`,
	})
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryBroadcast, func() (BroadcastProgress, error) { return b.progress(), nil },
		workflow.QueryHandlerOptions{Description: "How many learners were looked at, reached and left out so far."})
	if err != nil {
		return nil, fmt.Errorf("registering the query %q: %w", QueryBroadcast, err)
	}
	return b, nil
}

// waitForStart waits until the broadcast may begin, or is cancelled.
func (b *broadcast) waitForStart(ctx workflow.Context) error {
	wait := b.StartAt.Sub(workflow.Now(ctx))
	if b.Planned || b.StartAt.IsZero() || wait <= 0 {
		return nil
	}
	b.status = BroadcastWaits
	b.showProgress(ctx)
	timer := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "the broadcast begins"})
	for !b.Cancelled && !timer.IsReady() {
		s := workflow.NewNamedSelector(ctx, "start")
		s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
		s.AddReceive(b.control, func(workflow.ReceiveChannel, bool) { b.receiveControl() })
		s.AddFuture(timer, func(workflow.Future) {})
		s.Select(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	b.status = BroadcastRuns
	return nil
}

// planParts finds out what is to be looked at.
func (b *broadcast) planParts(ctx workflow.Context) error {
	p, err := b.askPlan(ctx, 0, broadcastParts)
	if err != nil {
		return err
	}
	if b.Event.Time.IsZero() {
		b.Event.Time = p.Now
	}
	b.Planned = true
	b.Rules = p.Rules
	b.Total = p.Total
	b.Last = p.Last
	b.Waiting = p.Ranges
	if len(p.Rules) == 0 {
		b.status = BroadcastNoRule
	}
	return nil
}

// planRest finds out what was written since the parts were planned, and reports whether there is any.
func (b *broadcast) planRest(ctx workflow.Context) (bool, error) {
	if b.DryRun { // counting the learners who were active meanwhile twice would be worse than leaving them out
		return false, nil
	}
	p, err := b.askPlan(ctx, b.Last, 1)
	if err != nil {
		return false, err
	}
	b.Last = p.Last
	b.Waiting = p.Ranges
	return len(b.Waiting) > 0, nil
}

func (b *broadcast) askPlan(ctx workflow.Context, after uint64, parts int) (BroadcastPlan, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           BroadcastTaskQueue,
		StartToCloseTimeout: planTimeout,
		Summary:             "which rules, and which learners",
	})
	var p BroadcastPlan
	err := workflow.ExecuteActivity(ctx, ActivityPlanBroadcast, BroadcastPlanInput{Event: b.Event, After: after, Parts: parts}).Get(ctx, &p)
	return p, err
}

// launchParts starts activities for waiting parts, or asks those that are under way to come back if there is to be a break.
func (b *broadcast) launchParts(ctx workflow.Context, suggested bool) {
	if b.Paused || b.Cancelled || ctx.Err() != nil {
		for _, p := range b.running {
			p.cancel()
		}
		return
	}
	for !suggested && len(b.Waiting) > 0 && len(b.running) < broadcastTogether {
		b.running = append(b.running, b.launchPart(ctx, b.Waiting[0]))
		b.Waiting = b.Waiting[1:]
	}
}

func (b *broadcast) launchPart(ctx workflow.Context, part BroadcastRange) *broadcastPart {
	ctx, cancel := workflow.WithCancel(ctx)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           BroadcastTaskQueue,
		StartToCloseTimeout: broadcastTimeout,
		HeartbeatTimeout:    broadcastHeartbeat,
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
		Summary: fmt.Sprintf("standings %d to %d", part.First, part.Last),
	})
	return &broadcastPart{
		part:   part,
		cancel: cancel,
		future: workflow.ExecuteActivity(ctx, ActivityBroadcastPart, BroadcastPartInput{
			Event:     b.Event,
			Audience:  b.Audience,
			Range:     part,
			PerSecond: b.PerSecond / broadcastTogether,
			GivesWay:  b.GivesWay,
			Within:    broadcastChunk,
			DryRun:    b.DryRun,
		}),
	}
}

// waitForAnything blocks until a part comes back or somebody wants something.
func (b *broadcast) waitForAnything(ctx workflow.Context) error {
	s := workflow.NewNamedSelector(ctx, "broadcast")
	s.AddReceive(b.control, func(workflow.ReceiveChannel, bool) { b.receiveControl() })
	if len(b.running) == 0 { // parts that are under way come back by themselves when the workflow is canceled
		s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	}
	var failure error
	for _, p := range b.running {
		s.AddFuture(p.future, func(workflow.Future) { failure = b.takeResult(ctx, p) })
	}
	s.Select(ctx)
	if failure != nil {
		return failure
	}
	if len(b.running) == 0 {
		return ctx.Err()
	}
	return nil
}

// receiveControl takes in every signal that has arrived.
func (b *broadcast) receiveControl() {
	for {
		var c BroadcastControl
		if !b.control.ReceiveAsync(&c) {
			return
		}
		switch c.Do {
		case BroadcastPause:
			b.Paused = true
		case BroadcastResume:
			b.Paused = false
		case BroadcastCancel:
			b.Cancelled = true
		default:
			continue
		}
		b.ByWhom = c.By
	}
}

// takeResult takes over how far a part has come. What is left of it waits for its next turn.
func (b *broadcast) takeResult(ctx workflow.Context, p *broadcastPart) error {
	for i, other := range b.running {
		if other == p {
			b.running = append(b.running[:i:i], b.running[i+1:]...)
			break
		}
	}
	var res BroadcastPartResult
	err := p.future.Get(ctx, &res)
	switch {
	case temporal.IsCanceledError(err): // before a worker took it
		b.Waiting = append([]BroadcastRange{p.part}, b.Waiting...)
		return nil
	case err != nil:
		return err
	}
	b.Counts.Add(res.Counts)
	if res.Next <= p.part.Last {
		b.Waiting = append([]BroadcastRange{{First: res.Next, Last: p.part.Last}}, b.Waiting...)
	}
	return nil
}

func (b *broadcast) continueAsNew(ctx workflow.Context) error {
	next := b.BroadcastInput
	next.Version = broadcastVersion
	next.Carried = &b.BroadcastState
	return workflow.NewContinueAsNewError(ctx, BroadcastWorkflow, next)
}

func (b *broadcast) finishWith(ctx workflow.Context, status BroadcastStatus) (BroadcastProgress, error) {
	b.status = status
	b.showProgress(ctx)
	return b.progress(), nil
}

func (b *broadcast) progress() BroadcastProgress {
	status := b.status
	if b.Paused && status == BroadcastRuns {
		status = BroadcastIsPaused
	}
	course, _ := b.Event.Text(engine.KeyCourse)
	return BroadcastProgress{
		Event:      b.Event.Name,
		Rules:      b.Rules,
		Status:     status,
		Total:      b.Total,
		Counts:     b.Counts,
		At:         b.Event.Time,
		Properties: b.Event.Properties,
		Course:     course,
		Audience:   b.Audience,
		PerSecond:  b.PerSecond,
		GivesWay:   b.GivesWay,
		DryRun:     b.DryRun,
		StartAt:    b.StartAt,
		By:         b.By,
		ByWhom:     b.ByWhom,
		RuleHash:   b.RuleHash,
	}
}

// showProgress tells people in the Temporal UI how far the broadcast has come.
func (b *broadcast) showProgress(ctx workflow.Context) {
	p := b.progress()
	text := fmt.Sprintf("**%s**, for %s: %d of %s looked at, %d reached.\n", p.Status, strings.Join(p.Rules, ", "), p.Counts.Seen, countNoun(p.Total, "learner"), p.Counts.Reached)
	for _, reason := range p.Counts.reasons() {
		text += fmt.Sprintf("\n- left out, %s: %d", reason, p.Counts.LeftOut[reason])
	}
	if p.ByWhom != "" && p.Status != BroadcastDone {
		text += fmt.Sprintf("\n\nPaused, resumed or cancelled last by %s.", p.ByWhom)
	}
	workflow.SetCurrentDetails(ctx, text)
}

// reasons returns the reasons for which learners were left out, sorted.
func (c *BroadcastCounts) reasons() []string {
	return workflow.DeterministicKeys(c.LeftOut)
}
