package store_test

import (
	"reflect"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

func TestWhoseAddressIsSuppressedAndWhatTheyForbid(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	for learner, traits := range map[string]map[string]any{
		"ada": {"email": "ada@example.org"},
		"ben": {"email": "Ada@Example.org", "consent": false},
		"cy":  {"email": "cy@example.org"},
	} {
		if _, err := st.Profiles.Merge(ctx, learner, traits, minute(0)); err != nil {
			t.Fatal(err)
		}
	}
	done(t, st.People.Leave(ctx, "ada", "offers", minute(1)))
	done(t, st.People.Leave(ctx, "ada", "", minute(2)))
	done(t, st.Suppressions.Add(ctx, "nobody@example.org", store.ReasonBounced, minute(3)))
	done(t, st.Suppressions.WriteTombstone(ctx, "dee", store.Tombstone{At: minute(4)}))

	records, err := st.People.ListSuppressions(ctx)
	if err != nil || len(records) != 2 {
		t.Fatalf("got %+v, %v; want two suppressions and no tombstone", records, err)
	}
	if r := records[0]; r.Reason != store.ReasonBounced || len(r.Learners) != 0 {
		t.Errorf("the latest is %+v, want nobody's bounce", r)
	}
	if r := records[1]; r.Reason != store.ReasonUnsubscribed || !reflect.DeepEqual(r.Learners, []string{"ada", "ben"}) {
		t.Errorf("got %+v, want the address of ada and ben", r)
	}

	status, err := st.People.AddressStatus(ctx, " ADA@example.org")
	want := []store.AddressOwner{
		{Learner: "ada", LeftEverything: true, LeftAt: minute(2), LeftTopics: []string{"offers"}},
		{Learner: "ben", RefusesConsent: true},
	}
	if err != nil || !status.Suppressed || !reflect.DeepEqual(status.Owners, want) {
		t.Errorf("got %+v, %v; want %+v", status, err, want)
	}
	done(t, st.Suppressions.Lift(ctx, "ada@example.org", time.Time{}))
	status, err = st.People.AddressStatus(ctx, "ada@example.org")
	if err != nil || status.Suppressed || !reflect.DeepEqual(status.Owners, want) {
		t.Errorf("after the lift: %+v, %v; what the learners said stays", status, err)
	}
	if p, err := st.Profiles.Profile(ctx, "ada"); err != nil || !p.Reach[engine.ChannelEmail].Suppressed {
		t.Errorf("the engine sees %+v, %v; a lift does not overrule the learner", p, err)
	}
}

func TestALiftByAnOperatorEndsAnErasure(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	const email = "ada@example.org"
	done(t, st.Suppressions.Add(ctx, email, store.ReasonErased, minute(1)))
	done(t, st.Suppressions.Lift(ctx, email, time.Time{}))
	if suppressed, err := st.Suppressions.Has(ctx, email); err != nil || suppressed {
		t.Errorf("suppressed %v, %v", suppressed, err)
	}
}
