package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
	"homeroom/experiment"
	"homeroom/internal/clock"
	"homeroom/report"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/workflows"
)

const (
	// adaptEvery is how often the weights of adaptive splits are worked out anew, on the learners' clock, and adaptOffset is how long after midnight UTC.
	adaptEvery  = 24 * time.Hour
	adaptOffset = 3 * time.Hour
	// leastAdaptEvery is the shortest time between two of them, in real time, because in time-lapse adaptEvery is very short.
	leastAdaptEvery = time.Second
)

// splitOutcomes counts what came of the arms of splits from the decisions in the store, and keeps the weights there.
type splitOutcomes struct {
	js      jetstream.JetStream
	weights *store.Weights
}

// Count implements activities.SplitOutcomes.
func (s splitOutcomes) Count(ctx context.Context, rule, split string, arms []string, at time.Time) ([]experiment.Group, error) {
	outcomes := report.NewArmOutcomes(split)
	reader := store.StreamReader{JS: s.js, Directly: true}
	for _, kind := range []engine.Kind{engine.KindAssigned, engine.KindConverted} {
		if err := reader.ReadDecisions(ctx, subjects.DecisionsOfRule(rule, string(kind)), outcomes.Decision); err != nil {
			return nil, err
		}
	}
	return outcomes.Groups(arms, at), nil
}

// Add implements activities.SplitOutcomes.
func (s splitOutcomes) Add(ctx context.Context, next workflows.AdaptedSplit) (workflows.AdaptedSplit, error) {
	var arms []store.ArmWeight
	for _, arm := range next.Arms {
		arms = append(arms, store.ArmWeight(arm))
	}
	newest, err := s.weights.Add(ctx, next.Rule, next.Split, next.From, arms)
	if err != nil {
		return workflows.AdaptedSplit{}, err
	}
	next.Version = newest.Version
	next.From = newest.From
	next.Arms = nil
	for _, arm := range newest.Arms {
		next.Arms = append(next.Arms, workflows.AdaptedArm(arm))
	}
	return next, nil
}

// scheduleAdapting makes the schedule that works the weights of adaptive splits out anew, if a rule in force has such a split and there is no schedule yet. It stays when
// no split adapts any more: then it finds nothing to do.
func (a *App) scheduleAdapting(ctx context.Context) error {
	f := a.revisions.inForce.Load()
	if a.scheduled || !a.hasRole(RoleWorker) || f == nil || !hasAdaptiveSplit(f.academy.Ruleset) {
		return nil
	}
	if _, err := a.schedules.Create(ctx, adaptSchedule(a.clock)); err != nil && !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("making the Temporal schedule %s, by which the weights of splits adapt: %w", workflows.AdaptSchedule, err)
	}
	a.scheduled = true
	return nil
}

// hasAdaptiveSplit reports whether a rule has a split whose weights follow outcomes.
func hasAdaptiveSplit(rs *engine.Ruleset) bool {
	for _, rule := range rs.Rules {
		for i := range rule.Program {
			if sp := rule.Program[i].Split; sp != nil && sp.Adapt != nil {
				return true
			}
		}
	}
	return false
}

func adaptSchedule(c clock.Clock) client.ScheduleOptions {
	every := client.ScheduleIntervalSpec{Every: adaptEvery, Offset: adaptOffset}
	if !c.IsReal() {
		every = client.ScheduleIntervalSpec{Every: max(c.Wait(adaptEvery), leastAdaptEvery)}
	}
	return client.ScheduleOptions{
		ID:            workflows.AdaptSchedule,
		Spec:          client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{every}},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: time.Hour,
		Note:          "Works the weights of adaptive splits out anew, from what came of their arms.",
		Action: &client.ScheduleWorkflowAction{
			ID:                 workflows.AdaptSchedule,
			Workflow:           workflows.AdaptWorkflow,
			TaskQueue:          workflows.TaskQueue,
			WorkflowRunTimeout: 6 * time.Hour,
			StaticSummary:      "adaptive splits: the weights are worked out anew",
		},
	}
}
