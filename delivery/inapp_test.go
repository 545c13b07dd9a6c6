package delivery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/email"
	"homeroom/delivery/inapp"
	"homeroom/engine"
)

// inApp is the send of the tests, shown in the app.
func inApp() engine.Send {
	s := send
	s.Channel = engine.ChannelInApp
	s.At = start
	return s
}

func TestANudgeIsAnnounced(t *testing.T) {
	w := newWorld(t)
	w.to.Address = "" // none is needed
	out, err := w.deliverer().Deliver(t.Context(), inApp())
	if err != nil || out.Status != engine.OutcomeAccepted {
		t.Fatalf("got %+v, %v", out, err)
	}
	want := `{"id":"snd-1","learner":"u_42","rule":"certificate","message":"well-done","topic":"achievements","title":"S",` +
		`"html":"H","text":"T","actions":[{"label":"Post on X","url":"https://academy.example/s/snd-1/x"},` +
		`{"label":"Invite","url":"https://academy.example/r/CODEu_42"}],"at":"2026-03-02T10:00:00Z"}`
	got, err := json.Marshal(w.nudges["snd-1"])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("nudge (-want +got)\n%s", diff)
	}
	if e := w.ledger.Entries()["snd-1"]; e.Phase != delivery.PhaseSettled || e.Receipt != "7" || e.Send.Channel != engine.ChannelInApp {
		t.Errorf("ledger entry %+v", e)
	}
	if again, err := w.deliverer().Deliver(t.Context(), inApp()); err != nil || again != out || w.calls != 1 {
		t.Errorf("again: %+v, %v after %d calls", again, err, w.calls)
	}
}

// TestWhatStopsANudge: consent, topics and the kill switch, and nothing that is about addresses.
func TestWhatStopsANudge(t *testing.T) {
	no := false
	for _, c := range []struct {
		name   string
		change func(*world)
		status engine.OutcomeStatus
		reason engine.Reason
	}{
		{"sending is paused", func(w *world) { w.paused = true }, engine.OutcomeRetry, engine.ReasonPaused},
		{"consent withdrawn", func(w *world) { w.to.Profile.Consent = &no }, engine.OutcomeSuppressed, engine.ReasonNoConsent},
		{"topic left", func(w *world) { w.to.Profile.Unsubscribed = []string{"achievements"} }, engine.OutcomeSuppressed, engine.ReasonUnsubscribed},
		{"the address bounced", func(w *world) { w.to.Profile.Reach[engine.ChannelEmail] = engine.Reach{Known: true, Suppressed: true} }, engine.OutcomeAccepted, ""},
		{"no address", func(w *world) { w.to.Address = "" }, engine.OutcomeAccepted, ""},
		{"an address that is not on the allow-list", func(w *world) { w.allow = []string{"staff.example"} }, engine.OutcomeAccepted, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.change(w)
			out, err := w.deliverer().Deliver(t.Context(), inApp())
			if err != nil || out.Status != c.status || out.Reason != c.reason || (w.calls == 1) != (c.status == engine.OutcomeAccepted) {
				t.Errorf("got %+v, %v after %d calls", out, err, w.calls)
			}
		})
	}
}

func TestWithoutAnAnnouncerThereIsNoChannelInApp(t *testing.T) {
	d := newWorld(t).with(func(o *delivery.Options) { delete(o.Channels, engine.ChannelInApp) })
	out, err := d.Deliver(t.Context(), inApp())
	if err != nil || out.Status != engine.OutcomeFailed || out.Detail != "the channel inapp is not set up here" {
		t.Errorf("got %+v, %v", out, err)
	}
}

// TestCrashAtEveryStepOfANudge: a repeat soon after a crash is recognized, so that the platform gets every nudge, once.
func TestCrashAtEveryStepOfANudge(t *testing.T) {
	lost := &delivery.Error{Class: delivery.Retry, Message: "no answer"}
	for _, fault := range []struct {
		name string
		err  error
		took bool
	}{{"taken", nil, true}, {"no answer, taken", lost, true}, {"no answer, not taken", lost, false}} {
		t.Run(fault.name, func(t *testing.T) {
			crashes := 0
			for n := 1; ; n++ {
				w := newWorld(t)
				w.answers = []error{fault.err}
				w.lost = func(err error) bool { return fault.took && errors.Is(err, fault.err) }
				died := ""
				count := 0
				w.onCall = func(step string) {
					if count++; count == n {
						died = step
						panic(crash{step})
					}
				}
				out := nudgeUntilItEnds(t, w, 10*time.Second)
				if died == "" {
					break
				}
				crashes++
				if out.Status != engine.OutcomeAccepted || len(w.nudges) != 1 || w.accepted != 1 {
					t.Errorf("crash %d, at %q: ended as %+v, the platform has %d", n, died, out, len(w.nudges))
				}
			}
			if crashes < 12 {
				t.Errorf("only %d crashes were tried", crashes)
			}
		})
	}
}

// TestANudgeWhoseCallNobodySawTheEndOf is not announced again when the stream would not know it any more.
func TestANudgeWhoseCallNobodySawTheEndOf(t *testing.T) {
	w := newWorld(t)
	w.onCall = func(step string) {
		if step == "after send" {
			w.onCall = func(string) {}
			panic(crash{step})
		}
	}
	out := nudgeUntilItEnds(t, w, time.Hour)
	if out.Status != engine.OutcomeUncertain || w.calls != 1 {
		t.Errorf("got %+v after %d calls", out, w.calls)
	}
}

// TestCrashesInARow: what counts is when the first of the calls began, not the last.
func TestCrashesInARow(t *testing.T) {
	w := newWorld(t)
	w.onCall = func(step string) {
		if step == "after send" {
			panic(crash{step})
		}
	}
	if out := nudgeUntilItEnds(t, w, 40*time.Second); out.Status != engine.OutcomeUncertain || w.calls != 2 || w.accepted != 1 {
		t.Errorf("got %+v after %d calls", out, w.calls)
	}
}

// nudgeUntilItEnds delivers again some time after every crash, and when it is told to.
func nudgeUntilItEnds(t *testing.T, w *world, after time.Duration) engine.Outcome {
	t.Helper()
	attempt := func() (out engine.Outcome, err error) {
		defer func() {
			if c, crashed := recover().(crash); crashed {
				err = fmt.Errorf("crashed at %s", c.step)
			}
		}()
		return w.deliverer().Deliver(t.Context(), inApp())
	}
	for range 10 {
		out, err := attempt()
		switch {
		case err != nil:
			w.now = w.now.Add(after)
		case out.Status == engine.OutcomeRetry:
			w.now = out.RetryAt
		default:
			return out
		}
	}
	t.Fatal("the nudge never came to its end")
	return engine.Outcome{}
}

func TestTheCampaignOfANudgeIsNotMail(t *testing.T) {
	for channel, want := range map[delivery.Channel]string{
		email.Channel{}: "utm_source=academy&utm_medium=mail&utm_campaign=certificate&utm_content=well-done",
		inapp.Channel{}: "utm_source=academy&utm_medium=inapp&utm_campaign=certificate&utm_content=well-done",
	} {
		m, err := content.Parse("well-done.md", []byte("---\nsubject: S\n---\n{% button \"Home\" links.home %}"))
		if err != nil {
			t.Fatal(err)
		}
		l, err := content.NewLibrary([]*content.Message{m}, content.Site{
			Links: map[string]string{"home": "https://academy.example/"},
			UTM:   content.Campaign{Source: "academy", Medium: "mail"},
		})
		if err != nil {
			t.Fatal(err)
		}
		s := send
		s.Channel = channel.Name()
		got, err := editionComposer(l).Compose(t.Context(), s, delivery.Recipient{}, content.Outward{Campaign: content.Campaign{Medium: channel.Medium()}})
		if err != nil || got.Actions[0].URL != "https://academy.example/?"+want {
			t.Errorf("%s: %+v, %v", channel.Name(), got.Actions, err)
		}
	}
}
