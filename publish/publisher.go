package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/narrate"
	"homeroom/rules"
	"homeroom/store"
)

// Options are what a publisher needs. All but those with a default are required.
type Options struct {
	Store          *store.Store
	Temporal       Temporal
	Starter        Starter
	Learners       Learners         // who is known; nil: only those with a workflow are swept
	Now            func() time.Time // the learners' time
	Real           func() time.Time // the machine's time, by which a publication is dated
	InstanceWait   time.Duration    // how long, in real time, to wait for the instances; default 30s
	VisibilityWait time.Duration    // how long, in real time, to wait for Temporal's visibility; default 5s
	PerSecond      float64          // learners signaled in a second, on average; default 200
	Random         func() float64   // jitter, in [0, 1)
	// Progress hears how far it is. May be nil.
	Progress func(Progress)
}

// Progress is how far a publication has come.
type Progress struct {
	Stage string      // for people: "waiting for host-12-ab to listen"
	Swept SweepCounts // while sweeping
}

// Publisher puts revisions in force.
type Publisher struct{ opts Options }

// New returns a publisher.
func New(o Options) *Publisher {
	if o.InstanceWait == 0 {
		o.InstanceWait = 30 * time.Second
	}
	if o.VisibilityWait == 0 {
		o.VisibilityWait = 5 * time.Second
	}
	if o.PerSecond == 0 {
		o.PerSecond = 200
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return &Publisher{opts: o}
}

// Plan is a publication before it happens.
type Plan struct {
	Academy   *rules.Academy
	RunPolicy engine.RunPolicy
	Change    Change
	// Touched are the rules whose live runs it may touch, those of earlier revisions among them.
	Touched []string
	// From is the pointer that the plan was made for: if another one is there by then, it is not published.
	From store.Pointer
}

// Prepare compares a folder with what is in force. A folder that is in force already is compared with what it replaced, so that its sweep can be
// repeated.
func (p *Publisher) Prepare(ctx context.Context, academy *rules.Academy, policy engine.RunPolicy) (*Plan, error) {
	current, err := p.opts.Store.Rulesets.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which ruleset is in force: %w", err)
	}
	plan := &Plan{Academy: academy, RunPolicy: policy, From: current}
	before := current.Hash
	if before == academy.Ruleset.Hash {
		before = current.Replaced
	}
	old, err := p.Academy(ctx, before)
	if err != nil {
		return nil, err
	}
	plan.Change = Compare(old, academy)
	all := plan.Change
	if policy != engine.RunPolicyFinish {
		history, err := p.opts.Store.Rulesets.Publications(ctx)
		if err != nil {
			return nil, err
		}
		compared := map[string]bool{"": true, before: true, academy.Ruleset.Hash: true}
		for _, was := range history {
			if compared[was.Hash] {
				continue
			}
			compared[was.Hash] = true
			older, err := p.Academy(ctx, was.Hash)
			if err != nil {
				return nil, err
			}
			if older != nil {
				all = all.withOlder(Compare(older, academy))
			}
		}
	}
	plan.Touched = all.Touched(policy)
	return plan, nil
}

// PrepareAgain returns the plan of the publication that is in force, to sweep for it once more.
func (p *Publisher) PrepareAgain(ctx context.Context) (*Plan, error) {
	current, err := p.opts.Store.Rulesets.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which ruleset is in force: %w", err)
	}
	if current.Hash == "" {
		return nil, errors.New("no rules are in force yet")
	}
	academy, err := p.Academy(ctx, current.Hash)
	if err != nil {
		return nil, err
	}
	if academy == nil {
		return nil, fmt.Errorf("the ruleset in force, %s, does not compile here: use the version of Homeroom of the processes that decide and send", current.Hash)
	}
	policy := engine.RunPolicy(current.RunPolicy)
	if policy == "" {
		policy = engine.RunPolicyFinish
	}
	return p.Prepare(ctx, academy, policy)
}

// Academy compiles a stored revision; nil without an error if it is not there, is damaged or does not compile.
func (p *Publisher) Academy(ctx context.Context, hash string) (*rules.Academy, error) {
	if hash == "" {
		return nil, nil
	}
	bundle, err := p.opts.Store.Rulesets.Get(ctx, hash)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	academy, problems := rules.FromBundle(bundle.Files)
	if problems.Err() != nil {
		return nil, nil
	}
	return academy, nil
}

// InForce reports whether the plan's folder was in force already when the plan was made.
func (p *Plan) InForce() bool { return p.From.Hash == p.Academy.Ruleset.Hash }

// Publish stores the revision, has every live instance compile it and listen for its events, puts it in force, and waits
// until all of them run it. An error before it is in force changes nothing. If somebody else published since
// the plan was made the error is [store.ErrPublishedMeanwhile]; a plan whose folder was in force already puts nothing in force and does not
// notice.
func (p *Publisher) Publish(ctx context.Context, plan *Plan, author, note string) (store.Pointer, error) {
	hash := plan.Academy.Ruleset.Hash
	sets := p.opts.Store.Rulesets
	at := p.opts.Real().UTC()
	if err := sets.Put(ctx, store.Bundle{Hash: hash, Files: plan.Academy.Files, Author: author, Note: note, At: at}); err != nil {
		return store.Pointer{}, fmt.Errorf("storing the ruleset: %w", err)
	}
	storeTime, err := sets.Propose(ctx, store.Proposal{Hash: hash, Author: author})
	if err != nil {
		return store.Pointer{}, err
	}
	began := p.opts.Real()
	now := func() time.Time { return storeTime.Add(p.opts.Real().Sub(began)) }
	// Before the first publication no instance has rules to listen with: every event waits in the stream.
	listens := func(i store.Instance) bool { return plan.From.Hash == "" || slices.Contains(i.Listens, hash) }
	if err := p.awaitInstances(ctx, now, hash, "listen for it", listens); err != nil {
		return store.Pointer{}, fmt.Errorf("nothing was put in force: %w", err)
	}
	next := plan.From
	if !plan.InForce() {
		p.opts.Progress(Progress{Stage: "putting it in force"})
		next = store.Pointer{
			Number:    plan.From.Number + 1,
			Hash:      hash,
			Author:    author,
			Note:      note,
			At:        at,
			Replaced:  plan.From.Hash,
			RunPolicy: string(plan.RunPolicy),
			Revision:  plan.From.Revision,
		}
		if next, err = sets.SetCurrent(ctx, next); err != nil {
			return store.Pointer{}, err
		}
	}
	// If somebody has published again, the instances run a later publication.
	runs := func(i store.Instance) bool {
		return i.Number > next.Number || i.Number == next.Number && i.Running == hash
	}
	if err := p.awaitInstances(ctx, now, hash, "run it", runs); err != nil {
		return next, fmt.Errorf("%s is in force, but learners who sleep were not signaled: %w; then run `homeroom rules sweep`", narrate.ShortHash(hash), err)
	}
	return next, nil
}

// pollInterval is the pause between two looks at the instances.
const pollInterval = 100 * time.Millisecond

// awaitInstances waits until ready is true of every live instance. what says for people what they should do.
func (p *Publisher) awaitInstances(ctx context.Context, now func() time.Time, hash, what string, ready func(store.Instance) bool) error {
	until := p.opts.Real().Add(p.opts.InstanceWait)
	for {
		instances, err := p.opts.Store.Control.ReadInstances(ctx)
		if err != nil {
			return err
		}
		var missing []string
		for _, i := range instances {
			if problem, refused := i.Refused[hash]; refused && i.Live(now()) {
				return fmt.Errorf("the ruleset does not compile on %s, which may be another version of Homeroom: %s", i.Name, problem)
			}
			if i.Live(now()) && !ready(i) {
				missing = append(missing, i.Name)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		names := strings.Join(missing, ", ")
		if p.opts.Real().After(until) {
			return fmt.Errorf("after %s these instances do not %s yet: %s; look at their logs, or stop them and try again in %s",
				p.opts.InstanceWait, what, names, store.InstanceTTL)
		}
		p.opts.Progress(Progress{Stage: fmt.Sprintf("waiting for %s to %s", names, what)})
		if err := clock.Sleep(ctx, pollInterval); err != nil {
			return err
		}
	}
}
