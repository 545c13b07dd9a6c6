package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"homeroom/engine"
)

// applyToStanding applies the events to the standing, and wakes the learner if an inactivity rule may fall due.
func (run *importRun) applyToStanding(ctx context.Context, learner string, events []importedEvent, t *learnerResult) error {
	err := run.Store.Standings.Update(ctx, learner, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		before, errBefore := json.Marshal(st)
		run.applyOnce(st, events)
		after, errAfter := json.Marshal(st)
		t.standing = errors.Join(errBefore, errAfter) != nil || !bytes.Equal(before, after)
		_, t.silent = engine.FirstSilence(run.Ruleset, st, run.Now)
		return t.standing, owed
	})
	if err != nil || !t.silent || run.Waker == nil {
		return err
	}
	t.woken = true
	return run.Waker.wakeLearner(ctx, learner, run.Ruleset.Hash)
}

// applyOnce applies events to a standing so that repeating it makes no difference. Events that rules count are merged: a standing recognizes a repeat only within
// the days that a rule looks back. The risk in a course takes in only what is later than what it has seen: it recognizes few repeats.
func (run *importRun) applyOnce(st *engine.Standing, events []importedEvent) {
	uncounted := *run.Ruleset
	uncounted.Counted = nil
	noRisk := uncounted
	noRisk.Settings.Risk = nil
	seen := map[string]time.Time{}
	for id, course := range st.Courses {
		seen[id] = course.Risk.SeenUntil()
		seen[""] = laterOf(seen[""], seen[id]) // of activity whose course is not known
	}
	all := make([]*engine.Event, len(events))
	for i := range events {
		all[i] = &events[i].Event
		rules := &uncounted
		if !all[i].Time.After(seen[st.CourseOf(all[i], uncounted.Keys)]) {
			rules = &noRisk
		}
		st.Apply(all[i], rules, all[i].Time)
	}
	if first := events[0].Event.Time; first.Before(st.FirstSeenAt) {
		st.FirstSeenAt = first
	}
	st.MergeCounts(all, run.Ruleset)
	st.Moves = nil // what comes next is counted from what is published, not from what is imported
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
