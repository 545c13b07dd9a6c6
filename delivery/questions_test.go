package delivery_test

import (
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
)

// TestAChoiceTakenBackCountsBeforeTheCall: nobody gets a topic that is off by default who has not chosen it, and whoever chose it
// may say so no longer by the time the provider is called again.
func TestAChoiceTakenBackCountsBeforeTheCall(t *testing.T) {
	yes := true
	for _, c := range []struct {
		name          string
		optIn         bool
		before, after engine.Profile
		want          engine.OutcomeStatus
		calls         int
	}{
		{"the topic's choice", true, engine.Profile{Subscribed: []string{"achievements"}}, engine.Profile{}, engine.OutcomeSuppressed, 1},
		{"consent to everything", true, engine.Profile{Consent: &yes}, engine.Profile{}, engine.OutcomeSuppressed, 1},
		{"one of two reasons", true, engine.Profile{Consent: &yes, Subscribed: []string{"achievements"}}, engine.Profile{Consent: &yes}, engine.OutcomeAccepted, 2},
		{"never chosen", true, engine.Profile{}, engine.Profile{}, engine.OutcomeSuppressed, 0},
		{"a topic for everybody", false, engine.Profile{Consent: &yes}, engine.Profile{}, engine.OutcomeAccepted, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.to.Profile = c.before
			w.answers = []error{answer(delivery.Retry, 503, "down")}
			w.onCall = func(step string) {
				if step == "wait" {
					w.to.Profile = c.after
				}
			}
			s := send
			s.OptIn = c.optIn
			out, err := w.deliverer().Deliver(t.Context(), s)
			if err != nil || out.Status != c.want || w.calls != c.calls {
				t.Errorf("%+v after %d calls (%v), want %s after %d", out, w.calls, err, c.want, c.calls)
			}
			if c.want == engine.OutcomeSuppressed && out.Reason != engine.ReasonNoConsent {
				t.Errorf("reason %s", out.Reason)
			}
		})
	}
}

// TestNothingGoesAfterItsTime: a delivery that begins, or is tried again, after the send's last instant calls nobody, and every question is to be asked again.
func TestNothingGoesAfterItsTime(t *testing.T) {
	for _, c := range []struct {
		name    string
		by      time.Duration // from the beginning of the delivery
		answers []error
		want    engine.OutcomeStatus
		calls   int
	}{
		{"in time", time.Hour, nil, engine.OutcomeAccepted, 1},
		{"at the very instant", 0, nil, engine.OutcomeAccepted, 1},
		{"after it", -time.Second, nil, engine.OutcomeRetry, 0},
		{"over between two tries", time.Second, []error{answer(delivery.Retry, 503, "down")}, engine.OutcomeRetry, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = c.answers
			s := send
			s.NotAfter = w.now.Add(c.by)
			out, err := w.deliverer().Deliver(t.Context(), s)
			if err != nil || out.Status != c.want || w.calls != c.calls {
				t.Errorf("%+v after %d calls (%v), want %s after %d", out, w.calls, err, c.want, c.calls)
			}
			if c.want == engine.OutcomeRetry && (out.Reason != engine.ReasonLate || !out.RetryAt.After(s.NotAfter)) {
				t.Errorf("%+v, want late, to be asked again after %s", out, s.NotAfter)
			}
		})
	}
}
