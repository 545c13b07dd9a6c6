package activities

import (
	"context"
	"testing"

	"homeroom/delivery"
	"homeroom/engine"
)

// oneEntry is a ledger with one entry.
type oneEntry struct{ delivery.Entry }

func (l oneEntry) Get(context.Context, string) (delivery.Entry, error) { return l.Entry, nil }

// TestStaffHaveHeard: staff have heard of it if another event sent the message and the provider did not refuse it.
func TestStaffHaveHeard(t *testing.T) {
	sent := engine.Send{ID: "s1", Run: "first"}
	for _, tt := range []struct {
		name  string
		entry delivery.Entry
		run   string
		want  bool
	}{
		{"nobody has claimed it", delivery.Entry{}, "second", false},
		{"this run's own", delivery.Entry{Send: sent, Phase: delivery.PhaseSettled}, "first", false},
		{"another event sent it", delivery.Entry{Send: sent, Phase: delivery.PhaseSettled, Outcome: engine.Outcome{Status: engine.OutcomeAccepted}}, "second", true},
		{"another event is sending it", delivery.Entry{Send: sent, Phase: delivery.PhaseCalling}, "second", true},
		{"another event's may have gone out", delivery.Entry{Send: sent, Phase: delivery.PhaseUncertain, Outcome: engine.Outcome{Status: engine.OutcomeUncertain}}, "second", true},
		{"another event's was not taken", delivery.Entry{Send: sent, Phase: delivery.PhaseReleased}, "second", false},
		{"another event's was refused", delivery.Entry{Send: sent, Phase: delivery.PhaseSettled, Outcome: engine.Outcome{Status: engine.OutcomeFailed}}, "second", false},
	} {
		d := DecideStaff{Ledger: oneEntry{tt.entry}}
		got, err := d.heardBefore(t.Context(), &engine.Send{ID: "s1", Run: tt.run})
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}
