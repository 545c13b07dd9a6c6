package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"homeroom/catalog"
	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/store"
)

// maxOlder is how many older revisions triggers keep listening for.
const maxOlder = 20

// revisions hands out compiled revisions: the current one, and those that live runs started with.
type revisions struct {
	store    *store.Rulesets
	log      *slog.Logger
	current  *rules.Academy
	interest *engine.Ruleset

	mu     sync.Mutex
	byHash map[string]*rules.Academy // nil: stored, but it no longer compiles
}

// publish stores the academy as a revision, makes it the current one, and loads the older ones.
func publish(ctx context.Context, st *store.Store, academy *rules.Academy, o Options) (*revisions, error) {
	now := o.Clock.Now().UTC()
	hash := academy.Ruleset.Hash
	err := st.Rulesets.Put(ctx, store.Bundle{Hash: hash, Files: academy.Files, Author: o.Author, At: now})
	if err != nil {
		return nil, fmt.Errorf("storing the ruleset: %w", err)
	}
	pointer, err := st.Rulesets.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which ruleset is in force: %w", err)
	}
	if pointer.Hash != hash {
		pointer.Hash, pointer.Author, pointer.At, pointer.Note = hash, o.Author, now, "homeroom serve"
		if _, err := st.Rulesets.SetCurrent(ctx, pointer); err != nil {
			return nil, fmt.Errorf("putting the ruleset in force: %w", err)
		}
	}
	r := &revisions{store: st.Rulesets, log: o.Log, current: academy, byHash: map[string]*rules.Academy{hash: academy}}
	older, err := r.older(ctx)
	if err != nil {
		return nil, err
	}
	r.interest = engine.Interest(academy.Ruleset, older...)
	return r, nil
}

// older loads the revisions before the current one, the newest first.
func (r *revisions) older(ctx context.Context) ([]*engine.Ruleset, error) {
	hashes, err := r.store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the stored rulesets: %w", err)
	}
	var bundles []store.Bundle
	for _, hash := range hashes {
		bundle, err := r.store.Get(ctx, hash)
		if err != nil {
			return nil, fmt.Errorf("reading ruleset %s: %w", hash, err)
		}
		bundles = append(bundles, bundle)
	}
	slices.SortFunc(bundles, func(a, b store.Bundle) int { return b.At.Compare(a.At) })
	var older []*engine.Ruleset
	for _, bundle := range bundles[:min(len(bundles), maxOlder+1)] {
		academy, err := r.academy(ctx, bundle.Hash)
		if err != nil {
			return nil, err
		}
		if academy != nil && bundle.Hash != r.current.Ruleset.Hash {
			older = append(older, academy.Ruleset)
		}
	}
	return older, nil
}

// academy returns a revision; nil without an error if it is lost or no longer compiles.
func (r *revisions) academy(ctx context.Context, hash string) (*rules.Academy, error) {
	r.mu.Lock()
	academy, known := r.byHash[hash]
	r.mu.Unlock()
	if known {
		return academy, nil
	}
	bundle, err := r.store.Get(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading ruleset %s: %w", hash, err)
	}
	academy, problems := rules.FromBundle(bundle.Files)
	if err := problems.Err(); err != nil {
		r.log.Error("a stored ruleset no longer compiles; runs that started with it end", "ruleset", hash, "error", err)
		academy = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byHash[hash] = academy
	return academy, nil
}

// Current implements activities.Rulesets.
func (r *revisions) Current(context.Context) (*engine.Ruleset, error) { return r.current.Ruleset, nil }

// Revision implements activities.Rulesets.
func (r *revisions) Revision(ctx context.Context, hash string) (*engine.Ruleset, error) {
	academy, err := r.academy(ctx, hash)
	if err != nil || academy == nil {
		return nil, err
	}
	return academy.Ruleset, nil
}

// edition is what the messages of a revision need, for delivery.
func (r *revisions) edition(ctx context.Context, hash string) (delivery.Edition, error) {
	academy, err := r.academy(ctx, hash)
	if err != nil {
		return delivery.Edition{}, err
	}
	if academy == nil {
		return delivery.Edition{}, delivery.ErrRevisionLost
	}
	return delivery.Edition{Library: academy.Library, Courses: academy.Courses}, nil
}

func (r *revisions) wanted() *engine.Ruleset     { return r.interest }
func (r *revisions) catalogue() *catalog.Catalog { return r.current.Catalog }
