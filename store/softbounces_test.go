package store_test

import (
	"context"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/profile"
	"homeroom/store"
)

// openAt opens the store again, with another clock.
func openAt(t *testing.T, s *natstest.Server, now func() time.Time, secrets ...string) *store.Store {
	t.Helper()
	_, js := s.Connect()
	o := store.OpenOptions{Secret: []byte(secrets[0]), Now: now}
	for _, old := range secrets[1:] {
		o.OldSecrets = append(o.OldSecrets, []byte(old))
	}
	st, err := store.Open(context.Background(), js, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	return st
}

// TestManySoftBouncesSuppressForAWhile leads an address through five refusals, its rest, the end of the rest, a lift and a delivery.
func TestManySoftBouncesSuppressForAWhile(t *testing.T) {
	server, _, _ := natstest.Open(t)
	now := monday
	st := openAt(t, server, func() time.Time { return now }, "new", "test")
	old := openAt(t, server, func() time.Time { return now }, "test")
	ctx := t.Context()
	const email = "ada@example.org"
	if _, err := st.Profiles.Merge(ctx, "ada", map[string]any{"email": email}, monday.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time { return monday.AddDate(0, 0, n) }
	bounce := func(n int) {
		t.Helper()
		now = day(n)
		for range 2 { // by the webhook and as an event
			if err := st.Suppressions.AddSoftBounce(ctx, email, now); err != nil {
				t.Fatal(err)
			}
			if err := st.Profiles.ApplyFeedback(ctx, "ada", profile.Feedback{SoftBounce: true}, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(when string, want time.Time) {
		t.Helper()
		s, has, err := st.Suppressions.Get(ctx, email)
		if err != nil || has == want.IsZero() || !s.Until.Equal(want) || has && s.Reason != store.ReasonSoftBounced {
			t.Errorf("%s: %+v, %v, %v; want a rest until %s", when, s, has, err, want)
		}
		p, err := st.Profiles.Profile(ctx, "ada")
		reach := p.Reach[engine.ChannelEmail]
		if err != nil || reach.Suppressed == want.IsZero() || !reach.SuppressedUntil.Equal(want) {
			t.Errorf("%s: the engine sees %+v, %v", when, reach, err)
		}
		listed, err := st.People.ListSuppressions(ctx)
		if err != nil || len(listed) == 0 != want.IsZero() || len(listed) > 0 && !listed[0].Until.Equal(want) {
			t.Errorf("%s: listed %+v, %v", when, listed, err)
		}
	}
	if err := old.Suppressions.AddSoftBounce(ctx, email, day(0)); err != nil { // under the secret that was replaced
		t.Fatal(err)
	}
	for n := 1; n < 4; n++ {
		bounce(n)
		check("after too few", time.Time{})
	}
	bounce(4)
	check("after the fifth", day(34))
	now = day(34)
	check("when its time is over", time.Time{})

	now = day(5)
	if err := st.Suppressions.Lift(ctx, email, now); err != nil {
		t.Fatal(err)
	}
	check("lifted", time.Time{})
	bounce(4)
	now = day(5)
	check("told again after it was lifted", time.Time{})

	for n := 6; n < 11; n++ {
		bounce(n)
	}
	check("after five more", day(40))
	if err := st.Suppressions.AddDelivery(ctx, email, day(11)); err != nil {
		t.Fatal(err)
	}
	check("after a delivery", time.Time{})

	for n := 12; n < 17; n++ {
		bounce(n)
	}
	if err := st.Suppressions.Add(ctx, email, store.ReasonComplained, day(17)); err != nil {
		t.Fatal(err)
	}
	if s, _, err := st.Suppressions.Get(ctx, email); err != nil || s.Reason != store.ReasonComplained || !s.Until.IsZero() {
		t.Errorf("a complaint outweighs a rest: %+v, %v", s, err)
	}
}

// TestAReturnTakesBackTheRefusalsBeforeIt: of refusals around the time at which a learner asked for mail again, the later ones count, whatever is heard first.
func TestAReturnTakesBackTheRefusalsBeforeIt(t *testing.T) {
	day := func(n int) time.Time { return monday.AddDate(0, 0, n) }
	const email = "ada@example.org"
	for _, c := range []struct {
		name    string
		bounces [2]int // the first and the last day with a refusal
		until   time.Time
	}{
		{"five after it", [2]int{4, 8}, day(38)},
		{"five before it", [2]int{-2, 2}, time.Time{}},
		{"four after it", [2]int{1, 7}, time.Time{}},
	} {
		for _, returnFirst := range []bool{true, false} {
			server, _, _ := natstest.Open(t)
			st := openAt(t, server, func() time.Time { return day(9) }, "test")
			if _, err := st.Profiles.Merge(t.Context(), "ada", map[string]any{"email": email}, day(-9)); err != nil {
				t.Fatal(err)
			}
			join := func(wanted bool) {
				if !wanted {
					return
				}
				if err := st.People.Join(t.Context(), "ada", "", day(3)); err != nil {
					t.Fatal(err)
				}
			}
			join(returnFirst)
			for n := c.bounces[0]; n <= c.bounces[1]; n++ {
				if err := st.Suppressions.AddSoftBounce(t.Context(), email, day(n)); err != nil {
					t.Fatal(err)
				}
			}
			join(!returnFirst)
			s, _, err := st.Suppressions.Get(t.Context(), email)
			if err != nil || !s.Until.Equal(c.until) {
				t.Errorf("%s, the return heard first %v: %+v, %v; want a rest until %s", c.name, returnFirst, s, err, c.until)
			}
		}
	}
}

// TestADeliveryToAnAddressThatNeverRefusedWritesNothing holds the path of every mail to a reading.
func TestADeliveryToAnAddressThatNeverRefusedWritesNothing(t *testing.T) {
	_, js, st := natstest.Open(t)
	if err := st.Suppressions.AddDelivery(t.Context(), "ada@example.org", monday); err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), store.BucketSuppressions)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := kv.Keys(t.Context()); err == nil {
		t.Errorf("keys %v", keys)
	}
}
