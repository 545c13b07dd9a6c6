package delivery_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
)

func TestProvidersAnswers(t *testing.T) {
	retry := answer(delivery.Retry, 503, "come back later")
	for _, c := range []struct {
		name   string
		answer error
		want   engine.OutcomeStatus
		phase  delivery.Phase
	}{
		{"final", answer(delivery.Final, 400, "bad ada@example.org"), engine.OutcomeFailed, delivery.PhaseSettled},
		{"uncertain", answer(delivery.Uncertain, 504, "gateway"), engine.OutcomeUncertain, delivery.PhaseUncertain},
		{"an error of unknown kind", errors.New("what?"), engine.OutcomeUncertain, delivery.PhaseUncertain},
		{"retry, then accepted", retry, engine.OutcomeAccepted, delivery.PhaseSettled},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = []error{c.answer}
			out := w.deliver()
			if out.Status != c.want || w.phase() != c.phase {
				t.Errorf("got %+v in phase %s; want %s in %s", out, w.phase(), c.want, c.phase)
			}
			if strings.Contains(out.Detail, "ada@") {
				t.Errorf("the detail names the address: %s", out.Detail)
			}
			if again := w.deliver(); again != out {
				t.Errorf("a second Deliver says %+v, want %+v", again, out)
			}
		})
	}
}

func TestRetriesLastAboutAMinuteThenComeBackToTheEngine(t *testing.T) {
	w := newWorld(t)
	for range 50 {
		w.answers = append(w.answers, answer(delivery.Retry, 503, "down"))
	}
	out := w.deliver()
	if out.Status != engine.OutcomeRetry || out.Reason != engine.ReasonProvider || out.Detail != "down" {
		t.Errorf("got %+v", out)
	}
	if took := w.now.Sub(start); took > time.Minute || took < 20*time.Second {
		t.Errorf("it tried for %s in %d calls", took, w.calls)
	}
	if in := out.RetryAt.Sub(w.now); in < 5*time.Minute || in > 6*time.Minute {
		t.Errorf("comes back in %s, want 5 to 6 minutes", in)
	}
	for i := 1; i < len(w.waits); i++ {
		if w.waits[i] < w.waits[i-1] {
			t.Errorf("the pauses shrink: %v", w.waits)
		}
	}
	if w.phase() != delivery.PhaseReleased {
		t.Errorf("phase %s, want released", w.phase())
	}
	// Later, the same send is tried again and goes out once.
	w.answers = nil
	w.now = out.RetryAt
	if out := w.deliver(); out.Status != engine.OutcomeAccepted || w.accepted != 1 {
		t.Errorf("later: %+v, accepted %d", out, w.accepted)
	}
}

func TestRetryAfterIsHonored(t *testing.T) {
	for _, c := range []struct {
		name      string
		after     time.Duration
		waits     int
		retryFrom time.Duration
		retryTo   time.Duration
	}{
		{"soon: waited for", 20 * time.Second, 1, 0, 0},
		{"far: the engine is told", 2 * time.Hour, 0, 2 * time.Hour, 150 * time.Minute},
		{"absurd: not believed", 900 * time.Hour, 0, 24 * time.Hour, 30 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = []error{&delivery.Error{Class: delivery.Retry, Status: 429, RetryAfter: c.after, Message: "slow down"}}
			out := w.deliver()
			if len(w.waits) != c.waits {
				t.Fatalf("waited %v, want %d times", w.waits, c.waits)
			}
			if c.waits > 0 {
				if w.waits[0] < c.after || out.Status != engine.OutcomeAccepted {
					t.Errorf("waited %s for %s, got %+v", w.waits[0], c.after, out)
				}
				return
			}
			if in := out.RetryAt.Sub(start); in < c.retryFrom || in > c.retryTo {
				t.Errorf("comes back in %s, want %s to %s", in, c.retryFrom, c.retryTo)
			}
		})
	}
}

func TestThePauseSwitchIsAskedBeforeEveryCall(t *testing.T) {
	w := newWorld(t)
	w.answers = []error{answer(delivery.Retry, 503, "down")}
	w.onCall = func(step string) { w.paused = w.paused || step == "wait" }
	if out := w.deliver(); out.Status != engine.OutcomeRetry || out.Reason != engine.ReasonPaused || w.calls != 1 {
		t.Errorf("paused while waiting: %+v after %d calls", out, w.calls)
	}
	w = newWorld(t)
	w.onCall = func(step string) { w.paused = w.paused || step == "compose" }
	if out := w.deliver(); out.Reason != engine.ReasonPaused || w.calls != 0 {
		t.Errorf("paused while composing: %+v after %d calls", out, w.calls)
	}
}

// TestEverythingIsAskedBeforeEveryCall: what happens between two tries of one Deliver stops the second call.
func TestEverythingIsAskedBeforeEveryCall(t *testing.T) {
	no := false
	for _, c := range []struct {
		name   string
		change func(*world)
		status engine.OutcomeStatus
		reason engine.Reason
	}{
		{"the learner unsubscribes", func(w *world) { w.to.Profile.Unsubscribed = []string{"achievements"} }, engine.OutcomeSuppressed, engine.ReasonUnsubscribed},
		{"the address is suppressed", func(w *world) { w.to.Profile.Reach[engine.ChannelEmail] = engine.Reach{Known: true, Suppressed: true} }, engine.OutcomeSuppressed, engine.ReasonSuppressed},
		{"consent is withdrawn", func(w *world) { w.to.Profile.Consent = &no }, engine.OutcomeSuppressed, engine.ReasonNoConsent},
		{"the address is erased", func(w *world) { w.to = delivery.Recipient{} }, engine.OutcomeNoAddress, engine.ReasonNoAddress},
		{"the new address is not on the allow-list", func(w *world) { w.to.Address = "ada@elsewhere.example" }, engine.OutcomeNotAllowed, engine.ReasonNotAllowed},
		{"the kill switch is thrown", func(w *world) { w.paused = true }, engine.OutcomeRetry, engine.ReasonPaused},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.allow = []string{"example.org"}
			w.answers = []error{answer(delivery.Retry, 503, "down")}
			w.onCall = func(step string) {
				if step == "wait" {
					c.change(w)
				}
			}
			if out := w.deliver(); out.Status != c.status || out.Reason != c.reason || w.calls != 1 || w.accepted != 0 {
				t.Errorf("got %+v after %d calls", out, w.calls)
			}
		})
	}
}

func TestASecondTryGoesToTheAddressOfTheMoment(t *testing.T) {
	w := newWorld(t)
	w.answers = []error{answer(delivery.Retry, 503, "down")}
	w.onCall = func(step string) {
		if step == "wait" {
			w.to.Address = "ada@new.example"
		}
	}
	if out := w.deliver(); out.Status != engine.OutcomeAccepted || w.last.To != "ada@new.example" {
		t.Errorf("got %+v, to %s", out, w.last.To)
	}
}
