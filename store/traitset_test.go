package store_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/subjects"
)

// TestATraitIsPublishedOnce: a decision that set a trait is an event of the learner, once however often it is published, in a form that the catalog reads; the decision of one
// that was not set is none.
func TestATraitIsPublishedOnce(t *testing.T) {
	_, js, st := natstest.Open(t)
	const learner = "auth0|7"
	decisions := []engine.Decision{
		{ID: "d1", At: monday, Learner: learner, Rule: "sleepers", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "stage", Value: "asleep", Chain: 1}},
		{ID: "d2", At: monday, Learner: learner, Rule: "sleepers", Kind: engine.KindSet, Set: &engine.TraitChange{Trait: "seats", Chain: 1}},
		{ID: "d3", At: monday, Learner: learner, Rule: "sleepers", Kind: engine.KindSkipped, Reason: engine.ReasonAlreadySet},
	}
	for range 2 { // as by a process that was killed before it noted that they are published
		if err := st.Decisions.Publish(t.Context(), decisions); err != nil {
			t.Fatal(err)
		}
	}
	counts := map[string]uint64{}
	for _, name := range []string{subjects.Stream, subjects.DecisionStream} {
		info, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		counts[name] = info.CachedInfo().State.Msgs
	}
	if counts[subjects.Stream] != 2 || counts[subjects.DecisionStream] != 3 {
		t.Fatalf("messages %v, want 2 events and 3 decisions", counts)
	}
	stream, err := js.Stream(t.Context(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	for seq, want := range []string{`map[chain:1 rule:sleepers trait:stage value:asleep]`, `map[chain:1 rule:sleepers trait:seats]`} {
		msg, err := stream.GetMsg(t.Context(), uint64(seq)+1)
		if err != nil {
			t.Fatal(err)
		}
		_, whose, name, err := subjects.ParseStored(msg.Subject)
		if err != nil || whose != learner || name != engine.EventTraitSet {
			t.Fatalf("subject %s: %s %s, %v", msg.Subject, whose, name, err)
		}
		d, refused := cat.Decode(whose, name, msg.Data, msg.Time)
		if refused != nil {
			t.Fatal(refused)
		}
		if got := fmt.Sprint(d.Event.Properties); got != want || !d.Event.Time.Equal(monday) || len(d.Traits) != 0 {
			t.Errorf("event %+v, want %s", d, want)
		}
		if id := msg.Header.Get(nats.MsgIdHdr); id != subjects.MsgID(learner, d.Event.ID) {
			t.Errorf("message id %s of the event %s", id, d.Event.ID)
		}
	}
	var kept engine.Decision
	decided, err := js.Stream(t.Context(), subjects.DecisionStream)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := decided.GetMsg(t.Context(), 1)
	if err == nil {
		err = json.Unmarshal(msg.Data, &kept)
	}
	if err != nil || kept.Set == nil || kept.Set.String() != "stage = asleep" {
		t.Errorf("the decision says %+v, %v", kept.Set, err)
	}
}
