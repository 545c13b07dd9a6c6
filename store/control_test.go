package store_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

func TestTheKillSwitchIsSeenAtOnceByEverybody(t *testing.T) {
	s, _, st := natstest.Open(t)
	ctx := context.Background()
	_, js := s.Connect()
	other, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Control.Close()
	for _, want := range []bool{false, true, false} {
		if want {
			err = st.Control.Pause(ctx, "ada", "a broken link", monday)
		} else {
			err = st.Control.Resume(ctx, "ada", "", monday)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := other.Control.Paused(ctx); err != nil || got != want {
			t.Errorf("Paused = %v, %v; want %v", got, err, want)
		}
	}
}

// Whoever opens the store may bound how long that takes.
func TestTheControlBucketIsFollowedAfterTheContextOfOpenHasEnded(t *testing.T) {
	s, _, st := natstest.Open(t)
	_, js := s.Connect()
	ctx, cancel := context.WithCancel(t.Context())
	other, err := store.Open(ctx, js, store.OpenOptions{})
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Control.Close()
	if err := st.Control.PublishWatermark(t.Context(), 7, monday); err != nil {
		t.Fatal(err)
	}
	other.Control.AwaitHandedOver(t.Context(), 7, monday, time.Minute) // in the end it asks the bucket; the mark that is known is what was heard
	if got := other.Control.Watermark(7); !got.Equal(monday) {
		t.Errorf("mark %v, want %v", got, monday)
	}
}

func TestMarksOnlyMoveForward(t *testing.T) {
	s, _, st := natstest.Open(t)
	ctx := context.Background()
	_, js := s.Connect()
	other, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Control.Close()
	for _, at := range []time.Duration{2, 1, 5, 3} {
		writer := st.Control
		if at%2 == 1 {
			writer = other.Control
		}
		if err := writer.PublishWatermark(ctx, 7, monday.Add(at*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	want := monday.Add(5 * time.Second)
	if got := st.Control.AwaitHandedOver(ctx, 7, want, time.Minute); !got.Equal(want) {
		t.Errorf("mark %v, want %v", got, want)
	}
	if got := st.Control.Watermark(6); !got.IsZero() {
		t.Errorf("another partition's mark is %v", got)
	}
	if err := st.Control.PublishWatermark(ctx, 16, monday); err == nil {
		t.Error("a mark for partition 16 was taken")
	}
}

// Each learner of a partition shows the same rewind; it is recorded once. One that came later is another.
func TestARewindIsRecordedOnce(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := context.Background()
	at := func(minutes int) time.Time { return monday.Add(time.Duration(minutes) * time.Minute) }
	for _, tc := range []struct {
		fromAt, at int
		isNew      bool
	}{{10, 20, true}, {10, 20, false}, {5, 30, false}, {19, 40, false}, {20, 50, true}, {60, 70, true}} {
		isNew, err := st.Control.NoteRewind(ctx, 3, 100, 50, at(tc.fromAt), at(tc.at))
		if err != nil || isNew != tc.isNew {
			t.Errorf("known at %d, back at %d: recorded %v, %v; want %v", tc.fromAt, tc.at, isNew, err, tc.isNew)
		}
	}
	rewinds, err := st.Control.Rewinds(ctx)
	if err != nil || len(rewinds) != 1 || !rewinds[0].At.Equal(at(70)) || rewinds[0].Partition != 3 {
		t.Errorf("recorded %+v, %v", rewinds, err)
	}
}

// The triggers and every worker may notice a rewind at the same instant: one of them records it.
func TestARewindThatManyNoteAtOnceIsRecordedOnce(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := context.Background()
	var recorded atomic.Int64
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			isNew, err := st.Control.NoteRewind(ctx, 3, uint64(100+n), 50, monday, monday.Add(time.Duration(n+1)*time.Second))
			if err != nil {
				t.Error(err)
			}
			if isNew {
				recorded.Add(1)
			}
		})
	}
	all.Wait()
	if n := recorded.Load(); n != 1 {
		t.Errorf("%d recorded it, want one", n)
	}
}

func TestHandedOverWaitsAndGivesUp(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := context.Background()
	if got := st.Control.AwaitHandedOver(ctx, 0, monday, 10*time.Millisecond); !got.IsZero() {
		t.Errorf("gave %v, want the zero time after giving up", got)
	}
	got := make(chan time.Time)
	go func() { got <- st.Control.AwaitHandedOver(ctx, 0, monday, time.Minute) }()
	if err := st.Control.PublishWatermark(ctx, 0, monday.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if at := <-got; !at.Equal(monday.Add(time.Second)) {
		t.Errorf("gave %v", at)
	}
}
