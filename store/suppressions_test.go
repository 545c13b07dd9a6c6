package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// minute is so many minutes after monday.
func minute(n int) time.Time { return monday.Add(time.Duration(n) * time.Minute) }

func TestASuppressedAddressIsNobodysToRead(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	if err := st.Suppressions.Add(ctx, "Ada@Example.org ", store.ReasonBounced, monday); err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]bool{"ada@example.org": true, "bob@example.org": false} {
		if got, err := st.Suppressions.Has(ctx, email); err != nil || got != want {
			t.Errorf("Has(%s) = %v, %v", email, got, err)
		}
	}
	kv, err := js.KeyValue(ctx, store.BucketSuppressions)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.Keys(ctx)
	if err != nil || len(keys) != 1 || strings.Contains(strings.ToLower(keys[0]), "ada") {
		t.Errorf("keys %v, %v", keys, err)
	}
	if _, err := st.Profiles.Merge(ctx, "u_1", map[string]any{"email": "ada@example.org"}, monday); err != nil {
		t.Fatal(err)
	}
	if p, err := st.Profiles.Profile(ctx, "u_1"); err != nil || !p.Reach[engine.ChannelEmail].Known || !p.Reach[engine.ChannelEmail].Suppressed {
		t.Errorf("the engine sees %+v, %v; want a suppressed learner", p, err)
	}
	if err := st.Suppressions.Add(ctx, "ada@example.org", "cross", monday); err == nil {
		t.Error("a reason that is none was taken")
	}
}

func TestTheStrongestReasonStays(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	const email = "ada@example.org"
	for _, step := range []struct {
		reason store.Reason
		minute int
		want   store.Reason
		at     int
	}{
		{store.ReasonBounced, 5, store.ReasonBounced, 5},
		{store.ReasonUnsubscribed, 6, store.ReasonBounced, 5},
		{store.ReasonBounced, 4, store.ReasonBounced, 5}, // told again, late
		{store.ReasonBounced, 7, store.ReasonBounced, 7},
		{store.ReasonComplained, 1, store.ReasonComplained, 1},
		{store.ReasonBounced, 9, store.ReasonComplained, 1},
		{store.ReasonErased, 3, store.ReasonErased, 3},
		{store.ReasonComplained, 9, store.ReasonErased, 3},
	} {
		if err := st.Suppressions.Add(ctx, email, step.reason, minute(step.minute)); err != nil {
			t.Fatal(err)
		}
		got, has, err := st.Suppressions.Get(ctx, email)
		if err != nil || !has || got.Reason != step.want || !got.At.Equal(minute(step.at)) {
			t.Fatalf("after %s at minute %d: %+v, %v, %v; want %s at %d", step.reason, step.minute, got, has, err, step.want, step.at)
		}
	}
}

func TestWhatWasLiftedIsNotSaidByTheSameReportAgain(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	const email = "ada@example.org"
	add := func(n int) bool {
		t.Helper()
		if err := st.Suppressions.Add(ctx, email, store.ReasonComplained, minute(n)); err != nil {
			t.Fatal(err)
		}
		has, err := st.Suppressions.Has(ctx, email)
		if err != nil {
			t.Fatal(err)
		}
		return has
	}
	if err := st.Suppressions.Lift(ctx, email, time.Time{}); err != nil {
		t.Errorf("lifting what is not there: %v", err)
	}
	if !add(5) {
		t.Fatal("not suppressed")
	}
	if err := st.Suppressions.Lift(ctx, email, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if add(5) || add(4) {
		t.Error("an old report suppresses the address again")
	}
	if !add(6) {
		t.Error("a new report does not")
	}
}

func TestTheSecretOfSuppressionsCanBeReplaced(t *testing.T) {
	s, _, old := natstest.Open(t)
	ctx := t.Context()
	add := func(st *store.Store, email string, reason store.Reason) {
		t.Helper()
		if err := st.Suppressions.Add(ctx, email, reason, monday); err != nil {
			t.Fatal(err)
		}
	}
	add(old, "ada@example.org", store.ReasonBounced)
	add(old, "eve@example.org", store.ReasonErased)
	add(old, "cat@example.org", store.ReasonBounced)
	if err := old.Suppressions.Lift(ctx, "cat@example.org", time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, js := s.Connect()
	both, err := store.Open(context.Background(), js, store.OpenOptions{Secret: []byte("new"), OldSecrets: [][]byte{[]byte("test")}})
	if err != nil {
		t.Fatal(err)
	}
	defer both.Control.Close()
	want := func(email string, reason store.Reason) {
		t.Helper()
		if got, has, err := both.Suppressions.Get(ctx, email); err != nil || got.Reason != reason || has != (reason != "") {
			t.Errorf("%s: %+v, %v, %v; want %q", email, got, has, err, reason)
		}
	}
	want("ada@example.org", store.ReasonBounced)
	add(both, "ada@example.org", store.ReasonComplained)
	want("ada@example.org", store.ReasonComplained)
	add(both, "eve@example.org", store.ReasonComplained)
	want("eve@example.org", store.ReasonErased)
	if err := both.Suppressions.Lift(ctx, "ada@example.org", time.Time{}); err != nil {
		t.Fatal(err)
	}
	want("ada@example.org", "")
	add(both, "ada@example.org", store.ReasonComplained) // the same report again
	want("ada@example.org", "")
	add(both, "cat@example.org", store.ReasonBounced)
	want("cat@example.org", "")
	add(both, "bob@example.org", store.ReasonBounced)
	if got, err := old.Suppressions.Has(ctx, "bob@example.org"); err != nil || got {
		t.Errorf("written under the old secret: %v, %v", got, err)
	}
}
