package app

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/client"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/worker"
	"homeroom/workflows"
)

// allStandings reads standings for a broadcast.
type allStandings struct{ *store.Standings }

// Plan implements activities.AllStandings.
func (s allStandings) Plan(ctx context.Context, after uint64, parts int) (ranges []workflows.BroadcastRange, last uint64, total int, err error) {
	found, total, err := s.Ranges(ctx, after, parts)
	if err != nil {
		return nil, 0, 0, err
	}
	last = after
	for _, r := range found {
		last = max(last, r.Last)
		if r.First <= r.Last {
			ranges = append(ranges, workflows.BroadcastRange(r))
		}
	}
	return ranges, last, total, nil
}

// Scan implements activities.AllStandings.
func (s allStandings) Scan(ctx context.Context, r workflows.BroadcastRange, each func(activities.ScannedStanding) error) error {
	return s.Standings.Scan(ctx, store.StandingRange(r), func(one store.ScannedStanding) error {
		return each(activities.ScannedStanding(one))
	})
}

// audiences compiles conditions against the rules in force.
type audiences struct{ *revisions }

// CompileAudience implements activities.AudienceCompiler.
func (a audiences) CompileAudience(_ context.Context, event, condition string) (engine.Expr, error) {
	f := a.inForce.Load()
	if f == nil {
		return nil, errors.New("no rules are in force yet")
	}
	expr, problems := rules.CompileAudience(f.academy, event, condition)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("the condition of the audience: %w", err)
	}
	return expr, nil
}

// newBroadcastWorker returns what serves the activities of broadcasts. It reads all standings and hands events over, as the role triggers may.
func (a *App) newBroadcastWorker(revs *revisions, o Options) *worker.BroadcastWorker {
	return worker.NewBroadcastWorker(o.Temporal, &activities.Broadcast{
		Standings:   allStandings{a.store.Standings},
		Profiles:    a.store.Profiles,
		Rulesets:    revs,
		Starter:     worker.NewStarter(o.Temporal),
		Audiences:   audiences{revs},
		Clock:       o.Clock,
		PartitionOf: store.PartitionOf,
		IsOfLearner: func(err error) bool { return errors.Is(err, worker.ErrRunFull) || errors.Is(err, worker.ErrRefused) },
		Log:         o.Log,
	}, func(err error) { a.reportFailure(fmt.Errorf("the Temporal worker for broadcasts gave up: %w", err)) })
}

// broadcasts starts broadcasts of events that come by the stream.
type broadcasts struct{ client.Client }

// StartBroadcast implements triggers.Broadcasts.
func (b broadcasts) StartBroadcast(ctx context.Context, ev engine.Event) error {
	_, err := worker.StartBroadcast(ctx, b.Client, workflows.BroadcastInput{Event: ev})
	return err
}
