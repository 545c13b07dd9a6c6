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
	"homeroom/sources"
	"homeroom/store"
)

// maxListened is how many revisions triggers listen for: as many publications as the store remembers.
const maxListened = 64

// revisions returns compiled revisions: the one in force, and those that live runs started with. It follows the store;
// see follow.go.
type revisions struct {
	store   *store.Rulesets
	log     *slog.Logger
	now     func() time.Time
	inForce atomic.Pointer[rulesInForce] // nil: nothing is in force yet

	mu     sync.Mutex
	byHash map[string]compiled
	swap   Swap
}

// rulesInForce is what one swap puts in force, all at once.
type rulesInForce struct {
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

// refreshRules reads from the store what is in force and what is proposed, and uses it. Everything that can fail comes first; then
// the current rules and the interest change together. A revision that does not compile is recorded and not used.
func (r *revisions) refreshRules(ctx context.Context) error {
	r.forgetDamaged()
	published, err := r.store.Publications(ctx)
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
	current, err := r.chooseCurrent(ctx, published)
	if err != nil {
		return err
	}
	if current == nil {
		r.noteSwap(wanted, store.SwapRefused)
		return errors.New("none of the published rulesets can be read and compiled: publish one that does")
	}
	var others []string
	for _, p := range slices.Backward(proposed) {
		others = append(others, p.Hash)
	}
	for _, p := range slices.Backward(published) {
		others = append(others, p.Hash)
	}
	next, err := r.combineRules(ctx, current, others)
	if err != nil {
		return err
	}
	r.inForce.Store(next)
	outcome := store.SwapDone
	if current.Ruleset.Hash != wanted.Hash {
		outcome = store.SwapRefused
	}
	r.noteSwap(wanted, outcome)
	return nil
}

// forgetDamaged has damaged revisions read again: they may be mended.
func (r *revisions) forgetDamaged() {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.byHash, func(_ string, c compiled) bool { return c.damaged })
}

// chooseCurrent compiles the published revision. If it does not compile, it returns the one in use, or, after a start, the newest
// earlier one that compiles; nil if there is none.
func (r *revisions) chooseCurrent(ctx context.Context, published []store.Pointer) (*rules.Academy, error) {
	for i, p := range slices.Backward(published) {
		academy, err := r.loadAcademy(ctx, p.Hash)
		if err != nil || academy != nil {
			return academy, err
		}
		if f := r.inForce.Load(); f != nil && i == len(published)-1 {
			return f.academy, nil
		}
	}
	return nil, nil
}

// combineRules returns what is to be put in force: the current revision, and an interest that covers the other revisions too.
func (r *revisions) combineRules(ctx context.Context, current *rules.Academy, others []string) (*rulesInForce, error) {
	next := &rulesInForce{academy: current, listens: []string{current.Ruleset.Hash}}
	heard := map[string]bool{}
	for _, rule := range current.Ruleset.Rules {
		heard[rule.Hash] = true
	}
	var older []*engine.Ruleset
	for _, hash := range others {
		if slices.Contains(next.listens, hash) || len(next.listens) == maxListened {
			continue
		}
		academy, err := r.loadAcademy(ctx, hash)
		if err != nil {
			return nil, err
		}
		if academy != nil {
			next.listens = append(next.listens, hash)
			older = append(older, withoutKnownRules(academy.Ruleset, heard))
		}
	}
	next.interest = engine.Interest(current.Ruleset, older...)
	return next, nil
}

// withoutKnownRules returns the ruleset without the rules whose hash is in heard, and adds the rest to heard. It keeps the interest
// small: every event is compared with all its rules.
func withoutKnownRules(rs *engine.Ruleset, heard map[string]bool) *engine.Ruleset {
	rest := *rs
	rest.Rules = slices.DeleteFunc(slices.Clone(rs.Rules), func(rule *engine.Rule) bool {
		known := rule.Hash != "" && heard[rule.Hash]
		heard[rule.Hash] = true
		return known
	})
	return &rest
}

// noteSwap records how the last swap ended, and logs it if it ended otherwise than the one before.
func (r *revisions) noteSwap(wanted store.Pointer, outcome store.SwapOutcome) {
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

// lastSwap returns the last swap.
func (r *revisions) lastSwap() Swap {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.swap
}

// refusedRevisions returns the revisions that do not compile, with the reasons.
func (r *revisions) refusedRevisions() map[string]string {
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

// loadAcademy returns a revision; nil without an error if it is lost or does not compile.
func (r *revisions) loadAcademy(ctx context.Context, hash string) (*rules.Academy, error) {
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
	f := r.inForce.Load()
	if f == nil {
		return nil, errNothing
	}
	return f.academy.Ruleset, nil
}

// Revision implements activities.Rulesets.
func (r *revisions) Revision(ctx context.Context, hash string) (*engine.Ruleset, error) {
	academy, err := r.loadAcademy(ctx, hash)
	if err != nil || academy == nil {
		return nil, err
	}
	return academy.Ruleset, nil
}

// loadEdition returns what delivery needs of a revision to compose its messages. The error wraps [delivery.ErrRevisionLost] if
// the revision is lost or does not compile.
func (r *revisions) loadEdition(ctx context.Context, hash string) (delivery.Edition, error) {
	academy, err := r.loadAcademy(ctx, hash)
	if err != nil {
		return delivery.Edition{}, err
	}
	if academy == nil {
		return delivery.Edition{}, delivery.ErrRevisionLost
	}
	return delivery.Edition{Library: academy.Library, Courses: academy.Courses}, nil
}

// interestInForce is what triggers listen for; nil: not known yet.
func (r *revisions) interestInForce() *engine.Ruleset {
	if f := r.inForce.Load(); f != nil {
		return f.interest
	}
	return nil
}

// sourcesInForce returns the sources of the academy in force; nil: none.
func (r *revisions) sourcesInForce() *sources.Set {
	if f := r.inForce.Load(); f != nil {
		return f.academy.Sources
	}
	return nil
}

func (r *revisions) catalogInForce() *catalog.Catalog {
	if f := r.inForce.Load(); f != nil {
		return f.academy.Catalog
	}
	return nil
}
