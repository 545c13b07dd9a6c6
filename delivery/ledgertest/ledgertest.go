// Package ledgertest holds what every [delivery.Ledger] must do, and a ledger in memory for tests.
//
// It must not know any store.
package ledgertest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
)

// Run checks that the ledgers made by newLedger keep the contract of delivery.Ledger. Each subtest asks for a ledger
// of its own; ledgers may share a store, because send ids differ between subtests.
func Run(t *testing.T, newLedger func(t *testing.T) delivery.Ledger) {
	t.Helper()
	at := time.Date(2026, 3, 2, 10, 0, 0, 123456789, time.UTC)

	t.Run("an unknown send is the zero entry", func(t *testing.T) {
		got, err := newLedger(t).Get(t.Context(), "unknown")
		if err != nil || !sameEntry(got, delivery.Entry{}) {
			t.Fatalf("Get of an unknown send = %+v, %v; want the zero entry", got, err)
		}
	})

	t.Run("an entry comes back as it was put", func(t *testing.T) {
		l := newLedger(t)
		want := delivery.Entry{
			Phase:   delivery.PhaseSettled,
			Receipt: "msg-1",
			Calls:   2,
			At:      at,
			Outcome: engine.Outcome{
				SendID:  "whole",
				Status:  engine.OutcomeFailed,
				Reason:  engine.ReasonProvider,
				Detail:  `400 "ü" <&>`,
				RetryAt: at.Add(time.Hour),
			},
		}
		put, err := l.Put(t.Context(), "whole", want)
		if err != nil {
			t.Fatal(err)
		}
		if put.Revision == 0 {
			t.Error("Put returned revision 0, which means: does not exist")
		}
		want.Revision = put.Revision
		got, err := l.Get(t.Context(), "whole")
		if err != nil || !sameEntry(got, want) || !sameEntry(put, want) {
			t.Fatalf("got  %+v, %v\nput  %+v\nwant %+v", got, err, put, want)
		}
	})

	t.Run("creating twice is a conflict", func(t *testing.T) {
		l := newLedger(t)
		first := mustPut(t, l, "twice", delivery.Entry{Phase: delivery.PhaseClaimed, At: at})
		_, err := l.Put(t.Context(), "twice", delivery.Entry{Phase: delivery.PhaseCalling, At: at})
		wantConflict(t, err)
		got, err := l.Get(t.Context(), "twice")
		if err != nil || !sameEntry(got, first) {
			t.Fatalf("after the conflict: %+v, %v; want it unchanged: %+v", got, err, first)
		}
	})

	t.Run("an old revision is a conflict", func(t *testing.T) {
		l := newLedger(t)
		old := mustPut(t, l, "old", delivery.Entry{Phase: delivery.PhaseClaimed, At: at})
		next := old
		next.Phase = delivery.PhaseCalling
		next = mustPut(t, l, "old", next)
		if next.Revision == old.Revision {
			t.Error("the revision did not change with the entry")
		}
		old.Phase = delivery.PhaseReleased
		_, err := l.Put(t.Context(), "old", old)
		wantConflict(t, err)
		if got, err := l.Get(t.Context(), "old"); err != nil || !sameEntry(got, next) {
			t.Fatalf("after the conflict: %+v, %v; want %+v", got, err, next)
		}
	})

	t.Run("a revision of an unknown send is a conflict", func(t *testing.T) {
		_, err := newLedger(t).Put(t.Context(), "never-there",
			delivery.Entry{Phase: delivery.PhaseCalling, At: at, Revision: 7})
		wantConflict(t, err)
	})

	t.Run("sends do not touch each other, whatever their ids", func(t *testing.T) {
		l := newLedger(t)
		ids := []string{"a", "A", "a.b", "a*b", "a>b", "a b", "a/b", "a=7Cb", "a|b", "ü", "ada@example.org#1"}
		for i, id := range ids {
			mustPut(t, l, id, delivery.Entry{Phase: delivery.PhaseClaimed, Calls: i + 1, At: at})
		}
		for i, id := range ids {
			if got, err := l.Get(t.Context(), id); err != nil || got.Calls != i+1 {
				t.Errorf("send %q: %+v, %v; want Calls %d", id, got, err, i+1)
			}
		}
	})

	t.Run("of many attempts at once exactly one wins", func(t *testing.T) {
		l := newLedger(t)
		for round := range 5 {
			id := fmt.Sprintf("race-%d", round)
			if won := putConcurrently(t, l, id, delivery.Entry{Phase: delivery.PhaseClaimed, At: at}); won != 1 {
				t.Errorf("%d attempts created the entry; want exactly 1", won)
			}
			claimed, err := l.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			claimed.Phase = delivery.PhaseCalling
			if won := putConcurrently(t, l, id, claimed); won != 1 {
				t.Errorf("%d attempts moved the entry to calling; want exactly 1", won)
			}
		}
	})
}

// putConcurrently puts the same entry from many goroutines and returns how many of them were told that it worked.
func putConcurrently(t *testing.T, l delivery.Ledger, id string, e delivery.Entry) int {
	t.Helper()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		won   int
		start = make(chan struct{})
	)
	for i := range 16 {
		wg.Go(func() {
			mine := e
			mine.Calls = i
			<-start
			_, err := l.Put(t.Context(), id, mine)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, delivery.ErrConflict):
				t.Errorf("Put: %v; want nil or ErrConflict", err)
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}

func mustPut(t *testing.T, l delivery.Ledger, id string, e delivery.Entry) delivery.Entry {
	t.Helper()
	put, err := l.Put(t.Context(), id, e)
	if err != nil {
		t.Fatalf("Put(%q): %v", id, err)
	}
	return put
}

func wantConflict(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, delivery.ErrConflict) {
		t.Fatalf("Put: %v; want ErrConflict", err)
	}
}

// sameEntry compares entries; times by instant, because a store need not keep the zone's pointer.
func sameEntry(a, b delivery.Entry) bool {
	if !a.At.Equal(b.At) || !a.Outcome.RetryAt.Equal(b.Outcome.RetryAt) {
		return false
	}
	a.At = time.Time{}
	b.At = time.Time{}
	a.Outcome.RetryAt = time.Time{}
	b.Outcome.RetryAt = time.Time{}
	return reflect.DeepEqual(a, b)
}
