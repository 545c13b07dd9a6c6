package delivery_test

import (
	"context"
	"errors"
	"homeroom/delivery/email"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/delivery"
	"homeroom/engine"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

var send = engine.Send{
	ID:       "snd-1",
	Learner:  "u_42",
	Rule:     "certificate",
	Run:      "run-1",
	Step:     "1",
	Revision: "rev-1",
	Message:  "well-done",
	Channel:  "email",
	Topic:    "achievements",
}

func TestASendIsAccepted(t *testing.T) {
	w := newWorld(t)
	out := w.deliver()
	if diff := cmp.Diff(engine.Outcome{SendID: "snd-1", Status: engine.OutcomeAccepted}, out); diff != "" {
		t.Errorf("outcome (-want +got)\n%s", diff)
	}
	want := email.Email{
		SendID:  "snd-1",
		From:    "hello@academy.example",
		To:      "ada@example.org",
		Subject: "S",
		HTML:    "<p>H</p>",
		Text:    "T https://academy.example/u/snd-1",
		Headers: map[string]string{
			"List-Unsubscribe":      "<https://academy.example/u/snd-1>",
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		},
		Categories: []string{"certificate", "well-done"},
	}
	if diff := cmp.Diff(want, w.last); diff != "" {
		t.Errorf("email (-want +got)\n%s", diff)
	}
	e := w.ledger.Entries()[send.ID]
	if e.Phase != delivery.PhaseSettled || e.Receipt != "msg-1" || e.Calls != 1 || e.Outcome != out {
		t.Errorf("ledger entry %+v", e)
	}
	// A second Deliver of the same send finds it settled.
	if again := w.deliver(); again != out || w.calls != 1 {
		t.Errorf("again: %+v after %d calls", again, w.calls)
	}
}

// The name beside the address is whatever somebody typed when they signed up.
func TestTheNameBesideTheAddressIsOneShortLine(t *testing.T) {
	for name, want := range map[string]string{
		"Ada":                                  "Ada",
		" Ada\r\n Lovelace\x00 ":               "Ada Lovelace",
		"\u2066Ada\u2069\u202e \u200bB.\u061c": "Ada B.",
		strings.Repeat("é", 60):                strings.Repeat("é", 50),
		strings.Repeat("é", 300):               "",
		"Ada\r\nBcc: all@example.org":          "",
		"https://evil.example/login":           "",
		"evil.example":                         "",
		"+49 30 1234567":                       "",
		"<b>Ada</b>":                           "",
		"undefined":                            "",
	} {
		w := newWorld(t)
		w.to.Name = name
		if w.deliver(); w.last.ToName != want {
			t.Errorf("%q is labeled %q, want %q", name, w.last.ToName, want)
		}
	}
}

func TestWhatEndsASendBeforeTheProvider(t *testing.T) {
	no := false
	for _, c := range []struct {
		name   string
		change func(*world)
		want   engine.Outcome
	}{
		{"sending is paused", func(w *world) { w.paused = true },
			engine.Outcome{
				Status:  engine.OutcomeRetry,
				Reason:  engine.ReasonPaused,
				RetryAt: start.Add(5 * time.Minute),
				Detail:  "sending is paused; `homeroom resume` lifts it",
			}},
		{"no address", func(w *world) { w.to = delivery.Recipient{} },
			engine.Outcome{Status: engine.OutcomeNoAddress, Reason: engine.ReasonNoAddress}},
		{"not an address", func(w *world) { w.to.Address = "ada@example.org\r\nBcc: all@example.org" },
			engine.Outcome{Status: engine.OutcomeNoAddress, Reason: engine.ReasonNoAddress, Detail: "what the profile calls the address is not one"}},
		{"an address that no provider takes", func(w *world) { w.to.Address = "jürgen@example.org" },
			engine.Outcome{
				Status: engine.OutcomeNoAddress,
				Reason: engine.ReasonNoAddress,
				Detail: "the address has other than ASCII letters before the @, which mail providers do not take",
			}},
		{"suppressed", func(w *world) { w.to.Profile.Reach[engine.ChannelEmail] = engine.Reach{Known: true, Suppressed: true} },
			engine.Outcome{Status: engine.OutcomeSuppressed, Reason: engine.ReasonSuppressed}},
		{"consent withdrawn", func(w *world) { w.to.Profile.Consent = &no },
			engine.Outcome{Status: engine.OutcomeSuppressed, Reason: engine.ReasonNoConsent}},
		{"topic left", func(w *world) { w.to.Profile.Unsubscribed = []string{"offers", "achievements"} },
			engine.Outcome{Status: engine.OutcomeSuppressed, Reason: engine.ReasonUnsubscribed}},
		{"template error", func(w *world) {
			w.compose = errors.Join(delivery.ErrTemplate, errors.New("course.title has no value for ada@example.org"))
		},
			engine.Outcome{
				Status: engine.OutcomeFailed,
				Reason: engine.ReasonTemplateError,
				Detail: "the message cannot be written for this learner\ncourse.title has no value for (address)",
			}},
		{"revision lost", func(w *world) { w.compose = delivery.ErrRevisionLost },
			engine.Outcome{Status: engine.OutcomeFailed, Reason: engine.ReasonRevisionLost, Detail: delivery.ErrRevisionLost.Error()}},
		{"not on the allow-list", func(w *world) { w.allow = []string{"staff.example"} },
			engine.Outcome{Status: engine.OutcomeNotAllowed, Reason: engine.ReasonNotAllowed, Detail: "the recipient allow-list does not name this address"}},
		{"left the topic and not on the allow-list: the list is asked last", func(w *world) {
			w.allow = []string{"staff.example"}
			w.to.Profile.Reach[engine.ChannelEmail] = engine.Reach{Known: true, Suppressed: true}
		},
			engine.Outcome{Status: engine.OutcomeSuppressed, Reason: engine.ReasonSuppressed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.change(w)
			c.want.SendID = send.ID
			if diff := cmp.Diff(c.want, w.deliver()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if w.calls != 0 || w.phase() != delivery.PhaseNone {
				t.Errorf("the provider was called %d times, the ledger says %q", w.calls, w.phase())
			}
		})
	}
}

func TestUnknownChannelFails(t *testing.T) {
	s := send
	s.Channel = "pigeon"
	out, err := newWorld(t).deliverer().Deliver(t.Context(), s)
	if err != nil || out.Status != engine.OutcomeFailed || out.Detail != `there is no channel "pigeon"` {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestTransactionalMailIgnoresTopicsAndHasNoUnsubscribe(t *testing.T) {
	w := newWorld(t)
	w.to.Profile.Unsubscribed = []string{"achievements"}
	s := send
	s.Transactional = true
	out, err := w.deliverer().Deliver(t.Context(), s)
	if err != nil || out.Status != engine.OutcomeAccepted || w.last.Headers != nil || w.last.Text != "T " {
		t.Errorf("got %+v, %v; email %+v", out, err, w.last)
	}
}

func TestMinorsAreNotTracked(t *testing.T) {
	w := newWorld(t)
	w.to.Profile.Traits = map[string]any{"is_minor": true}
	if w.deliver(); !w.last.NoTracking {
		t.Error("a minor's mail is tracked")
	}
}

// TestTheLedgerKnowsWhichSendItIs: reports of the provider name the send only.
func TestTheLedgerKnowsWhichSendItIs(t *testing.T) {
	w := newWorld(t)
	s := send
	s.Trigger = engine.Event{ID: "e1", Properties: map[string]any{"score_pct": 40.0}}
	s.Awaited = []engine.AwaitedEvent{{Name: "answer", Event: engine.Event{Properties: map[string]any{"score": 9.0}}}}
	s.Vars = engine.Values{"plan": "B"}
	if _, err := w.deliverer().Deliver(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(send, w.ledger.Entries()[send.ID].Send); diff != "" {
		t.Errorf("the ledger's send (-want +got)\n%s", diff)
	}
}

// TestAReportBeforeTheAnswerDoesNotStandInItsWay: a quick webhook writes to the same entry.
func TestAReportBeforeTheAnswerDoesNotStandInItsWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer error
		want   delivery.Phase
	}{{"taken", nil, delivery.PhaseSettled}, {"not now", &delivery.Error{Class: delivery.Retry, RetryAfter: time.Hour}, delivery.PhaseReleased}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = []error{c.answer}
			w.onCall = func(step string) {
				if step != "after send" {
					return
				}
				e := w.ledger.Entries()[send.ID]
				e.Heard = []string{"report-1"}
				if _, err := w.ledger.Put(t.Context(), send.ID, e); err != nil {
					t.Fatal(err)
				}
			}
			w.deliver()
			if e := w.ledger.Entries()[send.ID]; e.Phase != c.want || len(e.Heard) != 1 {
				t.Errorf("ledger entry %+v, want %s", e, c.want)
			}
		})
	}
}

func TestASentMessageIsReportedEvenWhilePaused(t *testing.T) {
	w := newWorld(t)
	want := w.deliver()
	w.paused = true
	if got := w.deliver(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCancelledBeforeTheCall(t *testing.T) {
	for _, at := range []string{"recipient", "compose", "before claimed", "wait"} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			w.answers = []error{answer(delivery.Retry, 503, "down")}
			ctx, cancel := context.WithCancel(t.Context())
			w.onCall = func(step string) {
				if step == at {
					cancel()
				}
			}
			_, err := w.deliverer().Deliver(ctx, send)
			if !errors.Is(err, delivery.ErrNotBegun) || !errors.Is(err, context.Canceled) || w.accepted != 0 {
				t.Errorf("got %v, accepted %d; want ErrNotBegun", err, w.accepted)
			}
			if p := w.phase(); p != delivery.PhaseNone && p != delivery.PhaseClaimed && p != delivery.PhaseReleased {
				t.Errorf("phase %s", p)
			}
		})
	}
}

func TestCancelledDuringTheCallIsStillSettled(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.onCall = func(step string) {
		if step == "before send" {
			cancel()
		}
	}
	out, err := w.deliverer().Deliver(ctx, send)
	if err != nil || out.Status != engine.OutcomeAccepted || w.phase() != delivery.PhaseSettled {
		t.Errorf("got %+v, %v, phase %s", out, err, w.phase())
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	if _, err := delivery.New(delivery.Options{}); err == nil || err.Error() != "delivery: Options.Switch is missing" {
		t.Errorf("got %v", err)
	}
}
