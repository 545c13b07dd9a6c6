package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/profile"
	"homeroom/store"
)

// TestATopicLeftByOneClickIsLeftForTheAddress holds two learners with one mailbox to what one of them says in the mail program.
func TestATopicLeftByOneClickIsLeftForTheAddress(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	for learner, email := range map[string]string{"s1": "shared@example.org", "s2": "Shared@example.org", "s3": "else@example.org"} {
		if _, err := st.Profiles.Merge(ctx, learner, map[string]any{"email": email}, monday); err != nil {
			t.Fatal(err)
		}
	}
	choose := func(learner string, n int, c profile.Choice) {
		t.Helper()
		if err := st.People.Choose(ctx, learner, c, minute(n)); err != nil {
			t.Fatal(err)
		}
	}
	expectLeft := func(when, learner string, want bool) {
		t.Helper()
		seen, err := st.Profiles.Profile(ctx, learner)
		if got := slices.Contains(seen.Unsubscribed, "progress"); err != nil || got != want {
			t.Errorf("%s: %s left the topic: %v, %v, want %v", when, learner, got, err, want)
		}
		said, err := st.People.Preferences(ctx, learner)
		if got := slices.Contains(said.Left, "progress"); err != nil || got != want || got && slices.Contains(said.Chosen, "progress") {
			t.Errorf("%s: the page of %s says %+v, %v, want left %v", when, learner, said, err, want)
		}
	}
	choose("s1", 1, profile.Choice{Topics: map[string]bool{"progress": true}})
	choose("s2", 2, profile.Choice{Topics: map[string]bool{"offers": false}}) // on a page: for themselves
	if seen, err := st.Profiles.Profile(ctx, "s1"); err != nil || slices.Contains(seen.Unsubscribed, "offers") {
		t.Errorf("what s2 left on a page is left for s1: %+v, %v", seen, err)
	}
	for range 2 { // mail programs repeat it
		choose("s2", 3, profile.Choice{Topics: map[string]bool{"progress": false}, ForAddress: true})
	}
	expectLeft("after the click", "s1", true)
	expectLeft("after the click", "s2", true)
	expectLeft("after the click", "s3", false)
	if err := st.Suppressions.Add(ctx, "shared@example.org", store.ReasonBounced, minute(4)); err != nil {
		t.Fatal(err)
	}
	if err := st.Suppressions.Lift(ctx, "shared@example.org", time.Time{}); err != nil {
		t.Fatal(err)
	}
	expectLeft("after a bounce was lifted", "s1", true)
	choose("s1", 5, profile.Choice{Topics: map[string]bool{"progress": true}})
	expectLeft("after s1 chose it", "s1", false)
	expectLeft("after s1 chose it", "s2", true)
}

func TestAnAddressThatLeavesTooManyTopicsLeavesEverything(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	for i := range profile.MaxTopics + 1 {
		learner := fmt.Sprintf("u_%d", i/40) // each leaves fewer than a profile holds
		if _, err := st.Profiles.Merge(ctx, learner, map[string]any{"email": "shared@example.org"}, monday); err != nil {
			t.Fatal(err)
		}
		c := profile.Choice{Topics: map[string]bool{fmt.Sprintf("topic-%d", i): false}, ForAddress: true}
		if err := st.People.Choose(ctx, learner, c, minute(i)); err != nil {
			t.Fatal(err)
		}
	}
	if has, err := st.Suppressions.Has(ctx, "shared@example.org"); err != nil || !has {
		t.Errorf("Has = %v, %v, want suppressed", has, err)
	}
}
