package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"homeroom/catalog"
	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/store"
)

// maxListened is how many revisions triggers listen for: as many publications as the store remembers.
const maxListened = 64

// revisions hands out compiled revisions: the one in force, and those that live runs started with. It follows the store;
// see follow.go.
type revisions struct {
	store *store.Rulesets
	log   *slog.Logger
	now   func() time.Time
	force atomic.Pointer[force] // nil: nothing is in force yet

	mu     sync.Mutex
	byHash map[string]compiled
	swap   Swap
}

// force is what one swap puts in force, all at once.
type force struct {
	academy  *rules.Academy
	interest *engine.Ruleset
	listens  []string // the hashes behind interest
}

// compiled is a revision, or why it is none.
type compiled struct {
	academy *rules.Academy
	problem error
	damaged bool // what the store holds cannot be read; looked at again when something is published
}

// Swap describes the last attempt to use another revision.
type Swap struct {
	Number  int               // of the publication
	Ruleset string            // the hash of the revision that was published
	Outcome store.SwapOutcome // how it ended
	Problem string            // why it was refused
	At      time.Time         // in Homeroom's time
}

func newRevisions(st *store.Rulesets, log *slog.Logger, now func() time.Time) *revisions {
	return &revisions{store: st, log: log, now: now, byHash: map[string]compiled{}, swap: Swap{Outcome: store.SwapNone}}
}

// refresh takes over what the store says is in force and what is proposed. All that can fail comes first; then current
// rules and interest change in one stroke. A revision that does not compile is noted and left alone.
func (r *revisions) refresh(ctx context.Context) error {
	r.forgetDamaged()
	published, err := r.store.History(ctx)
	if err != nil {
		return err
	}
	if err := r.store.CheckNewest(ctx); errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrNewer) {
		r.log.Error("the newest publication cannot be read; the newest one that can is in force: publish its folder again", "error", err)
	}
	if len(published) == 0 {
		return nil
	}
	proposed, err := r.store.Proposed(ctx)
	if err != nil {
		return err
	}
	wanted := published[len(published)-1]
	current, err := r.choose(ctx, published)
	if err != nil {
		return err
	}
	if current == nil {
		r.note(wanted, store.SwapRefused)
		return errors.New("none of the published rulesets can be read and compiled: publish one that does")
	}
	var others []string
	for _, p := range slices.Backward(proposed) {
		others = append(others, p.Hash)
	}
	for _, p := range slices.Backward(published) {
		others = append(others, p.Hash)
	}
	next, err := r.enlist(ctx, current, others)
	if err != nil {
		return err
	}
	r.force.Store(next)
	outcome := store.SwapDone
	if current.Ruleset.Hash != wanted.Hash {
		outcome = store.SwapRefused
	}
	r.note(wanted, outcome)
	return nil
}

// forgetDamaged has damaged revisions read again: they may be mended.
func (r *revisions) forgetDamaged() {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.byHash, func(_ string, c compiled) bool { return c.damaged })
}

// choose compiles the revision in force. Should it not compile, the present one stays; after a start that is the newest
// one before it that does.
func (r *revisions) choose(ctx context.Context, published []store.Pointer) (*rules.Academy, error) {
	for i, p := range slices.Backward(published) {
		academy, err := r.academy(ctx, p.Hash)
		if err != nil || academy != nil {
			return academy, err
		}
		if f := r.force.Load(); f != nil && i == len(published)-1 {
			return f.academy, nil
		}
	}
	return nil, nil
}

// enlist makes what is to be put in force: the current revision, and an interest that covers the others too.
func (r *revisions) enlist(ctx context.Context, current *rules.Academy, others []string) (*force, error) {
	next := &force{academy: current, listens: []string{current.Ruleset.Hash}}
	heard := map[string]bool{}
	for _, rule := range current.Ruleset.Rules {
		heard[rule.Hash] = true
	}
	var older []*engine.Ruleset
	for _, hash := range others {
		if slices.Contains(next.listens, hash) || len(next.listens) == maxListened {
			continue
		}
		academy, err := r.academy(ctx, hash)
		if err != nil {
			return nil, err
		}
		if academy != nil {
			next.listens = append(next.listens, hash)
			older = append(older, unheard(academy.Ruleset, heard))
		}
	}
	next.interest = engine.Interest(current.Ruleset, older...)
	return next, nil
}

// unheard is the ruleset without the rules that are listened for already: every event is held against all that stay.
func unheard(rs *engine.Ruleset, heard map[string]bool) *engine.Ruleset {
	rest := *rs
	rest.Rules = slices.DeleteFunc(slices.Clone(rs.Rules), func(rule *engine.Rule) bool {
		known := rule.Hash != "" && heard[rule.Hash]
		heard[rule.Hash] = true
		return known
	})
	return &rest
}

// note remembers how the last change ended, and says so if it is news.
func (r *revisions) note(wanted store.Pointer, outcome store.SwapOutcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.swap.Number == wanted.Number && r.swap.Ruleset == wanted.Hash && r.swap.Outcome == outcome {
		return
	}
	r.swap = Swap{Number: wanted.Number, Ruleset: wanted.Hash, Outcome: outcome, At: r.now().UTC()}
	if outcome == store.SwapRefused {
		problem := r.byHash[wanted.Hash].problem
		if problem == nil {
			problem = errUnreadable
		}
		r.swap.Problem = problem.Error()
		r.log.Error("the published ruleset cannot be used here; the one before stays", "ruleset", wanted.Hash, "error", problem)
		return
	}
	r.log.Info("rules are in force", "ruleset", wanted.Hash, "number", wanted.Number, "author", wanted.Author)
}

// errUnreadable is why a revision is not used that is no longer in the store, or damaged there.
var errUnreadable = errors.New("it is missing in the store, or damaged there: publish its folder again")

// lastSwap returns the last change.
func (r *revisions) lastSwap() Swap {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.swap
}

// refused are the revisions that do not compile, with the reason.
func (r *revisions) refused() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	problems := map[string]string{}
	for hash, c := range r.byHash {
		if c.problem != nil {
			problems[hash] = c.problem.Error()
		}
	}
	return problems
}

// academy returns a revision; nil without an error if it is lost or does not compile.
func (r *revisions) academy(ctx context.Context, hash string) (*rules.Academy, error) {
	r.mu.Lock()
	known, ok := r.byHash[hash]
	r.mu.Unlock()
	if ok {
		return known.academy, nil
	}
	bundle, err := r.store.Get(ctx, hash)
	if errors.Is(err, store.ErrDamaged) {
		r.log.Error("a stored ruleset is damaged; runs that started with it end: publish its folder again", "ruleset", hash, "error", err)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.byHash[hash] = compiled{damaged: true}
		return nil, nil
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading ruleset %s: %w", hash, err)
	}
	academy, problems := rules.FromBundle(bundle.Files)
	c := compiled{academy: academy, problem: problems.Err()}
	if c.problem != nil {
		r.log.Error("a stored ruleset does not compile; runs that started with it end", "ruleset", hash, "error", c.problem)
		c.academy = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byHash[hash] = c
	return c.academy, nil
}

// errNothing asks the caller to come again: before the first publication everything waits.
var errNothing = errors.New("no rules are in force yet: publish a folder with `homeroom rules publish`, or give `homeroom serve` one")

// Current implements activities.Rulesets.
func (r *revisions) Current(context.Context) (*engine.Ruleset, error) {
	f := r.force.Load()
	if f == nil {
		return nil, errNothing
	}
	return f.academy.Ruleset, nil
}

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

// wanted is what triggers listen for; nil: not known yet.
func (r *revisions) wanted() *engine.Ruleset {
	if f := r.force.Load(); f != nil {
		return f.interest
	}
	return nil
}

func (r *revisions) catalogue() *catalog.Catalog {
	if f := r.force.Load(); f != nil {
		return f.academy.Catalog
	}
	return nil
}
