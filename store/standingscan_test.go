package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// see is an update that has the learner first seen at an instant.
func see(at time.Time) func(*engine.Standing, []uint64) (bool, []uint64) {
	return func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		st.FirstSeenAt = at
		return true, owed
	}
}

// leaveAsIs is an update that changes nothing.
func leaveAsIs(_ *engine.Standing, owed []uint64) (bool, []uint64) { return false, owed }

// keyOf is the key of a learner's standing.
func keyOf(learner string) string {
	sum := sha256.Sum256([]byte(learner))
	return hex.EncodeToString(sum[:20])
}

// scanAll returns the names of the learners of all ranges, sorted, and how many standings name none or cannot be read.
func scanAll(t *testing.T, st *store.Store, parts int) (learners []string, unnamed, damaged int) {
	t.Helper()
	ranges, _, err := st.Standings.Ranges(context.Background(), 0, parts)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range ranges {
		err := st.Standings.Scan(context.Background(), r, func(s store.ScannedStanding) error {
			switch {
			case s.Damage != nil:
				damaged++
			case s.Learner == "":
				unnamed++
			default:
				learners = append(learners, s.Learner)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(learners)
	return learners, unnamed, damaged
}

func TestScanSeesEveryStandingOnce(t *testing.T) {
	ctx := context.Background()
	_, _, st := natstest.Open(t)
	want := map[string]bool{}
	for i := range 40 {
		learner := fmt.Sprintf("u_%d", i%25) // the first ones are written twice, and stand at the end
		if err := st.Standings.Update(ctx, learner, see(time.Unix(int64(i), 0))); err != nil {
			t.Fatal(err)
		}
		want[learner] = true
	}
	if err := st.Standings.Delete(ctx, "u_7"); err != nil {
		t.Fatal(err)
	}
	delete(want, "u_7")
	for _, parts := range []int{1, 7, 64} {
		got, unnamed, damaged := scanAll(t, st, parts)
		if !slices.Equal(got, slices.Sorted(maps.Keys(want))) || unnamed != 0 || damaged != 0 {
			t.Errorf("%d parts: read %v, %d unnamed, %d damaged; want %d learners", parts, got, unnamed, damaged, len(want))
		}
	}
}

func TestScanOfAnEmptyBucket(t *testing.T) {
	_, _, st := natstest.Open(t)
	if got, unnamed, damaged := scanAll(t, st, 4); len(got)+unnamed+damaged != 0 {
		t.Errorf("read %v, %d unnamed, %d damaged", got, unnamed, damaged)
	}
}

func TestScanEndsWithTheErrorOfEach(t *testing.T) {
	ctx := context.Background()
	_, _, st := natstest.Open(t)
	if err := st.Standings.Update(ctx, "u_1", see(time.Unix(1, 0))); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	err := st.Standings.Scan(ctx, store.StandingRange{First: 1, Last: 1}, func(store.ScannedStanding) error { return enough })
	if !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
}

// Standings of an older version do not say whose they are.
func TestAnOldStandingIsNamedByTheNextEventOrByHand(t *testing.T) {
	ctx := context.Background()
	_, js, st := natstest.Open(t)
	kv, err := js.KeyValue(ctx, store.BucketStanding)
	if err != nil {
		t.Fatal(err)
	}
	for _, learner := range []string{"u_event", "u_other", "u_hand", "u_never"} {
		if err := st.Standings.Update(ctx, learner, see(time.Unix(1, 0))); err != nil {
			t.Fatal(err)
		}
		if _, err := kv.Put(ctx, keyOf(learner), []byte(`{"standing":{"v":1,"first_seen_at":"2026-01-01T00:00:00Z"}}`)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := kv.Put(ctx, keyOf("u_damaged"), []byte(`{"stan`)); err != nil {
		t.Fatal(err)
	}
	old, err := store.Open(ctx, js, store.OpenOptions{Secret: []byte("test")}) // with nothing in memory
	if err != nil {
		t.Fatal(err)
	}
	defer old.Control.Close()
	if got, unnamed, damaged := scanAll(t, old, 2); len(got) != 0 || unnamed != 4 || damaged != 1 {
		t.Fatalf("read %v, %d unnamed, %d damaged", got, unnamed, damaged)
	}
	if err := old.Standings.Update(ctx, "u_event", leaveAsIs); err != nil {
		t.Fatal(err)
	}
	if err := old.Standings.Update(ctx, "u_nobody", leaveAsIs); err != nil { // has no standing, and gets none
		t.Fatal(err)
	}
	for learner, want := range map[string]bool{"u_hand": true, "u_event": false, "u_nobody": false} {
		if named, err := old.Standings.NameLearner(ctx, learner); err != nil || named != want {
			t.Errorf("%s: named %v, %v; want %v", learner, named, err, want)
		}
	}
	got, unnamed, _ := scanAll(t, old, 2)
	if !slices.Equal(got, []string{"u_event", "u_hand"}) || unnamed != 2 {
		t.Errorf("read %v, %d unnamed", got, unnamed)
	}
}
