package app

import (
	"context"
	"fmt"
	"time"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/internal/links"
	"homeroom/store"
	"homeroom/telemetry"
	"homeroom/triggers"
	"homeroom/worker"
)

// wireRoles builds what the process's roles need.
func (a *App) wireRoles(ctx context.Context, o Options) error {
	revs := newRevisions(a.store.Rulesets, o.Log, o.Clock.Now)
	a.revisions = revs
	var err error
	if a.folder, err = newFolder(ctx, a.store, revs, o); err != nil {
		return err
	}
	if err := revs.refreshRules(ctx); err != nil {
		return fmt.Errorf("loading the rules in force: %w", err)
	}
	outward, err := links.New(o.PublicURL, o.Secrets...)
	if err != nil {
		return err
	}
	if a.hasRole(RoleEdge) {
		if a.edge, a.flushEdge, err = newEdge(a.store, revs, outward, a.installationID(), o); err != nil {
			return err
		}
		a.edgeListener = o.Edge.Listener
	}
	if a.hasRole(RoleAPI) {
		if a.api, err = newAPIServer(ctx, revs, o); err != nil {
			return err
		}
	}
	if a.hasRole(RoleWorker) {
		if a.worker, err = a.newWorker(revs, outward, o); err != nil {
			return err
		}
	}
	if a.hasRole(RoleTriggers) {
		if a.triggers, err = a.newTriggers(revs, o); err != nil {
			return err
		}
		a.broadcastWorker = a.newBroadcastWorker(revs, o)
	}
	a.registerSources(o)
	return nil
}

func (a *App) newWorker(revs *revisions, outward *links.Links, o Options) (*worker.Worker, error) {
	deliverer, err := newDeliverer(a.store, revs, outward, o)
	if err != nil {
		return nil, err
	}
	a.refusals = deliverer.Refusals
	if o.SuppressionLists != nil {
		a.listLook = a.newListLook(o)
	}
	decisions := o.Telemetry.Publisher(a.store.Decisions)
	decide := activities.NewDecide(activities.Options{
		Profiles:    a.store.Profiles,
		Standings:   a.store.Standings,
		Paths:       a.store.Paths,
		Weights:     a.store.Weights,
		Rulesets:    revs,
		Watermarks:  a.store.Control,
		Clock:       o.Clock,
		Grace:       o.Grace,
		RestAfter:   o.RestAfter,
		RetireAfter: o.RetireAfter,
		Retired:     a.store.Retired,
		Prompt:      o.Prompt,
		Rewinds:     a.store.Control,
		Decisions:   decisions,
		Step:        observeSteps(o.OnStep, o.Telemetry.Step(engine.Step)),
	})
	a.rewinds = decide.CountRewinds
	return worker.New(o.Temporal, worker.Options{
		Decide: decide,
		Deliver: &activities.Deliver{
			Deliverer: o.Telemetry.Deliverer(deliverer),
			Decisions: decisions,
		},
		PublishDecisions: &activities.PublishDecisions{Decisions: decisions},
		AdaptSplits:      a.newAdaptSplits(revs, o),
		DecideStaff: &activities.DecideStaff{
			Rulesets: revs,
			Ledger:   a.store.Sends,
			Clock:    o.Clock,
		},
		DeliveriesPerSecond: o.DeliveriesPerSecond,
		OnFatal:             func(err error) { a.reportFailure(fmt.Errorf("the Temporal worker gave up: %w", err)) },
	})
}

// observeSteps calls onStep before each step, unless it is nil.
func observeSteps(onStep func([]engine.Input, time.Time), step telemetry.StepFunc) telemetry.StepFunc {
	if onStep == nil {
		return step
	}
	return func(env engine.Env, state engine.State, inputs []engine.Input, now time.Time) engine.Result {
		onStep(inputs, now)
		return step(env, state, inputs, now)
	}
}

func (a *App) newTriggers(revs *revisions, o Options) (*triggers.Triggers, error) {
	return triggers.New(triggers.Options{
		JS:              o.JetStream,
		Clock:           o.Clock,
		Catalog:         revs.catalogInForce,
		Ruleset:         revs.interestInForce,
		Starter:         o.Telemetry.Starter(starter{worker.NewStarter(o.Temporal)}),
		Standings:       a.store.Standings,
		Paths:           a.store.Paths,
		Profiles:        a.store.Profiles,
		Watermarks:      a.store.Control,
		Rewinds:         a.store.Control,
		SetAsides:       a.store.Control,
		Broadcasts:      broadcasts{o.Temporal},
		Merges:          merges{a.store, worker.NewMerger(o.Temporal), o.Clock},
		Staff:           staffStarter{o.Temporal},
		Log:             o.Log,
		SetAsideAfter:   o.SetAsideAfter,
		AckWait:         o.AckWait,
		WatermarkEvery:  o.MarkEvery,
		WatermarkMargin: o.MarkMargin,
	})
}

// registerSources tells the metrics where their values come from.
func (a *App) registerSources(o Options) {
	s := telemetry.Sources{
		SetAside: func() int { return len(a.store.Control.SetAside()) },
		Disagreements: func() map[string]int {
			counts := map[string]int{}
			for _, d := range store.Disagreements(a.store.Control.Instances(), time.Now()) {
				counts[d.What]++
			}
			return counts
		},
		MissingRights: a.rights.reportRoles,
		Watermark:     a.store.Control.Watermark,
		Paused:        func() bool { return a.store.Control.LastKnownPause().Paused },
		JS:            o.JetStream,
		Ruleset: func() (hash string, number int, refused bool) {
			swap := a.Swap()
			f := a.revisions.inForce.Load()
			if f == nil {
				return "", 0, false
			}
			return f.academy.Ruleset.Hash, swap.Number, swap.Outcome == store.SwapRefused
		},
	}
	if a.hasRole(RoleWorker) {
		s.Failing = func(ctx context.Context) (int, error) { return worker.CountFailing(ctx, o.Temporal) }
	}
	s.Rewinds = a.rewinds
	if a.refusals != nil {
		s.Refused = func() map[string]bool {
			refused := map[string]bool{}
			for _, channel := range engine.Channels() {
				refused[channel.Name] = false
			}
			for _, r := range a.refusals() {
				refused[r.Channel] = true
			}
			return refused
		}
	}
	if a.listLook != nil {
		s.ListLook = a.listLook
	}
	if a.hasRole(RoleTriggers) {
		s.Events = a.triggers.Stats
		s.DeadBy = a.triggers.DeadBy
	}
	o.Telemetry.Watch(s)
}

// newAdaptSplits returns what works the weights of adaptive splits out.
func (a *App) newAdaptSplits(revs *revisions, o Options) *activities.AdaptSplits {
	return &activities.AdaptSplits{
		Rulesets: revs,
		Clock:    o.Clock,
		Outcomes: splitOutcomes{
			js:      o.JetStream,
			weights: a.store.Weights,
		},
	}
}
