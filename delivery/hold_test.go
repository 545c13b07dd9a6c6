package delivery_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
)

// TestARefusedAccountHoldsSendsBack: while the provider refuses the account, nothing fails, one send at a time tries, with growing intervals up to
// five minutes, and when it is taken the others go.
func TestARefusedAccountHoldsSendsBack(t *testing.T) {
	w := newWorld(t)
	d := w.deliverer()
	refused := answer(delivery.Refused, 401, "SendGrid answered 401: Maximum credits exceeded for ada@example.org")
	deliver := func(n int) engine.Outcome {
		t.Helper()
		s := send
		s.ID = fmt.Sprintf("snd-%d", n)
		out, err := d.Deliver(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	began := w.now
	w.answers = []error{refused}
	out := deliver(0)
	if out.Status != engine.OutcomeRetry || out.Reason != engine.ReasonProviderRefuses || strings.Contains(out.Detail, "@") {
		t.Fatalf("got %+v, want a retry that says the provider refuses us", out)
	}
	if wait := out.RetryAt.Sub(w.now); wait < 5*time.Minute || wait > 6*time.Minute {
		t.Errorf("tried again after %s", wait)
	}
	if got := w.ledger.Entries()["snd-0"].Phase; got != delivery.PhaseReleased {
		t.Errorf("the ledger has it as %s", got)
	}
	list := d.Refusals()
	if len(list) != 1 || list[0].Channel != engine.ChannelEmail || !list[0].Since.Equal(began) || strings.Contains(list[0].Detail, "@") {
		t.Errorf("refusals %+v", list)
	}
	calls := map[time.Duration]bool{}
	for n := 1; n < 1000; n++ { // a send every two seconds, for half an hour
		w.now = w.now.Add(2 * time.Second)
		before := w.calls
		w.answers = []error{refused}
		if out := deliver(n); out.Status != engine.OutcomeRetry || out.Reason != engine.ReasonProviderRefuses {
			t.Fatalf("got %+v", out)
		}
		if w.calls > before {
			calls[w.now.Sub(began)] = true
		}
	}
	for _, minutes := range []int{1, 3, 7, 12, 17, 22, 27, 32} {
		if at := time.Duration(minutes) * time.Minute; !calls[at] {
			t.Errorf("nobody tried after %s; tried at %v", at, calls)
		}
		delete(calls, time.Duration(minutes)*time.Minute)
	}
	if len(calls) > 0 {
		t.Errorf("tried also at %v", calls)
	}
	w.answers = nil
	s := send
	s.ID = "snd-nudge"
	s.Channel = engine.ChannelInApp
	if out, err := d.Deliver(t.Context(), s); err != nil || out.Status != engine.OutcomeAccepted {
		t.Errorf("in the app: %+v, %v", out, err)
	}

	w.now = w.now.Add(5 * time.Minute)
	for n := range 3 {
		if out := deliver(n); out.Status != engine.OutcomeAccepted {
			t.Errorf("when the account is in order: %+v", out)
		}
	}
	if list := d.Refusals(); len(list) > 0 {
		t.Errorf("refusals %+v", list)
	}
}

// TestOnlyTheAccountHoldsOthersBack: a refused message, or a provider that is away, says nothing of the account.
func TestOnlyTheAccountHoldsOthersBack(t *testing.T) {
	for _, class := range []delivery.Class{delivery.Final, delivery.Uncertain} {
		w := newWorld(t)
		w.answers = []error{answer(class, 400, "no")}
		d := w.deliverer()
		for _, id := range []string{"snd-1", "snd-2"} {
			s := send
			s.ID = id
			if _, err := d.Deliver(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if w.accepted != 1 || len(d.Refusals()) > 0 {
			t.Errorf("%s: %d accepted, refusals %v", class, w.accepted, d.Refusals())
		}
	}
}
