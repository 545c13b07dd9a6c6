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

// Decisions publishes what was decided to the stream HOMEROOM_DECISIONS.
type Decisions struct{ js jetstream.JetStream }

// Publish stores decisions and returns when all are confirmed. Their ids make a repeat within the stream's window
// unheard; readers of the stream recognize later ones by the id in the message. After an error publish all of them
// again.
func (d *Decisions) Publish(ctx context.Context, decisions []engine.Decision) error {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout) // an answer that was lost with its connection never comes
	defer cancel()
	acks := make([]jetstream.PubAckFuture, 0, len(decisions))
	for i := range decisions {
		dec := &decisions[i]
		body, err := json.Marshal(dec)
		if err != nil {
			return fmt.Errorf("publish decision %s: %w", dec.ID, err)
		}
		msg := &nats.Msg{Subject: subjects.Decision(dec.Learner, dec.Rule, string(dec.Kind)), Data: body}
		ack, err := d.js.PublishMsgAsync(msg, jetstream.WithMsgID(dec.ID))
		if err != nil {
			return fmt.Errorf("publish decision %s: %w", dec.ID, err)
		}
		acks = append(acks, ack)
	}
	var failed error
	for i, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			failed = errors.Join(failed, fmt.Errorf("publish decision %s: %w", decisions[i].ID, err))
		case <-ctx.Done():
			return fmt.Errorf("publish decision %s: %w", decisions[i].ID, ctx.Err())
		}
	}
	return failed
}
