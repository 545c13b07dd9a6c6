package storetest_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"homeroom/delivery"
	"homeroom/dev/storetest"
	"homeroom/engine"
	"homeroom/profile"
	"homeroom/store"
)

// ada is a store that knows one learner, u_1.
func ada(t *testing.T) *store.Store {
	t.Helper()
	_, _, st := storetest.Open(t)
	traits := map[string]any{"email": "ada@example.org", "locale": "de"}
	if _, err := st.Profiles.Merge(t.Context(), "u_1", traits, monday); err != nil {
		t.Fatal(err)
	}
	return st
}

func wantPreferences(t *testing.T, st *store.Store, learner string, want profile.Preferences) {
	t.Helper()
	got, err := st.People.Preferences(t.Context(), learner)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("preferences (-want +got):\n%s", diff)
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestALearnerLeavesAndComesBack(t *testing.T) {
	st := ada(t)
	ctx, people := t.Context(), st.People
	known := profile.Preferences{Known: true, Locale: "de"}
	wantPreferences(t, st, "u_1", known)

	done(t, people.Leave(ctx, "u_1", "offers", minute(1)))
	done(t, people.Join(ctx, "u_1", "news", minute(1)))
	known.Left, known.Chosen = []string{"offers"}, []string{"news"}
	wantPreferences(t, st, "u_1", known)

	done(t, people.Leave(ctx, "u_1", "", minute(2)))
	gone := known
	gone.All, gone.Suppressed = true, "unsubscribed"
	wantPreferences(t, st, "u_1", gone)
	if p, err := st.Profiles.Profile(ctx, "u_1"); err != nil || !p.Suppressed {
		t.Errorf("the engine sees %+v, %v", p, err)
	}

	done(t, people.Join(ctx, "u_1", "", minute(1))) // before they left
	wantPreferences(t, st, "u_1", gone)
	done(t, people.Join(ctx, "u_1", "", minute(3)))
	wantPreferences(t, st, "u_1", known)
	done(t, people.Leave(ctx, "u_1", "", minute(2))) // told again
	wantPreferences(t, st, "u_1", known)
	if p, err := st.Profiles.Profile(ctx, "u_1"); err != nil || p.Suppressed {
		t.Errorf("the engine sees %+v, %v", p, err)
	}
	if err := people.Leave(ctx, "u_1", strings.Repeat("x", 129), minute(4)); err == nil {
		t.Error("a name that is no topic's was taken")
	}
}

func TestWhoCanComeBack(t *testing.T) {
	yes := true
	for _, tc := range []struct {
		reason          store.Reason
		everything, all string // why the address is suppressed after coming back, and after asking for it to be lifted
	}{
		{store.ReasonUnsubscribed, "", ""},
		{store.ReasonBounced, "bounced", ""},
		{store.ReasonComplained, "complained", ""},
		{store.ReasonErased, "erased", "erased"},
	} {
		t.Run(string(tc.reason), func(t *testing.T) {
			st := ada(t)
			done(t, st.Suppressions.Add(t.Context(), "ada@example.org", tc.reason, minute(1)))
			done(t, st.People.Choose(t.Context(), "u_1", profile.Choice{Everything: &yes}, minute(2)))
			wantPreferences(t, st, "u_1", profile.Preferences{Known: true, Locale: "de", Suppressed: tc.everything})
			done(t, st.People.Join(t.Context(), "u_1", "", minute(3)))
			wantPreferences(t, st, "u_1", profile.Preferences{Known: true, Locale: "de", Suppressed: tc.all})
		})
	}
}

func TestWhoIsUnknownMayLeaveAndMayNotChoose(t *testing.T) {
	st := ada(t)
	ctx := t.Context()
	wantPreferences(t, st, "u_2", profile.Preferences{})
	err := st.People.Choose(ctx, "u_2", profile.Choice{Topics: map[string]bool{"offers": false}}, monday)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	wantPreferences(t, st, "u_2", profile.Preferences{})
	done(t, st.People.Leave(ctx, "u_2", "", monday))
	wantPreferences(t, st, "u_2", profile.Preferences{Known: true, All: true})
}

func TestEverybodySaysSomethingAtOnce(t *testing.T) {
	st := ada(t)
	var wg sync.WaitGroup
	for _, topic := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			if err := st.People.Leave(t.Context(), "u_1", topic, minute(1)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := st.Profiles.Merge(t.Context(), "u_1", map[string]any{topic: true}, minute(1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantPreferences(t, st, "u_1", profile.Preferences{Known: true, Locale: "de", Left: []string{"a", "b", "c", "d"}})
}

// A bounce says whose mail came back and not from where. Mail of last week may come back after the address has changed.
func TestABounceIsOfTheAddressThatTheMailWentTo(t *testing.T) {
	for _, tc := range []struct {
		name             string
		sent, came, said int // minutes: the send, the new address, the bounce
		want             bool
	}{
		{"the address has not changed since", 5, 1, 9, true},
		{"the mail went to the old address", 1, 5, 9, false},
		{"of no send that is known, after the change", -1, 5, 9, true},
		{"of no send that is known, before the change", -1, 5, 3, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			st := ada(t)
			ctx := t.Context()
			if tc.sent >= 0 {
				_, err := st.Sends.Put(ctx, "s1", delivery.Entry{Phase: delivery.PhaseSettled, Send: engine.Send{ID: "s1", Learner: "u_1", At: minute(tc.sent)}})
				done(t, err)
			}
			_, err := st.Profiles.Merge(ctx, "u_1", map[string]any{"email": "new@example.org"}, minute(tc.came))
			done(t, err)
			f := profile.FeedbackOf("email.bounced", map[string]any{"bounce_type": "bounce", "send_id": "s1"})
			done(t, st.Profiles.Heed(ctx, "u_1", f, minute(tc.said)))
			if got, err := st.Suppressions.Has(ctx, "new@example.org"); err != nil || got != tc.want {
				t.Errorf("suppressed %v, %v; want %v", got, err, tc.want)
			}
		})
	}
}

func TestASendIsKeptWithWhoseItIs(t *testing.T) {
	_, _, st := storetest.Open(t)
	want := delivery.Entry{
		Phase: delivery.PhaseUncertain, At: monday, Calls: 1, Heard: []string{"r1", "r2"},
		Outcome: engine.Outcome{SendID: "s1", Status: engine.OutcomeUncertain},
		Send:    engine.Send{ID: "s1", Learner: "auth0|7", Rule: "welcome", Message: "hello", Topic: "news", Channel: "email", At: monday},
	}
	put, err := st.Sends.Put(t.Context(), "s1", want)
	done(t, err)
	got, err := st.Sends.Get(t.Context(), "s1")
	done(t, err)
	want.Revision = put.Revision
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
}

// Events that were on their way when a learner was erased must not bring the person back.
func TestAnErasedLearnerStaysErased(t *testing.T) {
	_, _, st := storetest.Open(t)
	ctx := t.Context()
	done(t, st.Suppressions.Bury(ctx, "u_1", store.Tombstone{At: minute(5)}))
	email := map[string]any{"email": "ada@example.org"}
	if _, err := st.Profiles.Merge(ctx, "u_1", email, minute(4)); err != nil {
		t.Fatal(err)
	}
	done(t, st.People.Leave(ctx, "u_1", "offers", minute(4)))
	wantPreferences(t, st, "u_1", profile.Preferences{})
	if _, err := st.Profiles.Merge(ctx, "u_1", email, minute(6)); err != nil {
		t.Fatal(err)
	}
	wantPreferences(t, st, "u_1", profile.Preferences{Known: true}) // somebody new under the old id
}
