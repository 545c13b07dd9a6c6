package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/profile"
	"homeroom/store"
	"homeroom/subjects"
)

// laggard is a JetStream whose first message of a subject is under way until somebody asks whether it was confirmed, as one that the client tries again.
type laggard struct {
	jetstream.JetStream
	subject string
	lagged  bool
	lose    bool // it is lost instead
}

// PublishMsgAsync implements jetstream.Publisher.
func (l *laggard) PublishMsgAsync(msg *nats.Msg, opts ...jetstream.PublishOpt) (jetstream.PubAckFuture, error) {
	if msg.Subject != l.subject || l.lagged {
		return l.JetStream.PublishMsgAsync(msg, opts...)
	}
	l.lagged = true
	return &lateAck{of: l, msg: msg, opts: opts}, nil
}

// lateAck is the confirmation of a message that is published when it is asked for.
type lateAck struct {
	jetstream.PubAckFuture
	of   *laggard
	msg  *nats.Msg
	opts []jetstream.PublishOpt
	ack  *jetstream.PubAck
	err  error
}

func (a *lateAck) publishMessage() {
	if a.ack != nil || a.err != nil {
		return
	}
	if a.of.lose {
		a.err = errors.New("nats: timeout")
		return
	}
	a.ack, a.err = a.of.JetStream.PublishMsg(context.Background(), a.msg, a.opts...)
}

func (a *lateAck) Ok() <-chan *jetstream.PubAck {
	a.publishMessage()
	ok := make(chan *jetstream.PubAck, 1)
	if a.err == nil {
		ok <- a.ack
	}
	return ok
}

func (a *lateAck) Err() <-chan error {
	a.publishMessage()
	failed := make(chan error, 1)
	if a.err != nil {
		failed <- a.err
	}
	return failed
}

// TestTheLaterOfTwoTraitsCounts: two rules set a trait of a learner in one instant, and the first event is late, or is lost and published again; the profile ends as the
// last decision has it.
func TestTheLaterOfTwoTraitsCounts(t *testing.T) {
	decisions := []engine.Decision{
		{ID: "d1", At: monday, Learner: "u_1", Rule: "a", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "stage", Value: "first", Chain: 1}},
		{ID: "d2", At: monday, Learner: "u_1", Rule: "a", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "other", Value: "x", Chain: 1}},
		{ID: "d3", At: monday, Learner: "u_1", Rule: "b", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "stage", Value: "last", Chain: 1}},
		{ID: "d4", At: monday, Learner: "u_2", Rule: "b", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "stage", Value: "theirs", Chain: 1}},
	}
	for name, lose := range map[string]bool{"late": false, "lost": true} {
		t.Run(name, func(t *testing.T) {
			_, js, _ := natstest.Open(t)
			slow := &laggard{JetStream: js, subject: subjects.Publish("u_1", engine.EventTraitSet), lose: lose}
			st, err := store.Open(t.Context(), slow, store.OpenOptions{Secret: []byte("test")})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(st.Control.Close)
			err = st.Decisions.Publish(t.Context(), decisions)
			if (err != nil) != lose {
				t.Fatalf("published: %v", err)
			}
			if lose {
				if err := st.Decisions.Publish(t.Context(), decisions); err != nil {
					t.Fatal(err)
				}
			}
			if stage := readTrait(t, js, "u_1", "stage"); stage != "last" {
				t.Errorf("the trait is %v", stage)
			}
			if stage := readTrait(t, js, "u_2", "stage"); stage != "theirs" {
				t.Errorf("another learner's trait is %v", stage)
			}
		})
	}
}

// readTrait takes the events of a learner into a profile, as the triggers do, and returns a trait.
func readTrait(t *testing.T, js jetstream.JetStream, learner, trait string) any {
	t.Helper()
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	var p profile.Profile
	err = store.StreamReader{JS: js}.Read(t.Context(), subjects.Stream, []string{subjects.Stored(learner)}, func(m store.Message) error {
		_, whose, name, err := subjects.ParseStored(m.Subject)
		if err != nil {
			return err
		}
		d, refused := known.Decode(whose, name, m.Data, m.StoredAt)
		if refused != nil {
			return refused
		}
		said := profile.StatementOf(&d.Event, d.Traits, m.StoredAt)
		p, _, _ = p.Merge(said.Traits, said.At)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.AllTraits()[trait]
}
