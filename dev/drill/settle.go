package drill

import (
	"context"
	"errors"
	"fmt"
	"homeroom/internal/clock"
	"math"
	"time"
)

const (
	settleEvery  = 500 * time.Millisecond // between two looks
	settleQuiet  = 2 * time.Second        // wait for surplus mails after everything has arrived
	settleAsk    = 100                    // learners who are asked when nothing moves
	evidenceTime = 20 * time.Second       // how long servers that come back may take to answer
)

// awaitSettled waits until everything has arrived, or until nothing has moved for Options.Patience. It then waits
// settleQuiet for surplus mails and accounts for everything.
func (w *world) awaitSettled(ctx context.Context) (Report, error) {
	return w.awaitSettledExcept(ctx, nil)
}

// awaitSettledExcept is awaitSettled for all learners except those in but, who are known to wait.
func (w *world) awaitSettledExcept(ctx context.Context, but map[string]bool) (Report, error) {
	ask := 0
	before := 0
	least := math.MaxInt
	patience := time.Time{}
	for {
		report, err := w.accountNow(ctx, ask, but)
		if open := report.Waiting + report.Lost; err == nil && open < least {
			least = open
			patience = time.Now().Add(w.o.Patience)
		}
		switch {
		case err != nil:
			return Report{}, err
		case report.Waiting+report.Lost == 0 || time.Now().After(patience):
			if err := clock.Sleep(ctx, settleQuiet); err != nil {
				return Report{}, err
			}
			return w.accountNow(ctx, -1, but)
		}
		w.o.Progress(fmt.Sprintf("%d of %d sent, %d waiting", report.Sent, report.Published, report.Waiting))
		// While the numbers change no learner is asked: queries would add load.
		if ask = 0; report.Waiting == before {
			ask = settleAsk
		}
		before = report.Waiting
		if err := clock.Sleep(ctx, settleEvery); err != nil {
			return Report{}, err
		}
		if w.homeroom != nil && w.homeroom.Died() {
			return Report{}, errors.New("Homeroom's process ended by itself; --verbose shows what it said")
		}
	}
}

// accountNow accounts for the evidence that there is now. Servers that have just come back may take up to evidenceTime.
func (w *world) accountNow(ctx context.Context, ask int, but map[string]bool) (Report, error) {
	until := time.Now().Add(evidenceTime)
	for {
		seen, err := w.observer.gatherEvidence(ctx, ask)
		if err != nil {
			if ctx.Err() != nil || time.Now().After(until) {
				return Report{}, fmt.Errorf("gathering the evidence: %w", err)
			}
			if err := clock.Sleep(ctx, settleEvery); err != nil {
				return Report{}, err
			}
			continue
		}
		events, unneeded := w.plan.listEvents()
		var about []*event
		for _, e := range events {
			if !but[e.learner] {
				about = append(about, e)
			}
		}
		report := accountFor(about, unneeded, seen)
		report.Notes = append(report.Notes, w.report.Notes...)
		report.Wrong = append(report.Wrong, w.report.Wrong...)
		report.Lost += w.report.Lost
		report.Doubled += w.report.Doubled
		return report, nil
	}
}
