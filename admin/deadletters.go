package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"homeroom/catalog"
	"homeroom/deadletters"
	"homeroom/internal/narrate"
	"homeroom/store"
)

// ListDeadLetters counts dead letters by reason and lists the newest. It reads no bodies. Since is on the installation's clock.
func (i *Installation) ListDeadLetters(ctx context.Context, opts deadletters.ListOptions) (deadletters.Summary, error) {
	opts.Since = i.storedSince(opts.Since)
	summary, err := i.deadLetters().List(ctx, opts)
	return summary, learnerAsInput(err)
}

// CountDeadLetters counts dead letters by reason and lists the newest ones, at most limit and never more than 50; a reason that is not empty lists those of that reason
// only. What was counted is kept, so that the next look reads only what came since.
func (i *Installation) CountDeadLetters(ctx context.Context, reason string, limit int) (deadletters.Summary, error) {
	return i.letters.List(ctx, reason, limit)
}

// DeadLetter returns a dead letter by its sequence, with its body, which may hold personal data.
func (i *Installation) DeadLetter(ctx context.Context, seq uint64) (deadletters.Letter, error) {
	if err := i.recordLook(ctx, AuditRecord{Action: store.ActionLookAtDeadLetter, Target: strconv.FormatUint(seq, 10)}); err != nil {
		return deadletters.Letter{}, err
	}
	return i.deadLetters().Get(ctx, seq)
}

// CheckDeadLetter returns why a dead letter would be refused if it were published now, or nil if it would be accepted. Without
// a catalog it is checked with the one of the rules in force.
func (i *Installation) CheckDeadLetter(ctx context.Context, letter *deadletters.Letter, known *catalog.Catalog) (refusal, err error) {
	if known == nil {
		if known, err = i.currentCatalog(ctx); err != nil {
			return nil, err
		}
	}
	return deadletters.CheckAgain(letter, known, i.opts.Now()), nil
}

// ReplayDeadLetters publishes dead letters again. Without a catalog they are checked with the one of the rules in force. The
// time in the options is not used: it is the installation's.
func (i *Installation) ReplayDeadLetters(ctx context.Context, opts deadletters.ReplayOptions) (deadletters.ReplayResult, error) {
	if opts.Catalog == nil {
		known, err := i.currentCatalog(ctx)
		if err != nil {
			return deadletters.ReplayResult{}, err
		}
		opts.Catalog = known
	}
	opts.Now = i.opts.Now
	var result deadletters.ReplayResult
	replay := func() (err error) {
		result, err = i.deadLetters().Replay(ctx, opts)
		return err
	}
	if opts.DryRun {
		return result, learnerAsInput(replay())
	}
	err := i.recordAct(ctx, AuditRecord{Action: store.ActionReplayDeadLetters}, replay)
	return result, learnerAsInput(err)
}

// FindDeadLetters returns the sequences of the dead letters of a selection, whose times are on the installation's clock. OnRead may be nil.
func (i *Installation) FindDeadLetters(ctx context.Context, s deadletters.Selection, onRead func(done, total int64)) ([]uint64, error) {
	s.Since = i.storedSince(s.Since)
	s.Before = i.storedSince(s.Before)
	found, err := i.deadLetters().Find(ctx, s, onRead)
	return found, learnerAsInput(err)
}

// PurgeDeadLetters deletes dead letters for good.
func (i *Installation) PurgeDeadLetters(ctx context.Context, sequences []uint64) error {
	return i.recordAct(ctx, AuditRecord{Action: store.ActionPurgeDeadLetters, Count: len(sequences)}, func() error {
		deleted, err := i.deadLetters().Purge(ctx, sequences)
		if err != nil {
			return fmt.Errorf("%w; %s deleted before", err, narrate.Count(deleted, "dead letter"))
		}
		return nil
	})
}

func (i *Installation) deadLetters() *deadletters.DeadLetters {
	return deadletters.New(i.js, i.opts.Directly)
}

// currentCatalog returns the catalog of the rules in force, or the built-in one if none are.
func (i *Installation) currentCatalog(ctx context.Context) (*catalog.Catalog, error) {
	academy, err := i.CurrentAcademy(ctx)
	if errors.Is(err, ErrNoRules) {
		return catalog.Default()
	}
	if err != nil {
		return nil, err
	}
	return academy.Catalog, nil
}

// learnerAsInput makes an error about a learner's id an [*InputError].
func learnerAsInput(err error) error {
	var learner *deadletters.LearnerError
	if errors.As(err, &learner) {
		return inputError(fmt.Errorf("--learner: %w", err))
	}
	return err
}
