package store_test

import (
	"slices"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestPublications: the pointer remembers what was in force, proposals are heard of, and each tells watchers.
func TestPublications(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	heard := make(chan struct{}, 10)
	go func() { _ = st.Rulesets.Watch(ctx, func() { heard <- struct{}{} }) }()
	none, err := st.Rulesets.Publications(ctx)
	if err != nil || len(none) != 0 {
		t.Fatalf("before the first publication: %v, %v", none, err)
	}
	if _, err := st.Rulesets.Propose(ctx, store.Proposal{Hash: "abcdef01"}); err == nil {
		t.Error("a revision that is not stored was proposed")
	}
	var last store.Pointer
	for i, hash := range []string{"abcdef01", "abcdef02", "abcdef01"} {
		if err := st.Rulesets.Put(ctx, store.Bundle{Hash: hash, At: monday}); err != nil {
			t.Fatal(err)
		}
		before, err := st.Rulesets.Sequence(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if at, err := st.Rulesets.Propose(ctx, store.Proposal{Hash: hash}); err != nil || time.Since(at).Abs() > time.Minute {
			t.Fatalf("proposed at %s, %v; want the store's time", at, err)
		}
		<-heard
		next := store.Pointer{Number: i + 1, Hash: hash, Replaced: last.Hash, At: monday, Revision: last.Revision}
		if last, err = st.Rulesets.SetCurrent(ctx, next); err != nil {
			t.Fatal(err)
		}
		<-heard
		if after, err := st.Rulesets.Sequence(ctx); err != nil || after <= before {
			t.Errorf("the sequence went from %d to %d, %v", before, after, err)
		}
	}
	history, err := st.Rulesets.Publications(ctx)
	if err != nil || len(history) != 3 || history[2] != last || history[2].Replaced != "abcdef02" || history[0].Number != 1 {
		t.Errorf("history %+v, %v", history, err)
	}
	proposed, err := st.Rulesets.Proposed(ctx)
	if err != nil || len(proposed) != 3 || proposed[1].Hash != "abcdef02" {
		t.Errorf("proposed %+v, %v", proposed, err)
	}
}

// TestInstances: who runs is known with what it runs, and who has left is not.
func TestInstances(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	for _, name := range []string{"host.example-2-cd", "host.example-1-ab", "host.example-1-ab"} {
		if err := st.Control.PublishInstance(ctx, store.Instance{Name: name, Running: "abcdef01", Outcome: store.SwapDone}); err != nil {
			t.Fatal(err)
		}
	}
	found := instances(t, st, "host.example-1-ab", "host.example-2-cd")
	if found[1].Running != "abcdef01" || found[1].Outcome != store.SwapDone {
		t.Errorf("instance %+v", found[1])
	}
	seen := found[0].Seen
	if !found[0].Live(seen.Add(store.InstanceTTL-time.Second)) || found[0].Live(seen.Add(store.InstanceTTL)) {
		t.Errorf("an instance seen at %s does not live for %s", seen, store.InstanceTTL)
	}
	if err := st.Control.RemoveInstance(ctx, "host.example-1-ab"); err != nil {
		t.Fatal(err)
	}
	instances(t, st, "host.example-2-cd")
}

// instances waits until these are known, and no others.
func instances(t *testing.T, st *store.Store, names ...string) []store.Instance {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	patience := time.After(time.Minute)
	defer tick.Stop()
	for {
		found := st.Control.Instances()
		var have []string
		for _, i := range found {
			have = append(have, i.Name)
		}
		if slices.Equal(have, names) {
			return found
		}
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("instances %v, want %v", have, names)
		}
	}
}
