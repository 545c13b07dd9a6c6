package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestMovesAreCountedOnce has two processes count the same moves at the same time, again and again, as after redeliveries and crashes. Each counts once.
func TestMovesAreCountedOnce(t *testing.T) {
	srv, _, _ := natstest.Open(t)
	const learners = 40
	var working sync.WaitGroup
	errs := make(chan error, 2*learners*3)
	for range 2 {
		_, js := srv.Connect()
		st, err := store.Open(t.Context(), js, store.OpenOptions{Secret: []byte("test")})
		done(t, err)
		t.Cleanup(st.Control.Close)
		for n := range learners {
			partition := n % 3
			moves := []engine.Move{
				{Course: "go", To: "l1", Seq: uint64(10*n + 1), Event: uint32(n)},
				{Course: "go", From: "l1", To: "l2", Seq: uint64(10*n + 2), Event: uint32(n)},
				{Course: "sql", To: fmt.Sprintf("l%d", n%2), Seq: uint64(10*n + 3), Event: uint32(n)},
			}
			working.Go(func() {
				for range 3 {
					errs <- st.Paths.Count(t.Context(), partition, 0, moves)
				}
			})
		}
	}
	working.Wait()
	close(errs)
	for err := range errs {
		done(t, err)
	}
	_, js := srv.Connect()
	fresh, err := store.Open(t.Context(), js, store.OpenOptions{Secret: []byte("test")})
	done(t, err)
	defer fresh.Control.Close()
	golang, err := fresh.Paths.Followers(t.Context(), "go", "l1")
	done(t, err)
	if golang.Visits["l1"] != learners || golang.Visits["l2"] != learners || golang.After["l2"] != learners || golang.Moves != learners {
		t.Errorf("counted %+v, want %d of each", golang, learners)
	}
	sql, err := fresh.Paths.Followers(t.Context(), "sql", "")
	done(t, err)
	if sql.Visits["l0"] != learners/2 || sql.Visits["l1"] != learners/2 {
		t.Errorf("counted %+v, want %d of each", sql, learners/2)
	}
}

// TestCountsStaySmall counts more moves than are remembered one by one: confirmed ones are forgotten, and what is not confirmed is not.
func TestCountsStaySmall(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	count := func(seq int) {
		done(t, st.Paths.Count(ctx, 1, 0, []engine.Move{{Course: "go", To: "l1", Seq: uint64(seq)}}))
	}
	count(1)
	var many []engine.Move
	for seq := 2; seq <= 2000; seq++ {
		many = append(many, engine.Move{Course: "go", To: "l1", Seq: uint64(seq)})
	}
	done(t, st.Paths.Count(ctx, 1, 0, many))
	count(1) // it is not confirmed, and comes again
	after := func() int {
		fresh, err := store.Open(ctx, js, store.OpenOptions{Secret: []byte("test")})
		done(t, err)
		defer fresh.Control.Close()
		f, err := fresh.Paths.Followers(ctx, "go", "")
		done(t, err)
		return f.Visits["l1"]
	}
	if n := after(); n != 2000 {
		t.Errorf("counted %d, want 2000", n)
	}
	done(t, st.Paths.Count(ctx, 1, 2000, []engine.Move{{Course: "go", To: "l1", Seq: 2001}}))
	if size := recordSize(t, js); size > 20_000 {
		t.Errorf("the record takes %d bytes after its events were confirmed", size)
	}
}

// recordSize is how many bytes the longest record of what was counted takes.
func recordSize(t *testing.T, js jetstream.JetStream) int {
	t.Helper()
	kv, err := js.KeyValue(t.Context(), store.BucketLearned)
	done(t, err)
	keys, err := kv.Keys(t.Context())
	done(t, err)
	size := 0
	for _, key := range keys {
		entry, err := kv.Get(t.Context(), key)
		done(t, err)
		size = max(size, len(entry.Value()))
	}
	return size
}
