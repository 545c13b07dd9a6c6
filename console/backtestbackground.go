package console

import (
	"context"
	"errors"
	"time"

	"homeroom/admin"
)

// followBacktest returns what follows the backtest of a draft in the background.
func (c *Console) followBacktest(draft string) func(context.Context, *backtestJob) (admin.Backtest, error) {
	return func(ctx context.Context, job *backtestJob) (admin.Backtest, error) {
		for {
			b, err := c.o.Installation.FollowBacktest(ctx, admin.DraftBacktest(draft), job.noteBackground)
			switch {
			case ctx.Err() != nil:
				return admin.Backtest{}, ctx.Err()
			case errors.Is(err, admin.ErrNotFound):
				return admin.Backtest{}, err
			case err != nil: // Temporal is away for a while
				if !c.pauseFollowing(ctx, err) {
					return admin.Backtest{}, ctx.Err()
				}
				continue
			}
			job.noteBackground(b)
			return readBackground(&b)
		}
	}
}

// readBackground returns the result of a backtest in the background that has ended.
func readBackground(b *admin.BackgroundBacktest) (admin.Backtest, error) {
	switch {
	case b.Status == admin.BackgroundCancelled:
		return admin.Backtest{}, context.Canceled
	case b.Status == admin.BackgroundFailed:
		return admin.Backtest{}, errors.New(b.Failed)
	case b.Result == nil:
		return admin.Backtest{}, errors.New("its result cannot be read: give the console the --encryption-key-file of those that work on backtests")
	}
	return *b.Result, nil
}

// followAgain is the pause before Temporal is asked again that did not answer.
const followAgain = 5 * time.Second

// pauseFollowing waits before Temporal is asked again, and reports whether it is to be.
func (c *Console) pauseFollowing(ctx context.Context, err error) bool {
	c.o.Log.Warn("Temporal does not say how far a backtest is", "error", err)
	select {
	case <-time.After(followAgain):
		return true
	case <-ctx.Done():
		return false
	}
}

// AdoptBacktests begins to follow the backtests that an earlier process of the console began in the background. It does not wait for Temporal.
func (c *Console) AdoptBacktests() {
	c.work.running.Go(func() { c.adoptBacktests(c.work.ctx) })
}

// adoptBacktests follows the backtests of drafts that run, or ran, in the background: an earlier process of the console began them.
func (c *Console) adoptBacktests(ctx context.Context) {
	drafts, err := c.o.Installation.Drafts(ctx)
	for err != nil {
		if !c.pauseFollowing(ctx, err) {
			return
		}
		drafts, err = c.o.Installation.Drafts(ctx)
	}
	for n := range drafts {
		if !c.adoptBacktest(ctx, drafts[n].ID) {
			return
		}
	}
}

// adoptBacktest follows the backtest of a draft in the background, if there is one. It asks until Temporal answers, and reports whether it did.
func (c *Console) adoptBacktest(ctx context.Context, draft string) bool {
	b, err := c.o.Installation.FindBacktest(ctx, admin.DraftBacktest(draft))
	for err != nil && !errors.Is(err, admin.ErrNotFound) {
		if !c.pauseFollowing(ctx, err) {
			return false
		}
		b, err = c.o.Installation.FindBacktest(ctx, admin.DraftBacktest(draft))
	}
	if err == nil {
		c.adoptFound(draft, b)
	}
	return true
}

// adoptFound follows a backtest of a draft that was found in the background, unless a later one is known.
func (c *Console) adoptFound(draft string, b admin.BackgroundBacktest) {
	job := &backtestJob{began: b.StartedAt, background: true}
	job.noteBackground(b)
	c.backtests.adopt(draft, job, c.followBacktest(draft))
}

const (
	// lookPatience is how long a page waits for Temporal to say whether another console began a backtest.
	lookPatience = 300 * time.Millisecond
	// lookTime is how long the look may go on beside the page.
	lookTime = 10 * time.Second
)

// lookForBacktest follows a backtest of the draft that another console began since this one looked last, and reports whether that is known. It asks unless one is
// under way here already, and waits until a look has lasted for lookPatience, whoever began it: what is found later is on the page of the next request.
func (c *Console) lookForBacktest(ctx context.Context, draft string) (known bool) {
	if job := c.backtests.find(draft); job != nil && !job.readState().Over || c.work.ctx.Err() != nil {
		return true
	}
	look, first := c.backtests.beginLook(draft)
	if first {
		c.work.running.Go(func() { c.backtests.endLook(draft, c.findOthersBacktest(draft)) })
	}
	select {
	case <-look.over:
		return look.answered
	case <-look.late:
	case <-ctx.Done():
	}
	return false
}

// findOthersBacktest follows a backtest of the draft in the background, if there is one, and reports whether Temporal has answered.
func (c *Console) findOthersBacktest(draft string) (answered bool) {
	ctx, cancel := context.WithTimeout(c.work.ctx, lookTime)
	defer cancel()
	b, err := c.o.Installation.FindBacktest(ctx, admin.DraftBacktest(draft))
	if err == nil {
		c.adoptFound(draft, b)
	}
	return err == nil || errors.Is(err, admin.ErrNotFound)
}
