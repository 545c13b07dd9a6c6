package console

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/admin"
)

// TestAJobFollowsTheRunThatReplacesItsOwn: a draft's backtests have one id, so who began it, over how many days and when are those of the run that is under way.
func TestAJobFollowsTheRunThatReplacesItsOwn(t *testing.T) {
	monday := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	jobs := newBacktestJobs()
	job := &backtestJob{began: monday, by: "maya", background: true}
	for n, by := range []string{"maya", "tom"} {
		b := admin.BackgroundBacktest{StartedAt: monday.Add(time.Duration(n) * time.Hour)}
		b.By = by
		b.Days = 30 * (n + 1)
		job.noteBackground(b)
	}
	if s := job.readState(); s.By != "tom" || s.Days != 60 || !s.Began.Equal(monday.Add(time.Hour)) {
		t.Errorf("it is by %s over %d days, and began at %s", s.By, s.Days, s.Began)
	}
	job.end(nil, nil)
	jobs.jobs["maya"] = job
	if !job.isOlderThan(monday.Add(time.Hour+time.Second)) || job.isOlderThan(monday.Add(time.Hour)) {
		t.Error("it is compared with another run's beginning")
	}
}

// TestALookIsWaitedForOnce: while Temporal does not answer, the first page waits for it, and those that are opened during the same look do not.
func TestALookIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := newBacktestJobs()
		isLate := func(look *backtestLook) bool {
			select {
			case <-look.late:
				return true
			default:
				return false
			}
		}
		look, first := jobs.beginLook("maya")
		if !first || isLate(look) {
			t.Errorf("the first look: %v, late %v", first, isLate(look))
		}
		time.Sleep(lookPatience) // by the clock of synctest, at once
		synctest.Wait()
		if again, first := jobs.beginLook("maya"); first || again != look || !isLate(again) {
			t.Errorf("a page that is opened meanwhile: %v, late %v", first, isLate(again))
		}
		jobs.endLook("maya", true)
		<-look.over
		if next, first := jobs.beginLook("maya"); !look.answered || !first || isLate(next) {
			t.Errorf("answered %v; the next look: %v, late %v", look.answered, first, isLate(next))
		}
		time.Sleep(lookPatience) // by the clock of synctest, at once
	})
}

// TestAnotherBacktestOfADraftEndsNoOtherDrafts: however many drafts are remembered, a draft's new backtest takes the place of its own last one.
func TestAnotherBacktestOfADraftEndsNoOtherDrafts(t *testing.T) {
	monday := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	jobs := newBacktestJobs()
	defer jobs.close()
	waitForEnd := func(ctx context.Context, _ *backtestJob) (admin.Backtest, error) {
		<-ctx.Done()
		return admin.Backtest{}, ctx.Err()
	}
	for n := range keptJobs {
		jobs.start("draft-"+strconv.Itoa(n), &backtestJob{began: monday.Add(time.Duration(n) * time.Minute)}, waitForEnd)
	}
	oldest := jobs.find("draft-0")
	jobs.start("draft-7", &backtestJob{began: monday.Add(time.Hour)}, waitForEnd)
	if got := jobs.find("draft-0"); got == nil || got != oldest || got.readState().Over {
		t.Errorf("the oldest draft's backtest is gone: %v", got)
	}
	jobs.start("one-more", &backtestJob{began: monday.Add(time.Hour)}, waitForEnd)
	if jobs.find("draft-0") != nil || jobs.find("draft-1") == nil {
		t.Error("one more draft does not take the place of the oldest")
	}
}
