package store_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// losingStream loses every message after the second, and ends the context with the fourth.
type losingStream struct {
	jetstream.JetStream
	n      int
	cancel context.CancelFunc
}

// noAck is the confirmation of a lost message.
type noAck struct{ jetstream.PubAckFuture }

func (noAck) Ok() <-chan *jetstream.PubAck { return nil }
func (noAck) Err() <-chan error            { return nil }

func (d *losingStream) PublishMsgAsync(msg *nats.Msg, opts ...jetstream.PublishOpt) (jetstream.PubAckFuture, error) {
	if d.n++; d.n == 4 {
		defer d.cancel()
	}
	if d.n > 2 {
		return noAck{}, nil
	}
	return d.JetStream.PublishMsgAsync(msg, opts...)
}

// TestPublishSaysWhatIsNotStored: an ended context hides no message that NATS has not confirmed.
func TestPublishSaysWhatIsNotStored(t *testing.T) {
	_, js, _ := natstest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	d := &losingStream{
		JetStream: js,
		cancel:    cancel,
	}
	st, err := store.Open(t.Context(), d, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	d.n = 0
	if err := st.Decisions.Publish(ctx, []engine.Decision{
		{ID: "d1", At: monday, Learner: "u_1", Rule: "a", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "stage", Value: "first", Chain: 1}},
		{ID: "d3", At: monday, Learner: "u_1", Rule: "b", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "stage", Value: "last", Chain: 1}},
	}); err == nil {
		t.Errorf("Publish says all are stored; the trait is %v", readTrait(t, js, "u_1", "stage"))
	}
}
