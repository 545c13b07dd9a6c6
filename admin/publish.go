package admin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/worker"
)

// Publication is a publication before and after it happens. PreparePublication fills what it would do; Publish and Sweep
// fill what they did.
type Publication struct {
	DryRun    bool                 `json:"dry_run,omitempty"` // the caller's note that it was only prepared
	RunPolicy engine.RunPolicy     `json:"in_flight,omitempty"`
	Change    *publish.Change      `json:"change,omitempty"`
	Touched   []string             `json:"touched_rules,omitempty"` // whose live runs it may touch
	Expected  *publish.SweepCounts `json:"expected,omitempty"`      // as far as Temporal's visibility knows
	// Migration says how many live runs would move and how many would end, rule by rule; nil: they do not migrate, or there are none.
	Migration *publish.Migrations  `json:"migration,omitempty"`
	Published *store.Pointer       `json:"published,omitempty"` // nil: not yet
	Swept     *publish.SweepCounts `json:"swept,omitempty"`     // nil: not yet
	// Over is the base of a publication that is forced although something else is in force; empty: it is not forced.
	Over string `json:"forced_over_base,omitempty"`

	plan *publish.Plan
}

// PublishProgress is how far a publication has come. It may be drawn; a nil callback hears nothing.
type PublishProgress = publish.Progress

// PrepareOptions say how an academy is to be put in force.
type PrepareOptions struct {
	RunPolicy engine.RunPolicy
	// Base is the revision that the academy began from: a number or a hash. If neither it nor the academy is in force, the error is a
	// [*BaseMovedError]. Empty: it is not asked for.
	Base       string
	Force      bool                  // publish also if the base has moved; the note says so
	OnProgress func(PublishProgress) // may be nil
}

// BaseMovedError says that what is in force is not what a folder began from, so that publishing the folder may undo what somebody
// else published.
type BaseMovedError struct {
	Base    string        // hash
	Current store.Pointer // without a hash: nothing is in force
}

func (e *BaseMovedError) Error() string {
	if e.Current.Hash == "" {
		return fmt.Sprintf("nothing was published: the folder began from %s, and nothing is in force", narrate.ShortHash(e.Base))
	}
	return fmt.Sprintf("nothing was published: the folder began from %s, and meanwhile %s published %s, no. %d%s. Look at it with `homeroom rules diff %s current`, take it into your folder, "+
		"and publish with --base %s; or publish over it with --force",
		narrate.ShortHash(e.Base), e.Current.Author, narrate.ShortHash(e.Current.Hash), e.Current.Number, narrate.NoteSuffix(e.Current.Note),
		narrate.ShortHash(e.Base), narrate.ShortHash(e.Current.Hash))
}

// PreparePublication compares an academy with what is in force and counts the learners whom publishing it would reach. It
// changes nothing.
func (i *Installation) PreparePublication(ctx context.Context, academy *rules.Academy, opts PrepareOptions) (*Publication, error) {
	over, err := i.checkBase(ctx, academy.Ruleset.Hash, opts)
	if err != nil {
		return nil, err
	}
	publisher, err := i.newPublisher(ctx, opts.OnProgress)
	if err != nil {
		return nil, err
	}
	plan, err := publisher.Prepare(ctx, academy, opts.RunPolicy)
	if err != nil {
		return nil, err
	}
	if opts.Base != "" && !opts.Force { // somebody may have published just now
		if _, err := i.checkBase(ctx, academy.Ruleset.Hash, opts); err != nil {
			return nil, err
		}
	}
	expected, err := publisher.Count(ctx, plan)
	if err != nil {
		return nil, err
	}
	publication := &Publication{
		RunPolicy: plan.RunPolicy,
		Change:    &plan.Change,
		Touched:   plan.Touched,
		Expected:  &expected,
		Over:      over,
		plan:      plan,
	}
	if plan.RunPolicy != engine.RunPolicyMigrate || expected.LiveRuns == 0 {
		return publication, nil
	}
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	migration, err := publisher.CountMigrations(ctx, plan, temporal)
	publication.Migration = &migration
	return publication, err
}

// checkBase returns a [*BaseMovedError] if neither the base nor the folder is in force, or the hash of the base if that is to be
// published over.
func (i *Installation) checkBase(ctx context.Context, folder string, opts PrepareOptions) (over string, err error) {
	if opts.Base == "" {
		return "", nil
	}
	base, err := publish.FindRevision(ctx, i.store.Rulesets, opts.Base)
	var unknown *publish.RevisionError
	if errors.As(err, &unknown) {
		return "", inputError(fmt.Errorf("--base: %w", err))
	} else if err != nil {
		return "", err
	}
	current, err := i.store.Rulesets.Current(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case current.Hash == base.Hash || current.Hash == folder:
		return "", nil
	case opts.Force:
		return base.Hash, nil
	}
	return "", &BaseMovedError{Base: base.Hash, Current: current}
}

// PublishOptions say who publishes, and why.
type PublishOptions struct {
	Author     string
	Note       string
	RollBack   bool                  // an earlier revision is put in force again
	Draft      string                // the name of the draft that it was; empty: it was none
	With       []string              // what its audit record says besides, such as [WithoutApproval]
	OnProgress func(PublishProgress) // may be nil
}

// Publish puts a prepared publication in force and then wakes the learners whose next moment it changes. Until it is in
// force an error leaves everything as it was. If somebody else published since it was prepared, the error names them.
func (i *Installation) Publish(ctx context.Context, p *Publication, opts PublishOptions) error {
	publisher, err := i.newPublisher(ctx, opts.OnProgress)
	if err != nil {
		return err
	}
	if opts, err = i.markUnapproved(ctx, opts); err != nil {
		return err
	}
	note := opts.Note
	if p.Over != "" {
		note = joinNotes(note, fmt.Sprintf("forced over no. %d: the folder began before it, from %s", p.plan.From.Number, narrate.ShortHash(p.Over)))
	}
	var published store.Pointer
	err = i.recordAct(ctx, p.newRecord(opts), func() (err error) {
		published, err = publisher.Publish(ctx, p.plan, opts.Author, note)
		return err
	})
	if errors.Is(err, store.ErrPublishedMeanwhile) {
		return i.explainConflict(ctx)
	} else if err != nil {
		return err
	}
	swept, err := publisher.Sweep(ctx, p.plan)
	if err != nil {
		return err
	}
	p.Published = &published
	p.Swept = &swept
	return nil
}

// markUnapproved names a folder that is published although the settings in force ask for approvals: those are of drafts. An earlier revision may be
// put in force again without.
func (i *Installation) markUnapproved(ctx context.Context, opts PublishOptions) (PublishOptions, error) {
	if opts.Draft != "" || opts.RollBack {
		return opts, nil
	}
	needed, err := i.NeededApprovals(ctx, 0)
	if err != nil || needed == 0 {
		return opts, err
	}
	opts.Note = joinNotes(opts.Note, "published without approval")
	opts.With = append(slices.Clone(opts.With), WithoutApproval)
	return opts, nil
}

// newRecord returns what is recorded of a publication before it happens.
func (p *Publication) newRecord(opts PublishOptions) AuditRecord {
	r := AuditRecord{
		Action: store.ActionPublish,
		Target: opts.Draft,
		Hash:   p.plan.Academy.Ruleset.Hash,
		Base:   p.plan.From.Hash,
		With:   opts.With,
	}
	if p.Over != "" {
		r.With = append(slices.Clone(r.With), store.WithoutBase)
	}
	if opts.RollBack {
		r.Action = store.ActionRollBack
	}
	return r
}

// Sweep visits all learners once more for the publication in force.
func (i *Installation) Sweep(ctx context.Context, onProgress func(PublishProgress)) (*Publication, error) {
	publisher, err := i.newPublisher(ctx, onProgress)
	if err != nil {
		return nil, err
	}
	plan, err := publisher.PrepareAgain(ctx)
	if err != nil {
		return nil, err
	}
	var swept publish.SweepCounts
	err = i.recordAct(ctx, AuditRecord{Action: store.ActionSweep}, func() error {
		swept, err = publisher.Sweep(ctx, plan)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Publication{Swept: &swept}, nil
}

func (i *Installation) newPublisher(ctx context.Context, onProgress func(PublishProgress)) (*publish.Publisher, error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	return publish.New(publish.Options{
		Store:    i.store,
		Temporal: temporal,
		Starter:  worker.NewStarter(temporal),
		Learners: publish.StreamLearners{JS: i.js},
		Now:      i.opts.Now,
		Real:     i.opts.Real,
		Random:   rand.Float64,
		Progress: onProgress,
	}), nil
}

// explainConflict says who published first.
func (i *Installation) explainConflict(ctx context.Context) error {
	now, err := i.store.Rulesets.Current(ctx)
	if err != nil {
		return err
	}
	return fmt.Errorf("nothing was published: meanwhile %s published %s, no. %d%s. Look at it with `homeroom rules diff %d %d`, then publish again",
		now.Author, narrate.ShortHash(now.Hash), now.Number, narrate.NoteSuffix(now.Note), now.Number-1, now.Number)
}
