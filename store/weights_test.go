package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

var twoArms = []store.ArmWeight{{Arm: "a", People: 3, Reached: 1, Percent: 30}, {Arm: "b", People: 4, Reached: 3, Percent: 70}}

// TestWeightsInForce: a run is drawn by what was in force when it started, two processes that adapt at once write one version, and old versions go.
func TestWeightsInForce(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	day := func(n int) time.Time { return time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	inForce := func(at time.Time) string {
		t.Helper()
		w, known, err := st.Weights.InForce(ctx, "retry", "tone", at)
		done(t, err)
		return fmt.Sprintf("%v %d %v", known, w.Version, w.Percent)
	}
	if got := inForce(day(9)); got != "false 0 map[]" {
		t.Errorf("before the first version: %s", got)
	}
	for n := range 100 {
		arms := []store.ArmWeight{{Arm: "a", People: n, Percent: 30}, {Arm: "b", Percent: 70}}
		for range 2 { // the second finds nothing new
			v, err := st.Weights.Add(ctx, "retry", "tone", day(n), arms)
			done(t, err)
			if v.Version != n+1 {
				t.Fatalf("version %d after %d days", v.Version, n+1)
			}
		}
		if n == 0 {
			if got := inForce(day(0).Add(-time.Second)); got != "false 0 map[]" {
				t.Errorf("a run from before the first version: %s", got)
			}
		}
	}
	for at, want := range map[time.Time]string{
		day(98):                   "true 99 map[a:30 b:70]",
		day(99).Add(-time.Second): "true 99 map[a:30 b:70]",
		day(200):                  "true 100 map[a:30 b:70]",
		day(3):                    "true 41 map[a:30 b:70]", // the oldest that is kept
	} {
		if got := inForce(at); got != want {
			t.Errorf("at %s: %s, want %s", at, got, want)
		}
	}
	if w, known, err := st.Weights.InForce(ctx, "retry", "other", day(9)); known || err != nil {
		t.Errorf("another split: %+v %v", w, err)
	}
}

func weightsHold(ctx context.Context, k kept, newer bool) error {
	if w, known, err := k.st.Weights.InForce(ctx, "retry", "tone", time.Now()); known || err != nil {
		return fmt.Errorf("the weights in force are %+v, %w", w, err)
	}
	v, err := k.st.Weights.Add(ctx, "retry", "tone", time.Now().UTC(), twoArms)
	if newer {
		if !errors.Is(err, store.ErrNewer) {
			return fmt.Errorf("the weights of a newer version were replaced: %w", err)
		}
		return nil
	}
	if err != nil || v.Version != 1 {
		return fmt.Errorf("the next version is %+v, %w", v, err)
	}
	return nil
}
