package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/worker"
)

// folder is the academy that a process was started with, when the rules in force are others.
type folder struct {
	academy   *rules.Academy
	author    string
	publisher *publish.Publisher
}

// startNote is the note of a publication by a start.
const startNote = "homeroom serve"

// newFolder puts the academy in force at once if nothing is. It returns nil unless the academy is to be published when
// everything runs.
func newFolder(ctx context.Context, st *store.Store, revs *revisions, o Options) (*folder, error) {
	if o.Academy == nil {
		return nil, nil
	}
	hash := o.Academy.Ruleset.Hash
	revs.byHash[hash] = compiled{academy: o.Academy}
	current, err := st.Rulesets.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which ruleset is in force: %w", err)
	}
	if current.Hash == "" {
		return nil, putFirst(ctx, st, o)
	}
	if current.Hash == hash || o.OnStart == PublishNever {
		return nil, nil
	}
	if o.OnStart != PublishAlways {
		history, err := st.Rulesets.Publications(ctx)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(history, func(p store.Pointer) bool { return p.Hash == hash }) {
			o.Log.Warn("the academy was in force before and another one has been published since, which stays; to go back, use homeroom rules rollback",
				"academy", hash, "in_force", current.Hash, "by", current.Author)
			return nil, nil
		}
	}
	return &folder{
		academy: o.Academy,
		author:  o.Author,
		publisher: publish.New(publish.Options{
			Store:    st,
			Temporal: o.Temporal,
			Starter:  worker.NewStarter(o.Temporal),
			Learners: publish.StreamLearners{JS: o.JetStream},
			Now:      o.Clock.Now,
			Real:     time.Now,
			Random:   rand.Float64,
		}),
	}, nil
}

// putFirst puts the first academy in force: there is nobody yet whom it could reach.
func putFirst(ctx context.Context, st *store.Store, o Options) error {
	now := time.Now().UTC() // what people do is dated by the machine's clock
	hash := o.Academy.Ruleset.Hash
	if err := st.Rulesets.Put(ctx, store.Bundle{Hash: hash, Files: o.Academy.Files, Author: o.Author, Note: startNote, At: now}); err != nil {
		return fmt.Errorf("storing the ruleset: %w", err)
	}
	first := store.Pointer{Number: 1, Hash: hash, Author: o.Author, At: now, Note: startNote, RunPolicy: string(engine.RunPolicyFinish)}
	if _, err := st.Rulesets.SetCurrent(ctx, first); err != nil && !errors.Is(err, store.ErrPublishedMeanwhile) {
		return fmt.Errorf("putting the ruleset in force: %w", err)
	}
	return nil
}

// putInForce publishes the folder. What keeps it from being published now, an instance of an older version perhaps, may
// be gone soon: so it is tried again, and meanwhile the rules in force stay.
func (a *App) putInForce(ctx context.Context) {
	plan, done := a.publishFolder(ctx)
	a.background.Go(func() {
		for !done {
			select {
			case <-a.live.Done():
				return
			case <-time.After(store.InstanceTTL):
			}
			plan, done = a.publishFolder(a.live)
		}
		if plan == nil {
			return
		}
		swept, err := a.folder.publisher.Sweep(a.live, plan)
		if err != nil && a.live.Err() == nil {
			a.log.Error("reaching learners who sleep", "error", err)
			return
		}
		a.log.Info("learners who sleep have been reached", "affected", swept.LiveRuns, "woken", swept.Woken)
	})
}

// publishFolder tries once. Done without a plan means that somebody else published meanwhile.
func (a *App) publishFolder(ctx context.Context) (plan *publish.Plan, done bool) {
	plan, err := a.folder.publisher.Prepare(ctx, a.folder.academy, engine.RunPolicyFinish)
	if err == nil {
		_, err = a.folder.publisher.Publish(ctx, plan, a.folder.author, startNote)
	}
	switch {
	case errors.Is(err, store.ErrPublishedMeanwhile):
		a.log.Warn("another academy was put in force meanwhile; it stays", "academy", a.folder.academy.Ruleset.Hash)
		return nil, true
	case err != nil:
		if ctx.Err() == nil {
			a.log.Error("the academy could not be put in force; trying again, and the rules in force stay meanwhile", "error", err)
		}
		return nil, false
	}
	return plan, true
}
