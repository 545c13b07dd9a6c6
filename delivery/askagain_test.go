package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
)

// A process is stopped (SIGSTOP, a suspended machine) after all questions were answered, and goes on later: what was said meanwhile counts.
func TestAStoppedProcessAsksAgainBeforeItCalls(t *testing.T) {
	for _, c := range []struct {
		name   string
		during time.Duration // how long it was stopped
		change func(*world)  // what happens meanwhile
		status engine.OutcomeStatus
		reason engine.Reason
		phase  delivery.Phase
	}{
		{"nothing happens", time.Hour, func(*world) {}, engine.OutcomeAccepted, "", delivery.PhaseSettled},
		{"sending is paused", time.Hour, func(w *world) { w.paused = true }, engine.OutcomeRetry, engine.ReasonPaused, delivery.PhaseReleased},
		{"the learner unsubscribes", 10 * time.Second, func(w *world) { w.to.Profile.Unsubscribed = []string{send.Topic} }, engine.OutcomeSuppressed, engine.ReasonUnsubscribed, delivery.PhaseReleased},
		{"the address bounces", time.Hour, func(w *world) { w.to.Profile.Reach[engine.ChannelEmail] = engine.Reach{Known: true, Suppressed: true} }, engine.OutcomeSuppressed, engine.ReasonSuppressed, delivery.PhaseReleased},
		{"the address is forgotten", time.Hour, func(w *world) { w.to.Address = "" }, engine.OutcomeNoAddress, engine.ReasonNoAddress, delivery.PhaseReleased},
		{"the address is another", time.Hour, func(w *world) { w.to.Address = "new@example.org" }, engine.OutcomeRetry, engine.ReasonProvider, delivery.PhaseReleased},
		{"the calendar is set back", -time.Hour, func(w *world) { w.paused = true }, engine.OutcomeRetry, engine.ReasonPaused, delivery.PhaseReleased},
		{"an instant: the answers are fresh", time.Second, func(w *world) { w.paused = true }, engine.OutcomeAccepted, "", delivery.PhaseSettled},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.onCall = func(step string) {
				if step == "after calling" {
					w.onCall = func(string) {}
					w.now = w.now.Add(c.during)
					c.change(w)
				}
			}
			out := w.deliver()
			if out.Status != c.status || out.Reason != c.reason || w.phase() != c.phase {
				t.Errorf("outcome %+v, the ledger says %q; want %s %s, %q", out, w.phase(), c.status, c.reason, c.phase)
			}
			if entry := w.ledger.Entries()[send.ID]; c.during > 5*time.Second && !entry.Called.Equal(w.now) {
				t.Errorf("the ledger says that the call began at %v, and it is %v", entry.Called, w.now)
			}
			if called := w.calls == 1; called != (c.status == engine.OutcomeAccepted) {
				t.Errorf("the provider was called %d times", w.calls)
			}
		})
	}
}

// While the process was stopped, another attempt found the send calling and said uncertain; perhaps it was sent again. The process must not call any more.
func TestAStoppedProcessDoesNotCallForAnotherAttempt(t *testing.T) {
	w := newWorld(t)
	w.onCall = func(step string) {
		if step == "after calling" {
			w.onCall = func(string) {}
			w.now = w.now.Add(time.Hour)
			if out := w.deliver(); out.Status != engine.OutcomeUncertain {
				t.Errorf("the other attempt: %+v", out)
			}
		}
	}
	if out := w.deliver(); out.Status != engine.OutcomeUncertain || w.calls != 0 {
		t.Errorf("outcome %+v after %d calls; want uncertain and none", out, w.calls)
	}
}

// The store is away when the process goes on: it is asked for a while, and then the send is released.
func TestAStoppedProcessCannotAsk(t *testing.T) {
	for fails, status := range map[int]engine.OutcomeStatus{2: engine.OutcomeAccepted, 100: engine.OutcomeRetry} {
		w := newWorld(t)
		recipients := &failingRecipients{world: w}
		w.onCall = func(step string) {
			if step == "after calling" {
				w.onCall = func(string) {}
				w.now = w.now.Add(time.Hour)
				recipients.fail = fails
			}
		}
		out, err := w.with(func(o *delivery.Options) { o.Recipients = recipients }).Deliver(t.Context(), send)
		if err != nil || out.Status != status {
			t.Errorf("%d failures: %+v, %v; want %s", fails, out, err, status)
		}
		if released := w.phase() == delivery.PhaseReleased; released != (status == engine.OutcomeRetry) || (w.calls == 0) != released {
			t.Errorf("%d failures: the ledger says %q after %d calls", fails, w.phase(), w.calls)
		}
	}
}

type failingRecipients struct {
	*world
	fail int
}

func (f *failingRecipients) Recipient(ctx context.Context, learner string) (delivery.Recipient, error) {
	if f.fail > 0 {
		f.fail--
		return delivery.Recipient{}, errors.New("the store is away")
	}
	return f.world.Recipient(ctx, learner)
}
