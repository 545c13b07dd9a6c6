package triggers

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/subjects"
)

// ErrMerged says that the learner who was to take over another id goes on under another one.
var ErrMerged = errors.New("the learner goes on under another id")

// ErrTooManyIDs says that a learner takes over no other id, because they would have more than [engine.MaxPrevious] then.
var ErrTooManyIDs = errors.New("the learner would have too many other ids")

// Merges makes one learner of two ids; see user.aliased in docs/events.md.
//
// The events of an id that was merged are published again under the id that stays, by the lane of the id that was merged. Whether it was is in its standing,
// so a lane that writes the standing cannot miss it; one that only hands events over asks for it once more after that. An event that is in the memory which the
// other learner took over, and is published again all the same, is recognized there by its id. So each is handed to the one learner once, whenever a process
// dies.
type Merges interface {
	// Merge makes the records of previous part of those of into, and ends its workflow. memory is what that remembered, nil: nothing. It may be called again
	// after an error or a success, and does then what is left to do. ok is false if previous belongs to another learner already, who keeps it. The error of a
	// learner who was merged meanwhile is ErrMerged, that of one who has no room for the other's ids ErrTooManyIDs.
	Merge(ctx context.Context, previous, into string, rs *engine.Ruleset) (memory *engine.Memory, ok bool, err error)
	// MergedInto returns, from the store, the id under which a learner goes on; empty: this one.
	MergedInto(ctx context.Context, learner string) (string, error)
}

// maxMerging is how many merges of two ids a process has under way. One asks a workflow, so without workers it lasts until its try is given up; few of the places
// of those who note events are taken by such ones.
const maxMerging = 8

// errMergesFull says that a merge has to wait for others. It is tried again like any step that failed.
var errMergesFull = fmt.Errorf("%w: %d merges of two ids are under way", ErrUnavailable, maxMerging)

// mergeOne makes one learner of two ids, unless too many others are being merged: it does not wait for them, because its lane has a place that others need.
func (t *Triggers) mergeOne(ctx context.Context, previous, into string) (memory *engine.Memory, ok bool, err error) {
	select {
	case t.merging <- struct{}{}:
	default:
		return nil, false, errMergesFull
	}
	defer func() { <-t.merging }()
	return t.o.Merges.Merge(ctx, previous, into, t.o.Ruleset())
}

// mergePrevious makes the learner one with the ids that the turn's events name as theirs.
func (p *partition) mergePrevious(ctx context.Context, l *lane, events []*decodedItem) error {
	if p.t.o.Merges == nil {
		return nil
	}
	for _, e := range events {
		previous := engine.PreviousOf(&e.event)
		if e.merged || previous == "" || subjects.ValidLearner(previous) != nil {
			continue
		}
		memory, ok, err := p.t.mergeOne(ctx, previous, l.learner)
		if errors.Is(err, ErrMerged) {
			return nil // the turn is published again, and the one learner merges it
		}
		full := errors.Is(err, ErrTooManyIDs)
		if err != nil && !full {
			return fmt.Errorf("merge another id into a learner: %w", err)
		}
		switch {
		case full:
			p.log.Warn("an event names an id that is not merged, because the learner would have too many; both go on as they are", "learner", l.learner, "previous", previous,
				"event_id", e.event.ID, "max", engine.MaxPrevious)
		case !ok:
			p.log.Warn("an event names an id that belongs to another learner already, who keeps it", "learner", l.learner, "previous", previous, "event_id", e.event.ID)
		}
		e.event.Absorbed = memory
		e.merged = true
	}
	return nil
}

// redirectTurn publishes a turn's events under the id under which the learner goes on, and acknowledges them. What cannot be read stays the id's own dead letter.
func (p *partition) redirectTurn(l *lane) error {
	var dead []*decodedItem
	for _, e := range l.turn.events {
		switch {
		case e.dead != nil:
			dead = append(dead, e)
			continue
		case e.ignored:
			p.t.count.ignored.Add(1)
		default:
			if err := p.redirectEvent(l, e, l.turn.mergedInto); err != nil {
				return err
			}
		}
		p.buffer.acknowledgeItems(e.item)
	}
	return p.storeDeadLetters(l, dead)
}

// redirectEvent publishes an event under another id.
func (p *partition) redirectEvent(l *lane, e *decodedItem, into string) error {
	return p.retryUntilDone("publishing an event under the learner's other id", l.learner, p.t.noting, l, func(ctx context.Context) error {
		ev := e.event
		ev.Learner = into
		body, err := p.t.o.Catalog().Encode(catalog.Decoded{Event: ev, Traits: e.traits})
		if err != nil {
			return err
		}
		msg := &nats.Msg{Subject: subjects.Publish(into, ev.Name), Data: body}
		_, err = p.t.o.JS.PublishMsg(ctx, msg, jetstream.WithMsgID(subjects.MsgID(into, ev.ID)))
		return err
	})
}

// redirectLate publishes events that were just handed over under another id too, if the learner was merged into it meanwhile: their workflow may have ended before.
func (p *partition) redirectLate(ln *lane, events []*decodedItem) error {
	if p.t.o.Merges == nil {
		return nil
	}
	into := ""
	err := p.retryUntilDone("asking under which id a learner goes on", ln.learner, p.t.noting, ln, func(ctx context.Context) (err error) {
		into, err = p.t.o.Merges.MergedInto(ctx, ln.learner)
		return err
	})
	if err != nil || into == "" {
		return err
	}
	for _, e := range events {
		if err := p.redirectEvent(ln, e, into); err != nil {
			return err
		}
	}
	return nil
}
