package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestOneProcessReadsTheLists: who writes the record under a revision that is not the newest hears of a conflict.
func TestOneProcessReadsTheLists(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	r, revision, err := st.Control.Look(ctx)
	if err != nil || revision != 0 || r.By != "" {
		t.Fatalf("before anybody looked: %+v, %d, %v", r, revision, err)
	}
	first, err := st.Control.PutLook(ctx, delivery.LookRecord{By: "a"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Control.PutLook(ctx, delivery.LookRecord{By: "b"}, 0); !errors.Is(err, delivery.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	want := delivery.LookRecord{By: "a", Lists: map[string]delivery.ListCursor{"bounces": {From: monday, To: monday.Add(time.Hour), Offset: 500}}}
	second, err := st.Control.PutLook(ctx, want, first)
	if err != nil {
		t.Fatal(err)
	}
	got, revision, err := st.Control.Look(ctx)
	if err != nil || revision != second || got.Lists["bounces"] != want.Lists["bounces"] {
		t.Errorf("got %+v, %d, %v", got, revision, err)
	}
}

// lookHolds: a damaged record is as none and is written over; one of a newer version is not.
func lookHolds(ctx context.Context, k kept, newer bool) error {
	r, revision, err := k.st.Control.Look(ctx)
	if newer {
		if !errors.Is(err, store.ErrNewer) {
			return fmt.Errorf("got %+v, %w; want ErrNewer", r, err)
		}
		return nil
	}
	if err != nil || len(r.Lists) > 0 || revision == 0 {
		return fmt.Errorf("got %+v, revision %d, %w; want an empty record to write over", r, revision, err)
	}
	_, err = k.st.Control.PutLook(ctx, delivery.LookRecord{By: "x"}, revision)
	return err
}
