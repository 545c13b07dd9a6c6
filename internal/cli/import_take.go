package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/profile"
	"homeroom/store"
	"homeroom/worker"
	"homeroom/workflows"
)

// importing takes learners in, as triggers would have, except that nothing is handed over.
type importing struct {
	store  *store.Store
	rules  *engine.Ruleset
	known  *catalog.Catalog
	now    time.Time
	dry    bool
	waker  *waker // nil: nobody is woken
	report importReport
}

const (
	takers = 32 // learners taken in at a time
	tries  = 3  // for each
)

// taken is what became of one learner's events.
type taken struct {
	events, repeated, erased int
	profile, standing        bool // changed
	silent, woken            bool
	notes                    []string
}

// take takes in what is in the drawers. The error names no learner that is not taken in: all that were before it are.
func (run *importing) take(ctx context.Context, in *drawers, told func(events int)) error {
	done := 0
	for i := range manyDrawers {
		learners, err := in.learners(i)
		if err != nil {
			return err
		}
		if err := run.takeAll(ctx, learners, func(events int) { done += events; told(done) }); err != nil {
			return err
		}
	}
	return nil
}

// takeAll takes in the learners of one drawer, several at a time.
func (run *importing) takeAll(ctx context.Context, learners map[string][]line, told func(events int)) error {
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
		taken
		lines int
		err   error
	}
	results := make(chan result)
	var wg sync.WaitGroup
	for range takers {
		wg.Go(func() {
			for learner := range names {
				t, err := run.learner(ctx, learner, learners[learner])
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
		run.report.add(r.taken)
		told(r.lines)
	}
	return cmp.Or(failed, ctx.Err())
}

func (r *importReport) add(t taken) {
	r.Events = r.Events + t.events
	r.Repeated = r.Repeated + t.repeated
	r.Erased = r.Erased + t.erased
	one := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	one(&r.Learners, t.events > 0)
	one(&r.Profiles, t.profile)
	one(&r.Standings, t.standing)
	one(&r.Waiting, t.silent)
	one(&r.Woken, t.woken)
	if len(t.notes) > 0 && r.Untaken == 0 {
		r.UntakenNote = t.notes[0]
	}
	r.Untaken += len(t.notes)
}

// learner takes in all there is of one learner. What fails is tried again: everything it does may be done twice.
func (run *importing) learner(ctx context.Context, learner string, lines []line) (t taken, err error) {
	events, repeated, err := run.events(lines)
	if err != nil || run.dry {
		return taken{events: len(events), repeated: repeated}, err
	}
	for range tries {
		t, err = run.once(ctx, learner, events)
		t.repeated = repeated
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("taking learner %q in: %w", learner, err)
	}
	return t, err
}

// recorded is an event of an import.
type recorded struct {
	catalog.Decoded
	line int
}

// events decodes a learner's events and sorts them by their time. The same id twice is one event.
func (run *importing) events(lines []line) (events []recorded, repeated int, err error) {
	ids := make(map[string]bool, len(lines))
	for _, l := range lines {
		d, bad := run.decode(l.body)
		if bad != nil { // it was good a moment ago
			return nil, 0, fmt.Errorf("line %d: %w", l.number, bad)
		}
		if ids[d.Event.ID] {
			repeated++
			continue
		}
		ids[d.Event.ID] = true
		events = append(events, recorded{d, l.number})
	}
	slices.SortStableFunc(events, func(a, b recorded) int { return a.Event.Time.Compare(b.Event.Time) })
	return events, repeated, nil
}

func (run *importing) once(ctx context.Context, learner string, events []recorded) (taken, error) {
	tombstone, erased, err := run.store.Suppressions.Tombstone(ctx, learner)
	if err != nil {
		return taken{}, err
	}
	var t taken
	if erased { // what was published before must not bring them back
		since := slices.DeleteFunc(slices.Clone(events), func(r recorded) bool { return !r.Event.Time.After(tombstone.At) })
		t.erased = len(events) - len(since)
		events = since
	}
	if t.events = len(events); t.events == 0 {
		return t, nil
	}
	if err := run.person(ctx, learner, events, &t); err != nil {
		return t, err
	}
	return t, run.standing(ctx, learner, events, &t)
}

// person takes into the profile what the events say of the learner as a person. What came back about mail goes, as ever,
// to the address that was known until then.
func (run *importing) person(ctx context.Context, learner string, events []recorded, t *taken) error {
	var said []recorded
	tell := func() error {
		if len(said) == 0 {
			return nil
		}
		var notes []string
		var changed bool
		err := run.store.Profiles.Change(ctx, learner, func(p *store.Profile) bool {
			now := *p
			notes = nil
			for _, r := range said {
				var untaken []string
				now, _, untaken = now.Merge(r.Traits, r.Event.Time)
				for _, note := range untaken {
					notes = append(notes, fmt.Sprintf("in line %d: %s", r.line, note))
				}
			}
			changed = !reflect.DeepEqual(now, *p)
			*p = now
			return changed
		})
		t.notes = append(t.notes, notes...)
		t.profile = t.profile || changed
		said = nil
		return err
	}
	for _, r := range events {
		if f := profile.FeedbackOf(r.Event.Name, r.Event.Properties); f != (profile.Feedback{}) {
			if err := tell(); err != nil {
				return err
			}
			if err := run.store.Profiles.ApplyFeedback(ctx, learner, f, r.Event.Time); err != nil {
				return err
			}
		}
		if len(r.Traits) > 0 {
			said = append(said, r)
		}
	}
	return tell()
}

// standing takes the events into the standing.
func (run *importing) standing(ctx context.Context, learner string, events []recorded, t *taken) error {
	err := run.store.Standings.Update(ctx, learner, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		before, errBefore := json.Marshal(st)
		run.apply(st, events)
		after, errAfter := json.Marshal(st)
		t.standing = errors.Join(errBefore, errAfter) != nil || !bytes.Equal(before, after)
		_, t.silent = engine.FirstSilence(run.rules, st, run.now)
		return t.standing, owed
	})
	if err != nil || !t.silent || run.waker == nil {
		return err
	}
	t.woken = true
	return run.waker.wake(ctx, learner, run.rules.Hash)
}

// apply takes events into a standing so that it makes no difference how often. What is counted is counted apart: a
// standing recognizes only the last few of the events that it counted.
func (run *importing) apply(st *engine.Standing, events []recorded) {
	uncounted := *run.rules
	uncounted.Counted = nil
	counted := &engine.Standing{}
	for i := range events {
		ev := &events[i].Event
		st.Apply(ev, &uncounted, ev.Time)
		if run.rules.Counted[ev.Name] > 0 {
			counted.Apply(ev, run.rules, ev.Time)
		}
	}
	if first := events[0].Event.Time; first.Before(st.FirstSeenAt) {
		st.FirstSeenAt = first
	}
	for name, days := range counted.Counts {
		if st.Counts == nil {
			st.Counts = map[string]*engine.Days{}
		}
		st.Counts[name] = mostOf(st.Counts[name], days)
	}
	if len(st.CountedIDs) == 0 {
		st.CountedIDs = counted.CountedIDs
	}
}

// mostOf counts, per day, what the one or the other has counted: the same events, as far as both know of them.
func mostOf(a, b *engine.Days) *engine.Days {
	if a == nil || len(a.N) == 0 {
		return b
	}
	last := max(a.Last, b.Last)
	most := &engine.Days{Last: last, N: make([]int, min(90, max(last-a.Last+len(a.N), last-b.Last+len(b.N))))}
	for i := range most.N {
		for _, d := range []*engine.Days{a, b} {
			if at := d.Last - (last - i); at >= 0 && at < len(d.N) {
				most.N[i] = max(most.N[i], d.N[at])
			}
		}
	}
	return most
}

// wakesPerSecond is how many learners are woken at the most: each of them decides something.
const wakesPerSecond = 200

// waker has learners' workflows look at their standing, as a publication of new rules does.
type waker struct {
	starter *worker.Starter
	pace    *time.Ticker
}

func newWaker(temporal client.Client) *waker {
	return &waker{starter: worker.NewStarter(temporal), pace: time.NewTicker(time.Second / wakesPerSecond)}
}

func (w *waker) wake(ctx context.Context, learner, hash string) error {
	select {
	case <-w.pace.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return w.starter.HandOver(ctx, workflows.Batch{
		Learner:   learner,
		Partition: store.PartitionOf(learner),
		Events:    []engine.Event{},
		Published: &engine.Published{Hash: hash, InFlight: engine.InFlightFinish},
	})
}
