package triggers

import (
	"context"
	"errors"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/profile"
	"homeroom/subjects"
)

// Reasons of dead letters besides the catalog's codes.
const (
	CodeBadSubject = "bad_subject" // the subject is not learning.<learner>.<event>
	CodeCrashed    = "crashed"     // Homeroom itself failed on this event
	CodeRefused    = "refused"     // the workflow service will never take it
)

// errNoRuleset says that it is not known yet which events are wanted.
var errNoRuleset = errors.New("no ruleset has been published yet")

// decodedItem is one event on its way from message to hand-over.
type decodedItem struct {
	*item
	event  engine.Event
	traits map[string]any
	wanted bool
	// many reports that the event has no learner and that a rule may concern many learners for its sake; staff, that staff may hear of it.
	many  bool
	staff bool
	// ignored: a source knows the body and does not want it. Nothing else is known of it.
	ignored bool
	dead    *catalog.DecodeError // why it becomes a dead letter, if it does
	merged  bool                 // the other id that it names has been merged into the learner
}

// serveLane works on the lane's first turn, then on what has queued up until there is nothing left.
func (p *partition) serveLane(ln *lane) {
	if ln.aside && p.serveSetAside(ln) != nil {
		p.lanes.giveUp(ln)
		return
	}
	for more := len(ln.turn.items) > 0 || p.lanes.nextTurn(ln); more; more = p.lanes.nextTurn(ln) {
		err := p.processTurn(ln)
		failed := (*laneFailure)(nil)
		if errors.As(err, &failed) {
			err = p.setLaneAside(ln, failed)
		}
		if err != nil {
			p.lanes.giveUp(ln)
			return
		}
		if ln.turn.handedOver {
			p.waitForPace()
		}
	}
}

// waitForPace waits for Pace after a hand-over. The lane stays meanwhile, so that what arrives is handed over together: a run can take few signals a
// second.
func (p *partition) waitForPace() {
	wait := p.t.o.Clock.Wait(p.t.o.Pace)
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.stopping:
	}
}

// processTurn finishes a lane's turn. The error is errStopping, and what is not finished then has to be sent back; or a laneFailure, and the learner is to
// be set aside.
func (p *partition) processTurn(l *lane) error {
	err := p.retryUntilDone("noting events", l.learner, p.t.noting, l, func(ctx context.Context) error { return p.noteEvents(ctx, l) })
	if err != nil {
		return err
	}
	if l.turn.mergedInto != "" {
		return p.redirectTurn(l)
	}
	var wanted, withoutLearner, dead []*decodedItem
	var unneeded []*item
	for _, e := range l.turn.events {
		switch {
		case e.dead != nil:
			dead = append(dead, e)
		case e.ignored:
			unneeded = append(unneeded, e.item)
			p.t.count.ignored.Add(1)
		case e.wanted:
			wanted = append(wanted, e)
		case e.many, e.staff:
			withoutLearner = append(withoutLearner, e)
		default:
			unneeded = append(unneeded, e.item)
			if e.learner == subjects.NoLearner {
				p.t.count.noLearner.Add(1)
			} else {
				p.t.count.unneeded.Add(1)
			}
		}
	}
	p.buffer.acknowledgeItems(unneeded...)
	l.turn.handedOver = len(wanted) > 0
	refused, err := p.handOver(l, wanted)
	if err != nil {
		return err
	}
	if err := p.handOverWithoutLearner(withoutLearner); err != nil {
		return err
	}
	return p.storeDeadLetters(l, append(dead, refused...))
}

// decodeItems reads bodies. It never fails: what cannot be read is marked dead.
func (p *partition) decodeItems(cat *catalog.Catalog, items []*item) []*decodedItem {
	reads := make([]decodedItem, len(items))
	events := make([]*decodedItem, len(items))
	for i, it := range items {
		e := &reads[i]
		e.item = it
		events[i] = e
		if it.problem != nil {
			e.dead = &catalog.DecodeError{Code: CodeBadSubject, Message: it.problem.Error(), Hint: "publish to learning.<learner>.<event>"}
			continue
		}
		storedAt := p.t.o.Clock.At(it.storedAt)
		err := catchPanic(func() error {
			if it.learner == subjects.NoLearner {
				p.decodeWithoutLearner(cat, e, storedAt)
				return nil
			}
			decoded, bad := cat.DecodeMessage(it.learner, it.name, it.msg.Headers(), it.msg.Data(), storedAt)
			if bad != nil {
				e.noteProblem(bad)
				return nil
			}
			e.event = decoded.Event
			e.traits = decoded.Traits
			p.t.count.remarks.Add(int64(len(profile.Remarks(decoded.Traits)) + len(cat.PropertyRemarks(&decoded.Event))))
			e.event.Learner = it.learner
			e.event.Seq = it.seq
			e.event.StoredAt = storedAt
			e.event.Stream = p.madeOf(it)
			return nil
		})
		if err != nil {
			e.dead = p.crashedDeadLetter(it, err)
		}
	}
	return events
}

// noteProblem notes why a body cannot be used: it becomes a dead letter, or is ignored. nil: it can be used.
func (e *decodedItem) noteProblem(problem *catalog.DecodeError) {
	e.ignored = problem.IsIgnored()
	if !e.ignored {
		e.dead = problem
	}
}

// madeOf returns when the stream was made that held a message first, in Unix seconds.
func (p *partition) madeOf(it *item) int64 {
	if it.made != 0 {
		return it.made
	}
	return p.made
}

func (p *partition) crashedDeadLetter(it *item, err error) *catalog.DecodeError {
	attributes := []any{"subject", it.subject, "sequence", it.seq, "error", err}
	if c := (*caughtPanic)(nil); errors.As(err, &c) {
		attributes = append(attributes, "stack", string(c.stack))
	}
	p.log.Error("Homeroom failed on an event; it becomes a dead letter", attributes...)
	return &catalog.DecodeError{Code: CodeCrashed, Message: "Homeroom failed on this event", Hint: "report it; publish it again after an upgrade"}
}

// noteEvents reads the lane's turn, takes it into the learner's profile and standing, and finds out which events are wanted.
// When it returns without an error the store has both, the standing with one write however many events there are, and a second
// one if there were moves to count. While a backlog is read, lanes wait for a free slot before they get here, so what has queued up in that time
// joins the turn.
func (p *partition) noteEvents(ctx context.Context, l *lane) error {
	cat := p.t.o.Catalog()
	rs := p.t.o.Ruleset()
	if cat == nil || rs == nil {
		return errNoRuleset
	}
	p.lanes.extendTurn(l)
	t := &l.turn
	t.events = append(t.events, p.decodeItems(cat, t.items[len(t.events):])...)
	readable := slices.DeleteFunc(slices.Clone(t.events), func(e *decodedItem) bool { return e.dead != nil || e.ignored })
	if l.learner == subjects.NoLearner || len(readable) == 0 {
		return nil
	}
	if err := p.updateProfile(ctx, l); err != nil {
		return err
	}
	if err := p.mergePrevious(ctx, l, readable); err != nil {
		return err
	}
	var moves []engine.Move
	merged := false
	err := p.t.o.Standings.Update(ctx, l.learner, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		if merged = st.MergedInto != ""; merged {
			return false, owed
		}
		write, owe := p.applyEvents(rs, st, owed, readable)
		moves = slices.Clone(st.Moves)
		return write, owe
	})
	if err == nil && merged && p.t.o.Merges != nil {
		t.mergedInto, err = p.t.o.Merges.MergedInto(ctx, l.learner)
		return err
	}
	if err != nil || len(moves) == 0 || p.t.o.Paths == nil {
		return err
	}
	return p.countMoves(ctx, l.learner, moves)
}

// countMoves has a learner's moves counted, and takes them out of the standing, which holds them until then: so none is lost if the process dies in
// between. It comes before the events are acknowledged: a move that was counted and is still in the standing comes again soon, while store.Paths still
// recognizes it as counted.
func (p *partition) countMoves(ctx context.Context, learner string, moves []engine.Move) error {
	if err := p.t.o.Paths.Count(ctx, p.number, p.buffer.acked.Load(), moves); err != nil {
		return err
	}
	return p.t.o.Standings.Update(ctx, learner, func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		return st.DropMoves(moves), owed
	})
}

// updateProfile takes into the learner's profile what the turn's events say of them as a person, in as few writes as keep their order; where an event only
// repeats what is known, it costs one read.
func (p *partition) updateProfile(ctx context.Context, l *lane) error {
	t := &l.turn
	done := t.profiled
	statements := make([]profile.Statement, 0, len(t.events)-done)
	for _, e := range t.events[done:] {
		statements = append(statements, e.statement())
	}
	for _, update := range profile.Updates(statements) {
		if update.Feedback != (profile.Feedback{}) { // applied again, it changes nothing
			if err := p.t.o.Profiles.ApplyFeedback(ctx, l.learner, update.Feedback, update.At); err != nil {
				return err
			}
		}
		if err := p.mergeTraits(ctx, l.learner, update.Traits); err != nil {
			return err
		}
		t.profiled = done + update.Upto
	}
	t.profiled = len(t.events)
	return nil
}

// statement is what an event says of a person; one that cannot be read, or is ignored, says nothing.
func (e *decodedItem) statement() profile.Statement {
	if e.dead != nil || e.ignored {
		return profile.Statement{}
	}
	return profile.StatementOf(&e.event, e.traits, e.event.StoredAt)
}

// mergeTraits takes traits into the learner's profile.
func (p *partition) mergeTraits(ctx context.Context, learner string, statements []profile.Statement) error {
	if len(statements) == 0 {
		return nil
	}
	notes, err := p.t.o.Profiles.MergeAll(ctx, learner, func(yield func(map[string]any, time.Time) bool) {
		for _, s := range statements {
			if !yield(s.Traits, s.At) {
				return
			}
		}
	})
	if len(notes) > 0 {
		p.log.Warn("some traits were not taken in", "learner", learner, "from", statements[0].At, "to", statements[len(statements)-1].At, "notes", notes[:min(3, len(notes))])
	}
	return err
}

// maxOwed bounds the list of owed events in a standing. A turn's events may all be owed; those of earlier turns have been
// handed over.
const maxOwed = maxTurn

// applyEvents takes the events into the standing and asks for each whether a rule wants it. The answer may depend on what the
// event changed (it ended a silence, it was the learner's first), and applied a second time it changes nothing. So
// the sequences of such events, the owed ones, are written together with the change they made, and should the process die between the
// write and the hand-over, they are wanted again. They are forgotten once the consumer's floor has passed them.
func (p *partition) applyEvents(rs *engine.Ruleset, st *engine.Standing, owed []uint64, events []*decodedItem) (write bool, owe []uint64) {
	acked := p.buffer.acked.Load()
	for _, e := range events { // what was set aside is acknowledged, and may still be owed
		acked = min(acked, e.seq-1)
	}
	for _, seq := range owed {
		if seq > acked {
			owe = append(owe, seq)
		}
	}
	for _, e := range events {
		// This may be a second try. wanted is not reset: the first may have applied the event, and Wants may say no to an event that changes nothing.
		e.dead = nil
		err := catchPanic(func() error {
			change := st.Apply(&e.event, rs, e.event.StoredAt)
			st.ApplyTraits(e.statement().Traits, rs, &change)
			switch {
			case slices.Contains(owed, e.seq):
				e.wanted = true
			case rs.WantsOf(st, &e.event, &change):
				e.wanted = true
				if !rs.WantsWhatever(&e.event, change.Course) {
					owe = append(owe, e.seq)
					write = true
				}
			}
			write = write || change.Changed
			return nil
		})
		if err != nil {
			e.dead = p.crashedDeadLetter(e.item, err)
		}
	}
	return write, owe[max(0, len(owe)-maxOwed):]
}

// handOver gives the wanted events to the learner's workflow, batch by batch, each until it is accepted. It returns
// those that will never be.
func (p *partition) handOver(ln *lane, wanted []*decodedItem) (refused []*decodedItem, err error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	events := make([]engine.Event, len(wanted))
	rs := p.t.o.Ruleset()
	for i, e := range wanted {
		events[i] = stripEvent(e.event, rs)
	}
	learner := ln.learner
	done := 0
	for _, n := range splitEvents(events) {
		last := events[done+n-1]
		b := Batch{
			Learner:   learner,
			Partition: p.number,
			Events:    events[done : done+n],
			// Another event may have been stored in the same nanosecond.
			Watermark: last.StoredAt.Add(-time.Nanosecond),
		}
		batch := wanted[done : done+n]
		done += n
		err := p.retryUntilDone("handing over", learner, p.t.handing, ln, func(ctx context.Context) error {
			return p.t.o.Starter.HandOver(ctx, b)
		})
		switch {
		case errors.Is(err, ErrRefused):
			p.log.Error("events were refused for good; they become dead letters", "learner", learner, "events", n, "error", err)
			for _, e := range batch {
				e.dead = &catalog.DecodeError{Code: CodeRefused, Message: "the workflow service refuses this event for good"}
				refused = append(refused, e)
			}
			continue
		case err != nil:
			return nil, err
		}
		if err := p.redirectLate(ln, batch); err != nil {
			return nil, err
		}
		p.t.count.handedOver.Add(int64(n))
		finished := make([]*item, n)
		for i, e := range batch {
			finished[i] = e.item
		}
		p.buffer.acknowledgeItems(finished...)
	}
	return refused, nil
}
