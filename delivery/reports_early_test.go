package delivery_test

import (
	"errors"
	"testing"

	"homeroom/delivery"
	"homeroom/engine"
)

// The provider may report on a send before it has answered, or although its answer is lost.
func TestAReportThatComesBeforeTheAnswer(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer error
	}{
		{"then it answers yes", nil},
		{"then the connection breaks", errors.New("connection reset")},
		{"then it says not now, which is not true", answer(delivery.Retry, 503, "busy")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = []error{tc.answer}
			w.lost = func(error) bool { return true }
			a := newAftermath(t, delivery.PhaseNone, 0)
			a.ledger = w.ledger
			a.now = w.now
			w.onCall = func(step string) {
				if step == "after send" {
					a.take(delivery.ProviderReport{ID: "r1", SendID: send.ID, Kind: delivery.ReportProcessed, At: w.now})
				}
			}
			if out := w.deliver(); out.Status != engine.OutcomeAccepted {
				t.Errorf("outcome %+v, want accepted: the report proves it", out)
			}
			if w.calls != 1 || w.phase() != delivery.PhaseSettled || len(a.told) != 0 {
				t.Errorf("%d calls, %s, told %v; want one, settled, and the delivery tells it", w.calls, w.phase(), a.told)
			}
			if again := w.deliver(); again.Status != engine.OutcomeAccepted || w.calls != 1 {
				t.Errorf("again: %+v, %d calls", again, w.calls)
			}
		})
	}
}
