package delivery_test

import (
	"errors"
	"testing"

	"homeroom/delivery"
	"homeroom/engine"
)

// TestGivingUpAfterACrash lets a delivery die at every step of every fault and gives it up then: what is said to have been
// cancelled has not gone out, and what went out is not said to have been cancelled.
func TestGivingUpAfterACrash(t *testing.T) {
	statuses := map[engine.OutcomeStatus]int{}
	for _, f := range faults {
		for n, more := 1, true; more; n++ {
			w := newWorld(t)
			w.answers = []error{f.err}
			w.lost = func(err error) bool { return f.took && errors.Is(err, f.err) }
			count := 0
			w.onCall = func(step string) {
				if count++; count == n {
					panic(crash{step})
				}
			}
			_, _ = survive(w)
			more = count >= n
			w.onCall = func(string) {}
			out, err := w.deliverer().GiveUp(t.Context(), send)
			statuses[out.Status]++
			if cancelled := out.Status == engine.OutcomeCancelled; err != nil || cancelled && w.accepted > 0 || out.Status == engine.OutcomeAccepted && w.accepted != 1 {
				t.Errorf("%s, died at step %d: %q, %v; the provider has %d", f.name, n, out.Status, err, w.accepted)
			}
			again, err := w.deliverer().GiveUp(t.Context(), send)
			if err != nil || again.Status != out.Status {
				t.Errorf("%s, died at step %d: first %q, then %q, %v", f.name, n, out.Status, again.Status, err)
			}
		}
	}
	for _, status := range []engine.OutcomeStatus{engine.OutcomeCancelled, engine.OutcomeUncertain, engine.OutcomeAccepted, engine.OutcomeFailed} {
		if statuses[status] == 0 {
			t.Errorf("no delivery ended %s: %v", status, statuses)
		}
	}
}

// TestGivingUpStopsWhoStillLives gives up at every step of a delivery that goes on.
func TestGivingUpStopsWhoStillLives(t *testing.T) {
	stopped := 0
	for _, f := range faults {
		for n, more := 1, true; more; n++ {
			w := newWorld(t)
			w.answers = []error{f.err}
			w.lost = func(err error) bool { return f.took && errors.Is(err, f.err) }
			count := 0
			inside := false
			var out engine.Outcome
			w.onCall = func(string) {
				if inside {
					return
				}
				if count++; count == n {
					inside = true
					var err error
					if out, err = w.deliverer().GiveUp(t.Context(), send); err != nil && !errors.Is(err, delivery.ErrConflict) {
						t.Error(err)
					}
					inside = false
				}
			}
			_, _ = w.deliverer().Deliver(t.Context(), send)
			if more = count >= n; !more {
				break
			}
			if out.Status == engine.OutcomeCancelled {
				if stopped++; w.accepted > 0 {
					t.Errorf("%s: given up at step %d, and it went out all the same", f.name, n)
				}
			}
		}
	}
	if stopped == 0 {
		t.Error("nothing was given up in time")
	}
}
