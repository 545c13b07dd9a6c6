package store_test

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/profile"
	"homeroom/store"
)

// ada is a store that knows one learner, u_1.
func ada(t *testing.T) *store.Store {
	t.Helper()
	_, _, st := natstest.Open(t)
	traits := map[string]any{"email": "ada@example.org", "locale": "de"}
	if _, err := st.Profiles.Merge(t.Context(), "u_1", traits, monday); err != nil {
		t.Fatal(err)
	}
	return st
}

func wantPreferences(t *testing.T, st *store.Store, learner string, want profile.MailPreferences) {
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
	ctx := t.Context()
	people := st.People
	known := profile.MailPreferences{Known: true, Locale: "de"}
	wantPreferences(t, st, "u_1", known)

	done(t, people.Leave(ctx, "u_1", "offers", minute(1)))
	done(t, people.Join(ctx, "u_1", "news", minute(1)))
	known.Left = []string{"offers"}
	known.Chosen = []string{"news"}
	wantPreferences(t, st, "u_1", known)

	done(t, people.Leave(ctx, "u_1", "", minute(2)))
	gone := known
	gone.All = true
	gone.Suppressed = "unsubscribed"
	wantPreferences(t, st, "u_1", gone)
	if p, err := st.Profiles.Profile(ctx, "u_1"); err != nil || !p.Reach[engine.ChannelEmail].Suppressed {
		t.Errorf("the engine sees %+v, %v", p, err)
	}

	done(t, people.Join(ctx, "u_1", "", minute(1))) // before they left
	wantPreferences(t, st, "u_1", gone)
	done(t, people.Join(ctx, "u_1", "", minute(3)))
	wantPreferences(t, st, "u_1", known)
	done(t, people.Leave(ctx, "u_1", "", minute(2))) // told again
	wantPreferences(t, st, "u_1", known)
	if p, err := st.Profiles.Profile(ctx, "u_1"); err != nil || p.Reach[engine.ChannelEmail].Suppressed {
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
			wantPreferences(t, st, "u_1", profile.MailPreferences{Known: true, Locale: "de", Suppressed: tc.everything})
			done(t, st.People.Join(t.Context(), "u_1", "", minute(3)))
			wantPreferences(t, st, "u_1", profile.MailPreferences{Known: true, Locale: "de", Suppressed: tc.all})
		})
	}
}

func TestWhoIsUnknownMayLeaveAndMayNotChoose(t *testing.T) {
	st := ada(t)
	ctx := t.Context()
	wantPreferences(t, st, "u_2", profile.MailPreferences{})
	err := st.People.Choose(ctx, "u_2", profile.Choice{Topics: map[string]bool{"offers": false}}, monday)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	wantPreferences(t, st, "u_2", profile.MailPreferences{})
	done(t, st.People.Leave(ctx, "u_2", "", monday))
	wantPreferences(t, st, "u_2", profile.MailPreferences{Known: true, All: true})
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
	wantPreferences(t, st, "u_1", profile.MailPreferences{Known: true, Locale: "de", Left: []string{"a", "b", "c", "d"}})
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
			done(t, st.Profiles.ApplyFeedback(ctx, "u_1", f, minute(tc.said)))
			if got, err := st.Suppressions.Has(ctx, "new@example.org"); err != nil || got != tc.want {
				t.Errorf("suppressed %v, %v; want %v", got, err, tc.want)
			}
		})
	}
}

func TestASendIsKeptWithWhoseItIs(t *testing.T) {
	_, _, st := natstest.Open(t)
	want := delivery.Entry{
		Phase:   delivery.PhaseUncertain,
		At:      monday,
		Calls:   1,
		Heard:   []string{"r1", "r2"},
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
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	done(t, st.Suppressions.WriteTombstone(ctx, "u_1", store.Tombstone{At: minute(5)}))
	email := map[string]any{"email": "ada@example.org"}
	if _, err := st.Profiles.Merge(ctx, "u_1", email, minute(4)); err != nil {
		t.Fatal(err)
	}
	done(t, st.People.Leave(ctx, "u_1", "offers", minute(4)))
	wantPreferences(t, st, "u_1", profile.MailPreferences{})
	if _, err := st.Profiles.Merge(ctx, "u_1", email, minute(6)); err != nil {
		t.Fatal(err)
	}
	wantPreferences(t, st, "u_1", profile.MailPreferences{Known: true}) // somebody new under the old id
}

// publishedTraits is a publication of traits.
type publishedTraits struct {
	traits map[string]any
	minute int
}

func updates(all []publishedTraits) iter.Seq2[map[string]any, time.Time] {
	return func(yield func(map[string]any, time.Time) bool) {
		for _, s := range all {
			if !yield(s.traits, minute(s.minute)) {
				return
			}
		}
	}
}

// A backlog's updates are taken in together. Nobody may see a difference, but for the number of writes.
func TestUpdatesTakenInTogetherAreTheSameAsOneByOne(t *testing.T) {
	_, js, st := natstest.Open(t)
	email := func(address string) map[string]any { return map[string]any{"email": address} }
	for n, tc := range []struct {
		name   string
		erased int // minute; 0: never
		all    []publishedTraits
		writes uint64
	}{
		{"nothing", 0, nil, 0},
		{"the last word counts", 0, []publishedTraits{{email("a@example.org"), 1}, {email("b@example.org"), 2}}, 1},
		{"an older one comes late", 0, []publishedTraits{{email("b@example.org"), 2}, {email("a@example.org"), 1}, {map[string]any{"locale": "de"}, 1}}, 1},
		{"repeats", 0, []publishedTraits{{email("a@example.org"), 1}, {email("a@example.org"), 2}, {email("a@example.org"), 3}}, 1},
		{"there and back", 0, []publishedTraits{{email("a@example.org"), 1}, {map[string]any{"email": nil}, 2}, {email("a@example.org"), 3}}, 1},
		{"one that cannot be taken in", 0, []publishedTraits{{map[string]any{"consent": "sure"}, 1}, {email("no address"), 2}, {map[string]any{"plan": "pro"}, 3}}, 1},
		{"nothing that can be taken in", 0, []publishedTraits{{email("no address"), 1}, {email("none"), 2}}, 0},
		{"all before the learner was erased", 5, []publishedTraits{{email("a@example.org"), 4}, {email("b@example.org"), 5}}, 0},
		{"some before, some after", 5, []publishedTraits{{email("a@example.org"), 4}, {map[string]any{"locale": "de"}, 6}, {map[string]any{"timezone": "Asia/Tokyo"}, 3}}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx := t.Context()
			one := fmt.Sprintf("one_%d", n)
			all := fmt.Sprintf("all_%d", n)
			if tc.erased > 0 {
				done(t, st.Suppressions.WriteTombstone(ctx, one, store.Tombstone{At: minute(tc.erased)}))
				done(t, st.Suppressions.WriteTombstone(ctx, all, store.Tombstone{At: minute(tc.erased)}))
			}
			var wantNotes []string
			for _, s := range tc.all {
				notes, err := st.Profiles.Merge(ctx, one, s.traits, minute(s.minute))
				done(t, err)
				wantNotes = append(wantNotes, notes...)
			}
			before := lastWrite(t, js, store.BucketProfiles)
			gotNotes, err := st.Profiles.MergeAll(ctx, all, updates(tc.all))
			done(t, err)
			if writes := lastWrite(t, js, store.BucketProfiles) - before; writes != tc.writes {
				t.Errorf("%d writes, want %d", writes, tc.writes)
			}
			want, err := st.Profiles.Get(ctx, one)
			done(t, err)
			got, err := st.Profiles.Get(ctx, all)
			done(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("profile (-one by one +together):\n%s", diff)
			}
			if diff := cmp.Diff(wantNotes, gotNotes); diff != "" {
				t.Errorf("notes (-one by one +together):\n%s", diff)
			}
		})
	}
}

// lastWrite counts the writes to a bucket.
func lastWrite(t *testing.T, js jetstream.JetStream, bucket string) uint64 {
	t.Helper()
	stream, err := js.Stream(t.Context(), "KV_"+bucket)
	done(t, err)
	return stream.CachedInfo().State.LastSeq
}

// Somebody else's write between the reading and the writing is kept, and the updates are asked for again.
func TestUpdatesTakenInTogetherAreKeptThroughARace(t *testing.T) {
	st := ada(t)
	asked := 0
	notes, err := st.Profiles.MergeAll(t.Context(), "u_1", func(yield func(map[string]any, time.Time) bool) {
		if asked++; asked == 1 {
			done(t, st.People.Leave(t.Context(), "u_1", "offers", minute(1)))
		}
		_ = yield(map[string]any{"locale": "fr", "consent": "sure"}, minute(2)) && yield(map[string]any{"timezone": "Asia/Tokyo"}, minute(3))
	})
	done(t, err)
	wantPreferences(t, st, "u_1", profile.MailPreferences{Known: true, Locale: "fr", Left: []string{"offers"}})
	if p, err := st.Profiles.Get(t.Context(), "u_1"); err != nil || p.Timezone != "Asia/Tokyo" || asked != 2 || len(notes) != 1 {
		t.Errorf("profile %+v and notes %q after %d times, %v", p, notes, asked, err)
	}
}
