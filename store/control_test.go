package store_test

import (
	"context"
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
	if got := st.Control.AwaitHandedOver(ctx, 7, want, 5*time.Second); !got.Equal(want) {
		t.Errorf("mark %v, want %v", got, want)
	}
	if got := st.Control.Watermark(6); !got.IsZero() {
		t.Errorf("another partition's mark is %v", got)
	}
	if err := st.Control.PublishWatermark(ctx, 16, monday); err == nil {
		t.Error("a mark for partition 16 was taken")
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
