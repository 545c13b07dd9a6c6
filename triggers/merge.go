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
	// Merge makes the records of previous part of those of into, and ends its workflow. It may be called again after an error or a success, and does then what is
	// left to do. ok is false if previous belongs to another learner already, who keeps it. The error of a learner who was merged meanwhile is ErrMerged, that of
	// one who has no room for the other's ids ErrTooManyIDs.
	Merge(ctx context.Context, previous, into string, rs *engine.Ruleset) (left Leftover, ok bool, err error)
	// MergedInto returns, from the store, the id under which a learner goes on; empty: this one.
	MergedInto(ctx context.Context, learner string) (string, error)
}

// Leftover is what the workflow of an id left behind that was merged into another.
type Leftover struct {
	Memory *engine.Memory // what it remembered; nil: nothing
	// Overtaken are the sequences of events that were handed over to it before the merge and not decided.
	Overtaken []uint64
}

// maxMerging is how many merges of two ids a process has under way. A merge asks a workflow, so without workers it lasts until its try is given up. Each holds a slot of
// Triggers.noting, and the limit is far below the number of these slots, so that other lanes can go on noting events.
const maxMerging = 8

// errMergesFull says that a merge has to wait for others. It is tried again like any step that failed.
var errMergesFull = fmt.Errorf("%w: %d merges of two ids are under way", ErrUnavailable, maxMerging)

// mergeOne makes one learner of two ids, unless too many others are being merged: it does not wait for them, because its lane has a place that others need.
func (t *Triggers) mergeOne(ctx context.Context, previous, into string) (left Leftover, ok bool, err error) {
	select {
	case t.merging <- struct{}{}:
	default:
		return Leftover{}, false, errMergesFull
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
		left, ok, err := p.t.mergeOne(ctx, previous, l.learner)
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
		if err := p.redirectOvertaken(ctx, previous, l.learner, left.Overtaken); err != nil {
			return fmt.Errorf("publish events of another id under the learner's: %w", err)
		}
		e.event.Absorbed = left.Memory
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
		return p.publishUnder(ctx, catalog.Decoded{Event: e.event, Traits: e.traits}, into)
	})
}

// publishUnder publishes an event under an id, with the id of the event as it was.
func (p *partition) publishUnder(ctx context.Context, d catalog.Decoded, into string) error {
	d.Event.Learner = into
	body, err := p.t.o.Catalog().Encode(d)
	if err != nil {
		return err
	}
	msg := &nats.Msg{Subject: subjects.Publish(into, d.Event.Name), Data: body}
	_, err = p.t.o.JS.PublishMsg(ctx, msg, jetstream.WithMsgID(subjects.MsgID(into, d.Event.ID)))
	return err
}

// redirectOvertaken publishes events of another id under the id that stays, as the stream has them. One that the stream has no more was erased.
func (p *partition) redirectOvertaken(ctx context.Context, previous, into string, sequences []uint64) error {
	for _, seq := range sequences {
		msg, err := p.stream.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		_, learner, name, problem := subjects.ParseStored(msg.Subject)
		if problem != nil || learner != previous { // the stream was made anew meanwhile
			continue
		}
		decoded, bad := p.t.o.Catalog().DecodeMessage(learner, name, msg.Header, msg.Data, p.t.o.Clock.At(msg.Time))
		if bad != nil {
			p.log.Error("an event of a merged id cannot be read any more", "learner", learner, "sequence", seq, "error", bad.Message)
			continue
		}
		if err := p.publishUnder(ctx, decoded, into); err != nil {
			return err
		}
	}
	return nil
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
