package engine

import (
	"slices"
	"testing"
	"time"
)

func TestOutcomesThatMayWait(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name     string
		run      Run
		delivery PendingDelivery
		want     bool
	}{
		{"the run is over", Run{ID: "r", Ended: true}, PendingDelivery{}, true},
		{"the run waits", Run{ID: "r", Waiting: true, Due: at}, PendingDelivery{}, true},
		{"the run is gone", Run{ID: "other"}, PendingDelivery{}, true},
		{"the run is at its next message", Run{ID: "r", FirstDue: at, Due: at}, PendingDelivery{}, false},
		{"another run is at its next message", Run{ID: "other", FirstDue: at, Due: at}, PendingDelivery{}, true},
		{"the learner has left", Run{ID: "r", Ended: true}, PendingDelivery{ExitReason: ReasonUntil}, false},
		{"it is uncertain and to be settled", Run{ID: "r", Ended: true}, PendingDelivery{SettleAt: at}, false},
		{"it settles what was uncertain", Run{ID: "r", Ended: true}, PendingDelivery{Send: Send{Settles: true}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.delivery.Send.ID = "s"
			tc.delivery.Send.Run = "r"
			got := OutcomesThatMayWait(&State{Runs: []Run{tc.run}, PendingDeliveries: []PendingDelivery{tc.delivery}})
			if slices.Contains(got, "s") != tc.want {
				t.Errorf("may wait: %v, want %v", got, tc.want)
			}
		})
	}
}
