package store_test

import (
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestABucketMadeAnewIsFollowed: the kill switch of a bucket whose sequences begin again is heard of, by who follows since before.
func TestABucketMadeAnewIsFollowed(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	for range 3 {
		if err := st.Control.Resume(ctx, "grace", "", monday); err != nil {
			t.Fatal(err)
		}
	}
	awaitPause(t, st.Control, false)
	if err := js.DeleteStream(ctx, "KV_"+store.BucketControl); err != nil {
		t.Fatal(err)
	}
	if err := store.Setup(ctx, js, store.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := st.Control.Pause(ctx, "grace", "wrong price", monday); err != nil {
		t.Fatal(err)
	}
	awaitPause(t, st.Control, true)
}

// awaitPause polls until the follower has heard of the kill switch as it was set by grace.
func awaitPause(t *testing.T, c *store.Control, want bool) {
	t.Helper()
	end := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for c.LastKnownPause().By == "" || c.LastKnownPause().Paused != want {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("the last known pause is %+v", c.LastKnownPause())
		}
	}
}
