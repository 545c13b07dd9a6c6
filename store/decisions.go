package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/subjects"
)

// Decisions publishes what was decided to the stream HOMEROOM_DECISIONS, and the traits that rules set as events to the stream LEARNING.
type Decisions struct{ js jetstream.JetStream }

// Publish stores decisions and returns when all are confirmed. Their ids make a repeat within the stream's window
// unheard; readers of the stream recognize later ones by the id in the message. After an error publish all of them
// again. A decision that set a trait is published as an event of the learner first, whose id follows from the decision's: so it is in the stream before whoever decided
// forgets that it is to be published. Two events about one trait of a learner are in the stream in the order of the decisions, also if the first has to be published
// again: they may have the same time, and then the later one counts.
func (d *Decisions) Publish(ctx context.Context, decisions []engine.Decision) error {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout) // an answer that was lost with its connection never comes
	defer cancel()
	sent := make([]unconfirmed, 0, len(decisions))
	traits := map[learnersTrait]int{} // where in sent the last event about each is
	for i := range decisions {
		dec := &decisions[i]
		if ev, set := dec.TraitEvent(); set {
			trait := learnersTrait{learner: dec.Learner, name: dec.Set.Trait}
			if before, twice := traits[trait]; twice {
				if err := sent[before].awaitConfirmation(ctx); err != nil {
					return err
				}
			}
			traits[trait] = len(sent)
			msg, err := eventMessage(&ev)
			if err != nil {
				return err
			}
			if sent, err = d.publishMessage(sent, msg, "event "+ev.ID, subjects.MsgID(ev.Learner, ev.ID)); err != nil {
				return err
			}
		}
		body, err := json.Marshal(dec)
		if err != nil {
			return fmt.Errorf("publish decision %s: %w", dec.ID, err)
		}
		msg := &nats.Msg{Subject: subjects.Decision(dec.Learner, dec.Rule, string(dec.Kind)), Data: body}
		if sent, err = d.publishMessage(sent, msg, "decision "+dec.ID, dec.ID); err != nil {
			return err
		}
	}
	var failed error
	for i := range sent {
		if err := sent[i].awaitConfirmation(ctx); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// learnersTrait is a trait of a learner.
type learnersTrait struct{ learner, name string }

// unconfirmed is a message that waits to be confirmed.
type unconfirmed struct {
	what      string // for errors
	ack       jetstream.PubAckFuture
	confirmed bool // ack has said so, which it does once
}

// awaitConfirmation returns when the stream has the message.
func (u *unconfirmed) awaitConfirmation(ctx context.Context) error {
	if u.confirmed {
		return nil
	}
	select {
	case <-u.ack.Ok():
		u.confirmed = true
		return nil
	case err := <-u.ack.Err():
		return fmt.Errorf("publish %s: %w", u.what, err)
	case <-ctx.Done():
		return fmt.Errorf("publish %s: %w", u.what, ctx.Err())
	}
}

// publishMessage hands a message over, whose confirmation is still to come.
func (d *Decisions) publishMessage(sent []unconfirmed, msg *nats.Msg, what, id string) ([]unconfirmed, error) {
	ack, err := d.js.PublishMsgAsync(msg, jetstream.WithMsgID(id))
	if err != nil {
		return sent, fmt.Errorf("publish %s: %w", what, err)
	}
	return append(sent, unconfirmed{what: what, ack: ack}), nil
}

// eventMessage returns an event of a learner as it is published.
func eventMessage(ev *engine.Event) (*nats.Msg, error) {
	body, err := json.Marshal(nativeEvent{ID: ev.ID, Time: ev.Time.UTC(), Properties: ev.Properties})
	if err != nil {
		return nil, fmt.Errorf("publish %s %s: %w", ev.Name, ev.ID, err)
	}
	return &nats.Msg{Subject: subjects.Publish(ev.Learner, ev.Name), Data: body}, nil
}
