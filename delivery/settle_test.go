package delivery_test

import (
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
)

// TestAnUncertainMailIsSettledByEvidence holds a mail whose answer never came to what the provider reports afterwards.
func TestAnUncertainMailIsSettledByEvidence(t *testing.T) {
	broken := answer(delivery.Uncertain, 0, "connection reset")
	suppressed := func(w *world) { w.to.Profile.Reach[engine.ChannelEmail] = engine.Reach{Known: true, Suppressed: true} }
	for _, tc := range []struct {
		name     string
		others   time.Duration // when another mail was handed over whose intake is reported, after ours; < 0: none
		own      bool          // the intake of ours is reported, late
		deferred bool          // what is reported is no intake
		wait     time.Duration
		change   func(*world)
		ordinary bool // the delivery is repeated without being asked to settle
		again    error
		status   engine.OutcomeStatus
		calls    int
	}{
		{name: "reports of that minute are in, and none of it: it was not taken", others: 20 * time.Second, wait: 17 * time.Minute, status: engine.OutcomeAccepted, calls: 2},
		{name: "no reports at all: no webhook", others: -1, wait: 24 * time.Hour, status: engine.OutcomeUncertain, calls: 1},
		{name: "reports of another minute only", others: 3 * time.Minute, wait: time.Hour, status: engine.OutcomeUncertain, calls: 1},
		{name: "reports that say nothing of what was taken", others: 20 * time.Second, deferred: true, wait: time.Hour, status: engine.OutcomeUncertain, calls: 1},
		{name: "asked too early", others: 20 * time.Second, wait: 14 * time.Minute, status: engine.OutcomeUncertain, calls: 1},
		{name: "a late report of it: it was taken", others: 20 * time.Second, own: true, wait: time.Hour, status: engine.OutcomeAccepted, calls: 1},
		{name: "suppressed meanwhile", others: 20 * time.Second, wait: time.Hour, change: suppressed, status: engine.OutcomeSuppressed, calls: 1},
		{name: "an ordinary repeat", others: 20 * time.Second, wait: time.Hour, ordinary: true, status: engine.OutcomeUncertain, calls: 1},
		{name: "uncertain once more: never a third time", others: 20 * time.Second, wait: time.Hour, again: broken, status: engine.OutcomeUncertain, calls: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = []error{broken}
			if tc.again != nil {
				w.answers = append(w.answers, tc.again)
			}
			d := w.with(func(o *delivery.Options) { o.SettleAfter = delivery.SettleAfter })
			out, err := d.Deliver(t.Context(), send)
			if err != nil || out.Status != engine.OutcomeUncertain || out.SettleAt.Sub(w.now) < delivery.SettleAfter {
				t.Fatalf("Deliver = %+v, %v, want uncertain, to be settled later", out, err)
			}
			reportIntakes(t, w, tc.others, tc.deferred, tc.own)
			w.now = start.Add(tc.wait)
			if tc.change != nil {
				tc.change(w)
			}
			again := send
			again.Settles = !tc.ordinary
			for look := range 3 {
				out, err = d.Deliver(t.Context(), again)
				if err != nil || out.Status != tc.status || w.calls != tc.calls {
					t.Fatalf("look %d: %+v, %v after %d calls, want %s after %d", look+1, out, err, w.calls, tc.status, tc.calls)
				}
				if tc.wait >= delivery.SettleAfter {
					w.now = w.now.Add(time.Hour)
				}
			}
			if again.Settles && !out.SettleAt.IsZero() {
				t.Errorf("to be settled again at %s, want never", out.SettleAt)
			}
		})
	}
}

// reportIntakes hands another mail over and lets the provider report what it took.
func reportIntakes(t *testing.T, w *world, others time.Duration, deferred, own bool) {
	t.Helper()
	a := newAftermath(t, delivery.PhaseNone, 0)
	a.ledger = w.ledger
	a.now = w.now
	intake := but(report(delivery.ReportProcessed), func(r *delivery.ProviderReport) { r.Intake = !deferred })
	if own {
		a.take(intake)
	}
	if others < 0 {
		return
	}
	entry := delivery.Entry{
		Phase:   delivery.PhaseSettled,
		Outcome: engine.Outcome{SendID: "snd-2", Status: engine.OutcomeAccepted},
		Send:    engine.Send{ID: "snd-2", Learner: nudge.Learner},
		Calls:   1,
		Called:  start.Add(others),
	}
	if _, err := w.ledger.Put(t.Context(), "snd-2", entry); err != nil {
		t.Fatal(err)
	}
	for range 2 { // reports come twice
		a.take(but(intake, func(r *delivery.ProviderReport) { r.SendID = "snd-2" }))
	}
}

// TestAnEntryOfAnOlderVersionStaysUncertain: nobody noted when the provider was called.
func TestAnEntryOfAnOlderVersionStaysUncertain(t *testing.T) {
	w := newWorld(t)
	old := delivery.Entry{
		Phase:   delivery.PhaseUncertain,
		Outcome: engine.Outcome{SendID: send.ID, Status: engine.OutcomeUncertain},
		Send:    send,
		Calls:   1,
		At:      start.Add(-time.Hour),
	}
	if _, err := w.ledger.Put(t.Context(), send.ID, old); err != nil {
		t.Fatal(err)
	}
	again := send
	again.Settles = true
	out, err := w.with(func(o *delivery.Options) { o.SettleAfter = delivery.SettleAfter }).Deliver(t.Context(), again)
	if err != nil || out.Status != engine.OutcomeUncertain || w.calls != 0 {
		t.Errorf("Deliver = %+v, %v after %d calls, want uncertain, and no call", out, err, w.calls)
	}
}
