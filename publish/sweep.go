package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	workflow "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/workflows"
)

// Temporal is the part of client.Client that a sweep needs.
type Temporal interface {
	ListWorkflow(ctx context.Context, request *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	SignalWorkflow(ctx context.Context, workflowID, runID, signalName string, arg any) error
}

// Starter signals a learner's workflow and starts it if there is none; worker.Starter does.
type Starter interface {
	HandOver(ctx context.Context, b workflows.Batch) error
}

// Learners names everybody who is known, whether or not they have a workflow. A learner may be named more than once.
type Learners interface {
	Each(ctx context.Context, yield func(learner string) error) error
}

// SweepCounts counts learners.
type SweepCounts struct {
	Seen     int `json:"seen"`     // looked at
	LiveRuns int `json:"affected"` // with live runs that the publication touches
	Woken    int `json:"woken"`    // without, woken because an inactivity rule falls due earlier
}

// Signaled returns how many learners were signaled.
func (s SweepCounts) Signaled() int { return s.LiveRuns + s.Woken }

// sweep is a sweep that is running.
type sweep struct {
	p        *Publisher
	plan     *Plan
	since    time.Time                                                   // silences before this would be stale
	signal   func(ctx context.Context, learner string, start bool) error // nil: only count
	signaled map[string]bool
	seen     map[string]bool
	swept    SweepCounts
}

// Sweep signals the learners whose live runs or wake-up the publication changes; see [Change]. It may run any number of
// times: a second signal changes nothing.
func (p *Publisher) Sweep(ctx context.Context, plan *Plan) (SweepCounts, error) {
	signals := newSignaler(p, engine.Publication{Hash: plan.Academy.Ruleset.Hash, RunPolicy: plan.RunPolicy})
	s := p.newSweep(plan, signals.signalInBackground)
	began := p.opts.Real()
	err := s.sweepAll(ctx, "")
	if err == nil && (len(plan.Touched) > 0 || plan.Change.Silences()) {
		// Visibility is some seconds behind: it may lack workflows that started just before, also by continuing as new.
		// Of those without touched runs, the second pass looks at workflows that started at most two minutes before the sweep, or since.
		p.opts.Progress(Progress{Stage: "letting Temporal's visibility catch up", Swept: s.swept})
		if err = clock.Sleep(ctx, p.opts.VisibilityWait); err == nil {
			err = s.sweepAll(ctx, began.Add(-2*time.Minute).UTC().Format(time.RFC3339))
		}
	}
	if err = errors.Join(err, signals.awaitSignals()); err != nil {
		return s.swept, fmt.Errorf("the sweep is not complete: %w; run `homeroom rules sweep` to visit everybody again", err)
	}
	return s.swept, nil
}

// Count returns how many learners a sweep would signal, as far as Temporal's visibility and Options.Learners know them now.
func (p *Publisher) Count(ctx context.Context, plan *Plan) (SweepCounts, error) {
	s := p.newSweep(plan, nil)
	err := s.sweepAll(ctx, "")
	return s.swept, err
}

func (p *Publisher) newSweep(plan *Plan, signal func(context.Context, string, bool) error) *sweep {
	s := &sweep{p: p, plan: plan, signal: signal, signaled: map[string]bool{}, seen: map[string]bool{}}
	if age := plan.Academy.Settings.MaxEventAge; age > 0 {
		s.since = p.handedOverUntil().Add(-age)
	}
	return s
}

// handedOverUntil returns the earliest of the known watermarks, in Homeroom's time, and at most now. A partition of which no watermark is
// known does not count.
func (p *Publisher) handedOverUntil() time.Time {
	at := p.opts.Now()
	for partition := range subjects.Partitions {
		if mark := p.opts.Store.Control.Watermark(partition); !mark.IsZero() && mark.Before(at) {
			at = mark
		}
	}
	return at
}

// sweepAll visits the learners with live runs that the publication touches and, if an inactivity rule changed, everybody else too. If
// after is set (RFC 3339), of everybody else only those whose workflow started since.
func (s *sweep) sweepAll(ctx context.Context, after string) error {
	if err := s.listTouched(ctx, s.signalLiveRuns); err != nil {
		return err
	}
	if !s.plan.Change.Silences() {
		return nil
	}
	if after != "" {
		return s.listLearners(ctx, runningQuery+" AND StartTime > '"+after+"'", s.wakeUnlessSeen)
	}
	if err := s.listLearners(ctx, runningQuery, s.wakeUnlessSeen); err != nil {
		return err
	}
	if s.p.opts.Learners == nil {
		return nil
	}
	return s.p.opts.Learners.Each(ctx, func(learner string) error {
		if s.seen[learner] || s.signaled[learner] {
			return nil
		}
		return s.wakeIfEarlier(ctx, learner, true)
	})
}

// runningQuery is the visibility query of the learners' workflows that run.
const runningQuery = "WorkflowType = '" + workflows.LearnerWorkflow + "' AND ExecutionStatus = 'Running'"

// listTouched calls each with every learner with live runs that the publication touches; perhaps more than once.
func (s *sweep) listTouched(ctx context.Context, each func(context.Context, string) error) error {
	for touched := s.plan.Touched; len(touched) > 0; {
		n := min(len(touched), 50)
		query := fmt.Sprintf("%s AND %s IN ('%s')", runningQuery, workflows.SearchRules.GetName(), strings.Join(touched[:n], "','"))
		touched = touched[n:]
		if err := s.listLearners(ctx, query, each); err != nil {
			return err
		}
	}
	return nil
}

// pageSize is how many workflows are listed at once.
const pageSize = 500

// listLearners calls each with every learner that a visibility query finds.
func (s *sweep) listLearners(ctx context.Context, query string, each func(context.Context, string) error) error {
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: pageSize}
	for {
		page, err := s.p.opts.Temporal.ListWorkflow(ctx, request)
		if err != nil {
			return fmt.Errorf("listing learners: %w", err)
		}
		for _, w := range page.GetExecutions() {
			if learner, ok := learnerOf(w); ok {
				if err := each(ctx, learner); err != nil {
					return err
				}
			}
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return nil
		}
	}
}

func learnerOf(w *workflow.WorkflowExecutionInfo) (string, bool) {
	return workflows.LearnerOf(w.GetExecution().GetWorkflowId())
}

func (s *sweep) signalLiveRuns(ctx context.Context, learner string) error {
	if s.signaled[learner] {
		return nil
	}
	s.swept.LiveRuns++
	return s.signalLearner(ctx, learner, false)
}

func (s *sweep) wakeUnlessSeen(ctx context.Context, learner string) error {
	if s.signaled[learner] || s.seen[learner] {
		return nil
	}
	// Visibility is some seconds behind: a workflow that has just retired is still listed as running, and has to be started again.
	return s.wakeIfEarlier(ctx, learner, true)
}

// wakeIfEarlier signals a learner for whom the change makes an inactivity rule fall due, or fall due earlier; start: they may have no
// workflow yet.
func (s *sweep) wakeIfEarlier(ctx context.Context, learner string, start bool) error {
	s.markSeen(learner)
	standing, err := s.p.opts.Store.Standings.Get(ctx, learner)
	if err != nil {
		return fmt.Errorf("reading the standing of learner %q: %w", learner, err)
	}
	if !s.plan.Change.Wakes(standing, s.since) {
		return nil
	}
	s.swept.Woken++
	return s.signalLearner(ctx, learner, start)
}

func (s *sweep) markSeen(learner string) {
	if s.seen[learner] = true; len(s.seen)%100 == 0 {
		s.p.opts.Progress(Progress{Stage: "sweeping", Swept: s.swept})
	}
	s.swept.Seen = len(s.seen)
}

func (s *sweep) signalLearner(ctx context.Context, learner string, start bool) error {
	s.signaled[learner] = true
	if s.signal == nil {
		return nil
	}
	return s.signal(ctx, learner, start)
}

// maxSignals is how many signals are sent at a time.
const maxSignals = 16

// signaler signals learners at a steady pace with jitter, so that they do not all decide in the same second.
type signaler struct {
	p         *Publisher
	published engine.Publication
	slots     chan struct{}
	running   sync.WaitGroup

	mu     sync.Mutex
	failed int
	first  error
}

func newSignaler(p *Publisher, published engine.Publication) *signaler {
	return &signaler{p: p, published: published, slots: make(chan struct{}, maxSignals)}
}

// signalInBackground waits for the pace and sends one signal in the background. It returns an error only if ctx ends;
// awaitSignals returns the failures of signals.
func (s *signaler) signalInBackground(ctx context.Context, learner string, start bool) error {
	jitter := 0.5
	if s.p.opts.Random != nil {
		jitter = s.p.opts.Random()
	}
	if err := clock.Sleep(ctx, time.Duration((0.5+jitter)*float64(time.Second)/s.p.opts.PerSecond)); err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.running.Go(func() {
		defer func() { <-s.slots }()
		if err := s.sendSignal(ctx, learner, start); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.failed++; s.first == nil {
				s.first = err
			}
		}
	})
	return nil
}

func (s *signaler) sendSignal(ctx context.Context, learner string, start bool) error {
	b := workflows.Batch{Learner: learner, Partition: store.PartitionOf(learner), Events: []engine.Event{}, Publication: &s.published}
	if start {
		return s.p.opts.Starter.HandOver(ctx, b)
	}
	err := s.p.opts.Temporal.SignalWorkflow(ctx, workflows.WorkflowID(learner), "", workflows.SignalEvents, b)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil // ended meanwhile
	}
	if err != nil {
		return fmt.Errorf("signaling learner %q: %w", learner, err)
	}
	return nil
}

// awaitSignals waits for the last signals. It returns an error if any of them failed.
func (s *signaler) awaitSignals() error {
	s.running.Wait()
	if s.failed > 0 {
		return fmt.Errorf("%d learners could not be signaled, the first because of: %w", s.failed, s.first)
	}
	return nil
}
