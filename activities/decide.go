package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"homeroom/engine"
	"homeroom/workflows"
)

// Profiles knows what the engine may know of a learner as a person. An unknown learner is the zero Profile.
type Profiles interface {
	Profile(ctx context.Context, learner string) (engine.Profile, error)
}

// Standings reads what a decision looks up about a learner's activity and courses. An unknown learner is an empty Standing, never nil.
type Standings interface {
	Get(ctx context.Context, learner string) (*engine.Standing, error)
}

// Rulesets hands out compiled revisions. Both answer from memory where they can: every decision asks.
type Rulesets interface {
	Current(ctx context.Context) (*engine.Ruleset, error)
	// Revision returns nil and no error if the revision is lost for good; an error means "ask again".
	Revision(ctx context.Context, hash string) (*engine.Ruleset, error)
}

// Paths reads what learners did next; see store.Paths.
type Paths interface {
	// Followers returns what learners of a course did after a unit; of the course "", after a course.
	Followers(ctx context.Context, course, from string) (engine.Followers, error)
}

// Watermarks says how far the triggers have handed over a learner's events, on the learners' clock: as far as their partition of the stream, or less
// while the learner is set aside. AwaitLearner waits until that has reached want, but no longer than wait (in real time) or ctx lasts, and returns how
// far it is then. Zero: not known.
type Watermarks interface {
	AwaitLearner(ctx context.Context, learner string, partition int, want time.Time, wait time.Duration) time.Time
}

// Clock is the time Homeroom lives in.
type Clock interface {
	Now() time.Time
	Wait(virtual time.Duration) time.Duration // how long that takes in real time
	// Timer is for how long, in real time, a timer is set for it. It may be shorter than Wait, if the clock's pace can change.
	Timer(virtual time.Duration) time.Duration
}

// The defaults of Options.
const (
	DefaultGrace       = time.Minute
	DefaultRestAfter   = 3 * 24 * time.Hour
	DefaultRetireAfter = 3 * 24 * time.Hour
	DefaultMaxLagWait  = 2 * time.Second
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
	// RetireAfter is how long after the last wake-up the workflow of a learner for whom nothing is due ends, on the learners' clock; 0:
	// DefaultRetireAfter, negative: never. A resting workflow retires too.
	RetireAfter time.Duration
	Retired     Retired       // where states are stored; nil: no learner retires, and no stored state is loaded
	MaxLagWait  time.Duration // how long, in real time, a wake-up waits for the watermark; 0: DefaultMaxLagWait
	// Spread is the time, in real time, over which wake-ups are spread that many learners may have at one instant; 0: DefaultSpread, negative: none.
	// At most a twelfth of Grace is used.
	Spread  time.Duration
	Paths   Paths   // nil: nothing is known of what comes next but what courses.yaml says
	Weights Weights // nil: adaptive splits keep their own weights
	Rewinds Rewinds // records that the stream went back in time; nil: nothing does
	// Decisions publishes the unpublished decisions of earlier tasks; nil: only activities do.
	Decisions Publisher
	// Prompt publishes at once also that a run has started, was put off or has ended. Otherwise the learner's next decision or delivery publishes it,
	// which saves an activity.
	Prompt bool
	// Step decides; nil: engine.Step.
	Step func(engine.Env, engine.State, []engine.Input, time.Time) engine.Result
}

// Decide is the local activity that decides what follows for one learner.
type Decide struct {
	o       Options
	rewinds atomic.Int64
}

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
	if o.MaxLagWait == 0 {
		o.MaxLagWait = DefaultMaxLagWait
	}
	if o.Spread == 0 {
		o.Spread = DefaultSpread
	}
	if o.Step == nil {
		o.Step = engine.Step
	}
	return &Decide{o: o}
}

// Run decides. Every error is worth another try: a store cannot be reached, or only a newer worker can read the state.
func (d *Decide) Run(ctx context.Context, in workflows.DecideInput) (workflows.DecideResult, error) {
	if in.State.Version == 0 {
		var err error
		if in.State, err = d.loadState(ctx, in.Learner); err != nil {
			return workflows.DecideResult{}, err
		}
	}
	state := in.State
	if state.Version > engine.StateVersion {
		return workflows.DecideResult{}, fmt.Errorf("learner %q: the state was written by a newer Homeroom (version %d, this worker knows %d): deploy the newer worker again", in.Learner, state.Version, engine.StateVersion)
	}
	env, err := d.readEnv(ctx, in)
	if err != nil {
		return workflows.DecideResult{}, fmt.Errorf("deciding for learner %q: %w", in.Learner, err)
	}
	now := d.o.Clock.Now()
	if now.Before(state.Clock) { // another worker's clock was ahead
		now = state.Clock
	}
	var pathsErr error
	if env.Current.Paths && d.o.Paths != nil {
		env.Followers = d.lookUpFollowers(ctx, &pathsErr)
	}
	var weightsErr error
	if d.o.Weights != nil {
		env.Weights = d.lookUpWeights(ctx, &weightsErr)
	}
	answer, err := d.stepInputs(env, state, in, now)
	if err := errors.Join(err, pathsErr, weightsErr); err != nil {
		return workflows.DecideResult{}, err
	}
	d.noteRewind(ctx, &state, in)
	if !slices.ContainsFunc(answer.Effects, isDelivery) { // a delivery publishes them, and must not wait for this
		answer.Published = d.publishEarlier(ctx, in.Unpublished)
	}
	return answer, nil
}

// readEnv reads everything that a decision may look at.
func (d *Decide) readEnv(ctx context.Context, in workflows.DecideInput) (engine.Env, error) {
	// The watermark is read first. The standing is written before an event counts as handed over, so a standing that is read after the watermark
	// holds everything up to it.
	env := engine.Env{Grace: d.o.Grace, Watermark: d.awaitWatermark(ctx, in)}
	var err error
	if env.Current, err = d.o.Rulesets.Current(ctx); err != nil {
		return env, fmt.Errorf("loading the current rules: %w", err)
	}
	revisions, err := d.loadRevisions(ctx, in.State)
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

// lookUpFollowers returns how a step asks what learners did next. It is read when it is asked for, because few steps do. An error is kept in failed, and the
// step is then made again.
func (d *Decide) lookUpFollowers(ctx context.Context, failed *error) func(course, from string, at time.Time) engine.Followers {
	return func(course, from string, _ time.Time) engine.Followers {
		f, err := d.o.Paths.Followers(ctx, course, from)
		if err != nil {
			*failed = fmt.Errorf("reading what learners did next: %w", err)
		}
		return f
	}
}

// loadRevisions loads the rules that live runs started with.
func (d *Decide) loadRevisions(ctx context.Context, state engine.State) (map[string]*engine.Ruleset, error) {
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

// awaitWatermark returns the instant up to which the learner's events have been handed over. At a wake-up it waits up to MaxLagWait for the watermark,
// which is published about once a second; not at all if the wake-up came so early that the watermark cannot be there by then, as in a time-lapse
// that was slowed down. It never returns zero, because zero means "all events" to the engine.
func (d *Decide) awaitWatermark(ctx context.Context, in workflows.DecideInput) time.Time {
	wait := d.o.MaxLagWait
	if in.WokenAt.IsZero() || d.o.Clock.Wait(in.WokenAt.Sub(d.o.Clock.Now())) > wait {
		wait = 0
	}
	watermark := d.o.Watermarks.AwaitLearner(ctx, in.Learner, in.Partition, in.WokenAt, wait)
	if in.Watermark.After(watermark) {
		watermark = in.Watermark
	}
	if watermark.IsZero() {
		watermark = time.Unix(0, 0).UTC()
	}
	return watermark
}
