package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// ErrNoStream says that the NATS server has no stream for events. Its text says what to do.
var ErrNoStream = errors.New("NATS has no stream " + subjects.Stream + " yet: start `homeroom serve` against this NATS once")

// Events publishes events to the stream LEARNING, as a learning platform does.
type Events struct{ js jetstream.JetStream }

// Publish stores one event of a learner, or of [subjects.NoLearner], and returns when it is confirmed. The same id again
// within [DuplicatesWindow] is unheard, and later ones are known by their id; after an error publish it again. at is
// when it happened. Properties are JSON values.
func (e *Events) Publish(ctx context.Context, learner, event, id string, at time.Time, properties map[string]any) error {
	if learner != subjects.NoLearner {
		if err := subjects.ValidLearner(learner); err != nil {
			return fmt.Errorf("publish %s: %w", event, err)
		}
	}
	if event == "" || id == "" {
		return fmt.Errorf("publish an event: it needs a name (%q) and an id (%q)", event, id)
	}
	body, err := json.Marshal(nativeEvent{ID: id, Time: at.UTC(), Properties: properties})
	if err != nil {
		return fmt.Errorf("publish %s %s: %w", event, id, err)
	}
	msg := &nats.Msg{Subject: subjects.Publish(learner, event), Data: body}
	_, err = e.js.PublishMsg(ctx, msg, jetstream.WithMsgID(subjects.MsgID(learner, id)))
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		return fmt.Errorf("publish %s %s: %w", event, id, ErrNoStream)
	}
	if err != nil {
		return fmt.Errorf("publish %s %s: %w", event, id, err)
	}
	return nil
}

// nativeEvent is Homeroom's own form of an event's body; learner and name are in the subject.
type nativeEvent struct {
	ID         string         `json:"id"`
	Time       time.Time      `json:"time"`
	Properties map[string]any `json:"properties,omitempty"`
}
