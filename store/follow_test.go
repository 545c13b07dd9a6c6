package store_test

import (
	"fmt"
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

// TestFilesThatWentBackAreFollowed: NATS is started on older files, and what is written then gets sequences that were read before,
// beyond which the bucket has come by the time it is asked again.
func TestFilesThatWentBackAreFollowed(t *testing.T) {
	server, js, st := natstest.Open(t)
	ctx := t.Context()
	if err := st.Control.Resume(ctx, "ada", "", monday); err != nil {
		t.Fatal(err)
	}
	saved := server.SaveFiles()
	if err := st.Control.Resume(ctx, "grace", "", monday); err != nil {
		t.Fatal(err)
	}
	awaitPause(t, st.Control, false)
	server.RestoreFiles(saved)
	kv, err := js.KeyValue(ctx, store.BucketControl)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Control.Pause(ctx, "grace", "wrong price", monday); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := kv.PutString(ctx, "mark.3", "x"); err != nil {
			t.Fatal(err)
		}
	}
	awaitPause(t, st.Control, true)
}

// TestManyKeysAreKnownAtOnce: a process that begins knows everybody who is set aside, in the state of the last record.
func TestManyKeysAreKnownAtOnce(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	const learners = 300
	for n := range learners {
		s := setAside(t, st.Control, fmt.Sprintf("u_%d", n), monday)
		if n%3 != 0 {
			continue
		}
		if cleared, err := st.Control.ClearSetAside(ctx, s.Learner, s.Revision); !cleared || err != nil {
			t.Fatalf("cleared %v, error %v", cleared, err)
		}
	}
	again, err := store.Open(ctx, js, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Control.Close()
	if got := len(again.Control.SetAside()); got != learners*2/3 {
		t.Errorf("%d learners are set aside, want %d", got, learners*2/3)
	}
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
