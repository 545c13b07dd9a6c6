package importer

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"homeroom/catalog"
	"homeroom/profile"
	"homeroom/store"
)

const (
	parallelLearners = 32 // imported at a time
	attempts         = 3  // for each learner
)

// learnerResult is what became of one learner's events.
type learnerResult struct {
	events, repeated, erased int
	profile, standing        bool // changed
	silent, woken            bool
	notes                    []string // about traits that were not taken in
	remarks                  []string
}

// importShards imports what is in the shards, one after the other.
func (run *importRun) importShards(ctx context.Context, in *shards) error {
	done := 0
	onEvents := func(events int) {
		done += events
		run.OnApply(int64(done), int64(in.events))
	}
	for i := range shardCount {
		learners, err := in.readShard(i)
		if err != nil {
			return err
		}
		if err := run.importLearners(ctx, learners, onEvents); err != nil {
			return err
		}
	}
	return nil
}

// importLearners imports the learners of one shard, several at a time. onEvents hears how many lines each learner had.
func (run *importRun) importLearners(ctx context.Context, learners map[string][]inputLine, onEvents func(events int)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	names := make(chan string)
	go func() {
		defer close(names)
		for learner := range learners {
			select {
			case names <- learner:
			case <-ctx.Done():
				return
			}
		}
	}()
	type result struct {
		learnerResult
		lines int
		err   error
	}
	results := make(chan result)
	var wg sync.WaitGroup
	for range parallelLearners {
		wg.Go(func() {
			for learner := range names {
				t, err := run.importLearner(ctx, learner, learners[learner])
				results <- result{t, len(learners[learner]), err}
			}
		})
	}
	go func() { wg.Wait(); close(results) }()
	var failed error
	for r := range results {
		if r.err != nil {
			if failed == nil {
				failed = r.err
			}
			cancel()
			continue
		}
		run.result.addLearner(r.learnerResult)
		onEvents(r.lines)
	}
	return cmp.Or(failed, ctx.Err())
}

func (r *Result) addLearner(t learnerResult) {
	r.Events += t.events
	r.Repeated += t.repeated
	r.Erased += t.erased
	countIf := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	countIf(&r.Learners, t.events > 0)
	countIf(&r.Profiles, t.profile)
	countIf(&r.Standings, t.standing)
	countIf(&r.Waiting, t.silent)
	countIf(&r.Woken, t.woken)
	if len(t.notes) > 0 && r.SkippedTraits == 0 {
		r.TraitNote = t.notes[0]
	}
	r.SkippedTraits += len(t.notes)
	if len(t.remarks) > 0 && r.Remarks == 0 {
		r.Remark = t.remarks[0]
	}
	r.Remarks += len(t.remarks)
}

// importLearner imports all there is of one learner. It tries again what failed: everything it does may be done twice.
func (run *importRun) importLearner(ctx context.Context, learner string, lines []inputLine) (t learnerResult, err error) {
	events, repeated, err := run.decodeLines(lines)
	remarks := remarksOn(run.Catalog, events)
	if err != nil || run.DryRun {
		return learnerResult{events: len(events), repeated: repeated, remarks: remarks}, err
	}
	for range attempts {
		t, err = run.applyEvents(ctx, learner, events)
		t.repeated = repeated
		t.remarks = remarks
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("taking learner %q in: %w", learner, err)
	}
	return t, err
}

// importedEvent is an event of an import, with its line.
type importedEvent struct {
	catalog.Decoded
	line int
}

// remarksOn says what cannot be used of the traits of events, and which of their properties look misspelt.
func remarksOn(known *catalog.Catalog, events []importedEvent) []string {
	var remarks []string
	for i := range events {
		for _, remark := range append(profile.Remarks(events[i].Traits), known.PropertyRemarks(&events[i].Event)...) {
			remarks = append(remarks, fmt.Sprintf("in line %d: %s", events[i].line, remark))
		}
	}
	return remarks
}

// decodeLines decodes a learner's events and sorts them by their time. The same id twice is one event.
func (run *importRun) decodeLines(lines []inputLine) (events []importedEvent, repeated int, err error) {
	ids := make(map[string]bool, len(lines))
	for _, l := range lines {
		d, bad := run.decodeEvent(l.body)
		if bad != nil { // it was good a moment ago
			return nil, 0, fmt.Errorf("line %d: %w", l.number, bad)
		}
		if ids[d.Event.ID] {
			repeated++
			continue
		}
		ids[d.Event.ID] = true
		events = append(events, importedEvent{Decoded: d, line: l.number})
	}
	slices.SortStableFunc(events, func(a, b importedEvent) int { return a.Event.Time.Compare(b.Event.Time) })
	return events, repeated, nil
}

// applyEvents writes what the events say into profile and standing, except events from before an erasure.
func (run *importRun) applyEvents(ctx context.Context, learner string, events []importedEvent) (learnerResult, error) {
	tombstone, erased, err := run.Store.Suppressions.Tombstone(ctx, learner)
	if err != nil {
		return learnerResult{}, err
	}
	var t learnerResult
	if erased { // what was published before must not bring them back
		since := slices.DeleteFunc(slices.Clone(events), func(r importedEvent) bool { return !r.Event.Time.After(tombstone.At) })
		t.erased = len(events) - len(since)
		events = since
	}
	if t.events = len(events); t.events == 0 {
		return t, nil
	}
	if err := run.applyToProfile(ctx, learner, events, &t); err != nil {
		return t, err
	}
	return t, run.applyToStanding(ctx, learner, events, &t)
}

// applyToProfile merges into the profile what the events say of the learner as a person. A provider report about mail
// concerns the address that was known at its time, so earlier traits are written before it.
func (run *importRun) applyToProfile(ctx context.Context, learner string, events []importedEvent, t *learnerResult) error {
	statements := make([]profile.Statement, len(events))
	for i := range events {
		r := &events[i]
		statements[i] = profile.StatementOf(&r.Event, r.Traits, r.Event.Time)
	}
	done := 0
	for _, update := range profile.Updates(statements) {
		if update.Feedback != (profile.Feedback{}) {
			if err := run.Store.Profiles.ApplyFeedback(ctx, learner, update.Feedback, update.At); err != nil {
				return err
			}
		}
		if err := run.mergeTraits(ctx, learner, events[done:update.Upto], t); err != nil {
			return err
		}
		done = update.Upto
	}
	return nil
}

// mergeTraits writes the traits of some events at once.
func (run *importRun) mergeTraits(ctx context.Context, learner string, events []importedEvent, t *learnerResult) error {
	if !slices.ContainsFunc(events, func(r importedEvent) bool { return len(r.Traits) > 0 }) {
		return nil
	}
	var notes []string
	var changed bool
	err := run.Store.Profiles.Change(ctx, learner, func(p *store.Profile) bool {
		now := *p
		notes = nil
		for _, r := range events {
			var skipped []string
			now, _, skipped = now.Merge(r.Traits, r.Event.Time)
			for _, note := range skipped {
				notes = append(notes, fmt.Sprintf("in line %d: %s", r.line, note))
			}
		}
		changed = !reflect.DeepEqual(now, *p)
		*p = now
		return changed
	})
	t.notes = append(t.notes, notes...)
	t.profile = t.profile || changed
	return err
}
