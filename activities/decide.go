package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/workflows"
)

// Profiles knows what the engine may know of a learner as a person. An unknown learner is the zero Profile.
type Profiles interface {
	Profile(ctx context.Context, learner string) (engine.Profile, error)
}

// Standings reads the pulled facts. An unknown learner is an empty Standing, never nil.
type Standings interface {
	Get(ctx context.Context, learner string) (*engine.Standing, error)
}

// Rulesets hands out compiled revisions. Both answer from memory where they can: every decision asks.
type Rulesets interface {
	Current(ctx context.Context) (*engine.Ruleset, error)
	// Revision returns nil and no error if the revision is lost for good; an error means "ask again".
	Revision(ctx context.Context, hash string) (*engine.Ruleset, error)
}

// Watermarks tells how far the triggers have handed over a partition of the stream, on the learners' clock. AwaitHandedOver waits
// until the mark has reached want, but no longer than wait (for real) or ctx lasts, and returns the mark as it is then.
// Zero: not known.
type Watermarks interface {
	AwaitHandedOver(ctx context.Context, partition int, want time.Time, wait time.Duration) time.Time
}

// Clock is the time Homeroom lives in.
type Clock interface {
	Now() time.Time
	Wait(virtual time.Duration) time.Duration // how long that takes for real
}

// The defaults of Options.
const (
	DefaultGrace       = time.Minute
	DefaultRestAfter   = 3 * 24 * time.Hour
	DefaultRetireAfter = 3 * 24 * time.Hour
	DefaultPatience    = 2 * time.Second
	DefaultSpread      = 5 * time.Second
)

// Options is what Decide needs.
type Options struct {
	Profiles   Profiles
	Standings  Standings
	Rulesets   Rulesets
	Watermarks Watermarks
	Clock      Clock
	Grace      time.Duration // on the learners' clock; 0: DefaultGrace
	RestAfter  time.Duration // on the learners' clock; 0: DefaultRestAfter, negative: never
	// RetireAfter is how long after the last thing that woke them learners for whom nothing is due retire, on the
	// learners' clock; 0: DefaultRetireAfter, negative: never. Who is put to rest before that retires out of rest.
	RetireAfter time.Duration
	Retired     Retired       // where they are kept; nil: nobody retires, and nobody comes back
	Patience    time.Duration // how long, for real, a wake-up waits for the stream; 0: DefaultPatience
	// Spread is over how long, for real, wake-ups are spread that many learners may have at one instant; 0:
	// DefaultSpread, negative: not at all. No more than a twelfth of Grace counts.
	Spread time.Duration
	// Decisions publishes what earlier decisions left untold; nil: only activities do.
	Decisions Publisher
	// Prompt publishes also at once that a run has started, was put off or has ended. Otherwise this is told by the learner's next
	// decision or delivery, which spares an activity.
	Prompt bool
	// Step decides; nil: engine.Step.
	Step func(engine.Env, engine.State, []engine.Input, time.Time) engine.Result
}

// Decide is the local activity that decides what follows for one learner.
type Decide struct{ o Options }

// NewDecide returns the activity.
func NewDecide(o Options) *Decide {
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	if o.RestAfter == 0 {
		o.RestAfter = DefaultRestAfter
	}
	if o.RetireAfter == 0 {
		o.RetireAfter = DefaultRetireAfter
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	if o.Spread == 0 {
		o.Spread = DefaultSpread
	}
	if o.Step == nil {
		o.Step = engine.Step
	}
	return &Decide{o: o}
}

// Run decides. Every error is worth trying again: a store that is away, or a state that only a newer worker can read.
func (d *Decide) Run(ctx context.Context, in workflows.DecideInput) (workflows.DecideResult, error) {
	if in.State.Version == 0 {
		var err error
		if in.State, err = d.begin(ctx, in.Learner); err != nil {
			return workflows.DecideResult{}, err
		}
	}
	state := in.State
	if state.Version > engine.StateVersion {
		return workflows.DecideResult{}, fmt.Errorf("learner %q: the state was written by a newer Homeroom (version %d, this worker knows %d): deploy the newer worker again", in.Learner, state.Version, engine.StateVersion)
	}
	env, err := d.env(ctx, in)
	if err != nil {
		return workflows.DecideResult{}, fmt.Errorf("deciding for learner %q: %w", in.Learner, err)
	}
	now := d.o.Clock.Now()
	if now.Before(state.Clock) { // another worker's clock was ahead
		now = state.Clock
	}
	res := d.o.Step(env, state, in.Inputs, now)
	var told []string
	if !slices.ContainsFunc(res.Effects, delivers) { // a delivery takes them along, and must not wait for it
		told = d.tell(ctx, in.Untold)
	}
	unreported := without(res.Decisions, in.Published)
	scene := Scene{Env: env, State: res.State, Now: now, WakeAt: res.WakeAt}
	answer := workflows.DecideResult{
		State:      res.State,
		Effects:    res.Effects,
		Told:       told,
		Unreported: unreported,
		Urgent:     d.o.Prompt || slices.ContainsFunc(unreported, engine.Decision.Urgent),
		Now:        now,
		WakeAt:     res.WakeAt,
		Sleep:      d.sleep(in.Learner, now, res.WakeAt, env.Watermark),
		Rest:       d.rest(),
		Retire:     d.retire(res),
		Next:       scene.Next(),
		Card:       scene.Card(),
	}
	return answer, fits(answer)
}

// maxResult is how much JSON a result may be: Temporal terminates a workflow that records more than 2 MiB.
const maxResult = 1_900_000

// fits refuses a result that would end the learner's workflow, and with it everything that Homeroom remembers of them.
// Held, the learner waits for a person; no event is lost meanwhile.
func fits(answer workflows.DecideResult) error {
	s := &answer.State
	if len(s.Runs)+len(s.PendingDeliveries) == 0 { // these hold events; the rest is small
		return nil
	}
	data, err := json.Marshal(answer)
	if err == nil && len(data) > maxResult {
		err = fmt.Errorf("%d runs and %d deliveries take %d bytes, more than a workflow may record: let rules and messages read fewer or shorter properties", len(s.Runs), len(s.PendingDeliveries), len(data))
	}
	if err != nil {
		return fmt.Errorf("learner %q: %w", s.Learner, err)
	}
	return nil
}

// env gathers what a decision may look at.
func (d *Decide) env(ctx context.Context, in workflows.DecideInput) (engine.Env, error) {
	// The mark comes first. Standing is written before an event counts as handed over, so a standing read after the
	// mark holds everything up to it.
	env := engine.Env{Grace: d.o.Grace, Watermark: d.handedOver(ctx, in)}
	var err error
	if env.Current, err = d.o.Rulesets.Current(ctx); err != nil {
		return env, fmt.Errorf("loading the current rules: %w", err)
	}
	revisions, err := d.revisions(ctx, in.State)
	if err != nil {
		return env, err
	}
	env.Revision = func(hash string) *engine.Ruleset {
		if hash == env.Current.Hash {
			return env.Current
		}
		return revisions[hash]
	}
	if env.Profile, err = d.o.Profiles.Profile(ctx, in.Learner); err != nil {
		return env, fmt.Errorf("reading the profile: %w", err)
	}
	if env.Standing, err = d.o.Standings.Get(ctx, in.Learner); err != nil {
		return env, fmt.Errorf("reading the standing: %w", err)
	}
	return env, nil
}

// revisions loads the rules that live runs started with.
func (d *Decide) revisions(ctx context.Context, state engine.State) (map[string]*engine.Ruleset, error) {
	loaded := map[string]*engine.Ruleset{}
	for _, run := range state.Runs {
		if _, ok := loaded[run.Revision]; ok {
			continue
		}
		rs, err := d.o.Rulesets.Revision(ctx, run.Revision)
		if err != nil {
			return nil, fmt.Errorf("loading revision %s of the rules: %w", run.Revision, err)
		}
		loaded[run.Revision] = rs
	}
	return loaded, nil
}

// handedOver is the instant up to which the learner's events have arrived. At a wake-up the mark, which is published
// about once a second, is given a moment to get there. Never zero: to the engine that means "all of them".
func (d *Decide) handedOver(ctx context.Context, in workflows.DecideInput) time.Time {
	patience := d.o.Patience
	if in.Woke.IsZero() {
		patience = 0
	}
	mark := d.o.Watermarks.AwaitHandedOver(ctx, in.Partition, in.Woke, patience)
	if in.Mark.After(mark) {
		mark = in.Mark
	}
	if mark.IsZero() {
		mark = time.Unix(0, 0).UTC()
	}
	return mark
}
