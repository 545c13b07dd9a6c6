package delivery_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/profile"
)

func TestWhatAReportBrings(t *testing.T) {
	about := func(more map[string]any) map[string]any {
		p := map[string]any{"send_id": "snd-1", "message": "come-back", "rule": "win-back", "topic": "progress"}
		maps.Copy(p, more)
		maps.DeleteFunc(p, func(_ string, v any) bool { return v == nil })
		return p
	}
	for _, tc := range []struct {
		name  string
		rep   delivery.ProviderReport
		log   []string
		props map[string]any
	}{
		{"at work: nothing", report(delivery.ReportProcessed), nil, nil},
		{"delivered", report(delivery.ReportDelivered), []string{"delivery to ada@example.org", "email.delivered r1", "remember"}, about(nil)},
		{"opened by a person", report(delivery.ReportOpened), []string{"email.opened r1", "remember"}, about(map[string]any{"machine": false})},
		{"fetched ahead by a mail client", but(report(delivery.ReportOpened), func(r *delivery.ProviderReport) { r.Machine = true }),
			[]string{"email.opened r1", "remember"}, about(map[string]any{"machine": true})},
		{"clicked", but(report(delivery.ReportClicked), func(r *delivery.ProviderReport) { r.URL = "https://academy.example/go" }),
			[]string{"email.clicked r1", "remember"}, about(map[string]any{"url": "https://academy.example/go"})},
		{"a click on a link with an address in it", but(report(delivery.ReportClicked), func(r *delivery.ProviderReport) { r.URL = "https://academy.example/u/Ada%40Example.org/go" }),
			[]string{"email.clicked r1", "remember"}, about(map[string]any{"url": "https://academy.example/u/(address)/go"})},
		{"a hard bounce suppresses", bounced(delivery.BounceHard, "550 5.1.1 <ada@example.org> unknown"),
			[]string{"suppress ada@example.org bounced", "email.bounced r1", "remember"}, about(map[string]any{"bounce_type": "bounce", "reason": "550 5.1.1 <(address)> unknown"})},
		{"a block is counted", bounced(delivery.BounceBlocked, "421 busy"),
			[]string{"soft bounce of ada@example.org", "email.bounced r1", "remember"}, about(map[string]any{"bounce_type": "blocked", "reason": "421 busy"})},
		{"dropped because of the content: the address stays reachable", bounced(delivery.BounceDropped, "Spam Content"),
			[]string{"email.bounced r1", "remember"}, about(map[string]any{"bounce_type": "dropped", "reason": "Spam Content"})},
		{"dropped because the address had bounced: suppressed", dropped(profile.ReasonBounced, "Bounced Address"),
			[]string{"suppress ada@example.org bounced", "email.bounced r1", "remember"}, about(map[string]any{"bounce_type": "dropped", "reason": "Bounced Address"})},
		{"dropped because of a spam report: suppressed", dropped(profile.ReasonComplained, "Spam Reporting Address"),
			[]string{"suppress ada@example.org complained", "email.bounced r1", "remember"}, about(map[string]any{"bounce_type": "dropped", "reason": "Spam Reporting Address"})},
		{"dropped because they left everything: suppressed", dropped(profile.ReasonUnsubscribed, "Unsubscribed Address"),
			[]string{"suppress ada@example.org unsubscribed", "email.bounced r1", "remember"}, about(map[string]any{"bounce_type": "dropped", "reason": "Unsubscribed Address"})},
		{"reported as spam: suppressed and left before anybody hears of it", report(delivery.ReportSpamReported),
			[]string{"suppress ada@example.org complained", "leave u_42", "email.spam_reported r1", "remember"}, about(nil)},
		{"unsubscribed from everything: the event names no topic", report(delivery.ReportUnsubscribed),
			[]string{"suppress ada@example.org unsubscribed", "leave u_42", "email.unsubscribed r1", "remember"}, about(map[string]any{"topic": nil})},
		{"left a topic: the address stays reachable", report(delivery.ReportTopicLeft),
			[]string{"leave u_42 progress", "email.unsubscribed r1", "remember"}, about(nil)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := newAftermath(t, delivery.PhaseSettled, time.Hour)
			taken := a.take(tc.rep)
			if want := map[bool]delivery.Effect{true: delivery.EffectNew, false: delivery.EffectNothing}[len(tc.log) > 0]; taken != want {
				t.Errorf("Take = %q, want %q", taken, want)
			}
			if diff := cmp.Diff(tc.log, a.log); diff != "" {
				t.Errorf("what happened (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.props, a.props); diff != "" {
				t.Errorf("the event (-want +got):\n%s", diff)
			}
			if len(tc.log) > 0 && !a.at.Equal(reportedAt) {
				t.Errorf("the event is of %s, want when it happened", a.at)
			}
			before := slices.Clone(a.log)
			if again := a.take(tc.rep); again != delivery.EffectAgain && len(tc.log) > 0 {
				t.Errorf("the same report again = %q", again)
			}
			if diff := cmp.Diff(before, a.log); diff != "" {
				t.Errorf("the same report again did something:\n%s", diff)
			}
		})
	}
}

func TestAReportOfAnUnknownSend(t *testing.T) {
	for _, tc := range []struct {
		name string
		rep  delivery.ProviderReport
		log  []string
	}{
		{"opened: nobody to tell", report(delivery.ReportOpened), nil},
		{"bounced: suppressed all the same", bounced(delivery.BounceHard, ""), []string{"suppress ada@example.org bounced"}},
		{"spam: suppressed all the same", report(delivery.ReportSpamReported), []string{"suppress ada@example.org complained"}},
		{"unsubscribed: suppressed all the same", report(delivery.ReportUnsubscribed), []string{"suppress ada@example.org unsubscribed"}},
		{"left a topic that nobody knows any more: rather everything", report(delivery.ReportTopicLeft), []string{"suppress ada@example.org unsubscribed"}},
		{"left a group of somebody else's mail: not ours", but(report(delivery.ReportTopicLeft), func(r *delivery.ProviderReport) { r.SendID = "" }), nil},
		{"bounced, and no send id", but(bounced(delivery.BounceHard, ""), func(r *delivery.ProviderReport) { r.SendID = "" }), []string{"suppress ada@example.org bounced"}},
		{"bounced, and no address", but(bounced(delivery.BounceHard, ""), func(r *delivery.ProviderReport) { r.Email = "" }), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := newAftermath(t, delivery.PhaseNone, 0)
			if taken := a.take(tc.rep); taken != delivery.EffectUnknown {
				t.Errorf("Take = %q", taken)
			}
			if diff := cmp.Diff(tc.log, a.log); diff != "" {
				t.Errorf("what happened (-want +got):\n%s", diff)
			}
			if len(a.ledger.Entries()) > 0 {
				t.Error("the ledger has an entry now")
			}
		})
	}
}

func TestAReportSettlesWhatNobodyKnew(t *testing.T) {
	const accepted, failed = engine.OutcomeAccepted, engine.OutcomeFailed
	dropped := bounced(delivery.BounceDropped, "Bounced Address")
	for _, tc := range []struct {
		name    string
		phase   delivery.Phase
		age     time.Duration
		rep     delivery.ProviderReport
		status  engine.OutcomeStatus
		decided engine.Kind // empty: the delivery that is still to come by says it
	}{
		{"uncertain, delivered", delivery.PhaseUncertain, 0, report(delivery.ReportDelivered), accepted, engine.KindSent},
		{"uncertain, at work", delivery.PhaseUncertain, 0, report(delivery.ReportProcessed), accepted, engine.KindSent},
		{"uncertain, opened", delivery.PhaseUncertain, 0, report(delivery.ReportOpened), accepted, engine.KindSent},
		{"uncertain, bounced: it was sent", delivery.PhaseUncertain, 0, bounced(delivery.BounceHard, ""), accepted, engine.KindSent},
		{"uncertain, dropped: it was not", delivery.PhaseUncertain, 0, dropped, failed, engine.KindFailed},
		{"calling for three minutes: who called is dead", delivery.PhaseCalling, 3 * time.Minute, report(delivery.ReportDelivered), accepted, engine.KindSent},
		{"calling for a second: whoever calls will say it", delivery.PhaseCalling, time.Second, report(delivery.ReportDelivered), accepted, ""},
		{"the provider said not now, and sent it all the same: not to be called again", delivery.PhaseReleased, time.Minute, report(delivery.ReportDelivered), accepted, ""},
		{"settled: stays as it is", delivery.PhaseSettled, time.Minute, dropped, accepted, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := newAftermath(t, tc.phase, tc.age)
			a.take(but(tc.rep, func(r *delivery.ProviderReport) { r.Receipt = "msg-7" }))
			got := a.entry()
			if got.Phase != delivery.PhaseSettled || got.Outcome.Status != tc.status || got.Outcome.SendID != nudge.ID {
				t.Errorf("the entry is %s with %+v, want settled, %s", got.Phase, got.Outcome, tc.status)
			}
			if tc.phase != delivery.PhaseSettled && got.Receipt != "msg-7" {
				t.Errorf("receipt %q", got.Receipt)
			}
			// A second report, of another kind: settled is settled.
			a.take(but(report(delivery.ReportOpened), func(r *delivery.ProviderReport) { r.ID = "r2" }))
			a.take(but(dropped, func(r *delivery.ProviderReport) { r.ID = "r3" }))
			if tc.decided == "" {
				if len(a.told) != 0 {
					t.Errorf("decided %+v, want nothing", a.told)
				}
				return
			}
			if len(a.told) != 1 || a.told[0].Kind != tc.decided || a.told[0].Send != nudge.ID {
				t.Fatalf("decided %+v, want one %s", a.told, tc.decided)
			}
			own := engine.OutcomeDecision(nudge, engine.Outcome{SendID: nudge.ID, Status: tc.status, Reason: a.told[0].Reason})
			if a.told[0].ID == own.ID {
				t.Error("it has the id of the decision that the delivery publishes, so one of them is unheard")
			}
		})
	}
}

// What happens twice by a crash or a lost answer has the same id or is the same, and nothing is left out.
func TestEveryStepMayFailOnce(t *testing.T) {
	rep := but(report(delivery.ReportUnsubscribed), func(r *delivery.ProviderReport) {})
	undisturbed := newAftermath(t, delivery.PhaseUncertain, 0)
	undisturbed.take(rep)
	steps := slices.Clone(undisturbed.log)
	if len(steps) != 5 {
		t.Fatalf("steps: %q", steps)
	}
	for _, step := range append(steps, "look up") {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, done %t", step, done), func(t *testing.T) {
				a := newAftermath(t, delivery.PhaseUncertain, 0)
				failed := false
				a.fail = func(s string, d bool) error {
					if s == step && d == done && !failed {
						failed = true
						return errors.New("the store is away")
					}
					return nil
				}
				if _, err := a.reports().Take(t.Context(), rep); (err == nil) == failed {
					t.Fatalf("Take: %v", err)
				} else if err != nil && strings.Contains(err.Error(), "ada") {
					t.Errorf("the error names the address: %v", err)
				}
				if taken := a.take(rep); taken != delivery.EffectNew && taken != delivery.EffectAgain {
					t.Errorf("again: %q", taken)
				}
				a.take(rep)
				got := slices.Compact(slices.Sorted(slices.Values(a.log)))
				if diff := cmp.Diff(slices.Sorted(slices.Values(steps)), got); diff != "" {
					t.Errorf("what happened in the end (-want +got):\n%s", diff)
				}
				if e := a.entry(); e.Phase != delivery.PhaseSettled || !slices.Equal(e.Heard, []string{"r1"}) {
					t.Errorf("entry %+v", e)
				}
				ids := map[string]bool{}
				for _, d := range a.told {
					ids[d.ID] = true
				}
				if len(ids) != 1 {
					t.Errorf("%d decisions, want one", len(ids))
				}
			})
		}
	}
}

func TestWhoComplainsIsSuppressedThoughTheLedgerIsAway(t *testing.T) {
	a := newAftermath(t, delivery.PhaseSettled, 0)
	a.fail = func(step string, _ bool) error {
		if step == "look up" {
			return errors.New("the ledger is away")
		}
		return nil
	}
	if _, err := a.reports().Take(t.Context(), report(delivery.ReportSpamReported)); err == nil {
		t.Error("no error: the report would not come again")
	}
	if want := []string{"suppress ada@example.org complained"}; !slices.Equal(a.log, want) {
		t.Errorf("did %q, want %q", a.log, want)
	}
}

func TestManyReportsOfOneSendAtOnce(t *testing.T) {
	a := newAftermath(t, delivery.PhaseUncertain, 0)
	r := a.reports()
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			rep := but(report(delivery.ReportOpened), func(r *delivery.ProviderReport) { r.ID = fmt.Sprintf("r%d", i/2) })
			if _, err := r.Take(t.Context(), rep); err != nil {
				t.Errorf("Take: %v", err)
			}
		})
	}
	wg.Wait()
	heard := slices.Sorted(slices.Values(a.entry().Heard))
	if want := []string{"r0", "r1", "r2", "r3", "r4", "r5"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	for _, d := range a.told {
		if d.ID != a.told[0].ID {
			t.Errorf("two decisions: %+v", a.told)
		}
	}
}

// Between reading the entry and writing it, somebody else writes: another report, or the delivery's own answer.
func TestALostRaceIsRunAgain(t *testing.T) {
	for _, tc := range []struct {
		name  string
		races int
		write func(*delivery.Entry)
		want  delivery.Effect
		heard []string
	}{
		{"another report", 3, func(e *delivery.Entry) { e.Heard = []string{"other"} }, delivery.EffectNew, []string{"other", "r1"}},
		{"the same report, posted twice", 1, func(e *delivery.Entry) { e.Heard = []string{"r1"} }, delivery.EffectNew, []string{"r1"}},
		{"the provider's answer", 1, func(e *delivery.Entry) { e.Phase = delivery.PhaseSettled }, delivery.EffectNew, []string{"r1"}},
		{"something that writes it in a loop", 1000, func(e *delivery.Entry) { e.Calls++ }, "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := newAftermath(t, delivery.PhaseUncertain, 0)
			races := tc.races
			a.fail = func(step string, done bool) error {
				if step != "remember" || done || races == 0 {
					return nil
				}
				races--
				e := a.entry()
				tc.write(&e)
				_, err := a.ledger.Put(t.Context(), nudge.ID, e)
				return err
			}
			taken, err := a.reports().Take(t.Context(), report(delivery.ReportDelivered))
			if taken != tc.want || (err != nil) != (tc.want == "") || err != nil && !errors.Is(err, delivery.ErrConflict) {
				t.Errorf("Take = %q, %v; want %q", taken, err, tc.want)
			}
			if got := a.entry().Heard; !slices.Equal(got, tc.heard) {
				t.Errorf("heard %q, want %q", got, tc.heard)
			}
		})
	}
}

func TestTheLedgerRemembersABoundedNumberOfReports(t *testing.T) {
	a := newAftermath(t, delivery.PhaseSettled, 0)
	for i := range delivery.MaxReportIDs + 6 {
		a.take(but(report(delivery.ReportOpened), func(r *delivery.ProviderReport) { r.ID = fmt.Sprintf("r%d", i) }))
	}
	heard := a.entry().Heard
	if len(heard) != delivery.MaxReportIDs || heard[0] != "r6" || heard[len(heard)-1] != fmt.Sprintf("r%d", delivery.MaxReportIDs+5) {
		t.Errorf("%d heard, from %s to %s", len(heard), heard[0], heard[len(heard)-1])
	}
}

func TestUncertain(t *testing.T) {
	now := reportedAt
	for _, tc := range []struct {
		phase delivery.Phase
		age   time.Duration
		want  bool
	}{
		{delivery.PhaseUncertain, 0, true},
		{delivery.PhaseCalling, delivery.CallingTimeout, false},
		{delivery.PhaseCalling, delivery.CallingTimeout + time.Second, true},
		{delivery.PhaseReleased, time.Hour, false},
		{delivery.PhaseSettled, time.Hour, false},
	} {
		if got := (delivery.Entry{Phase: tc.phase, At: now.Add(-tc.age)}).Uncertain(now, delivery.CallingTimeout); got != tc.want {
			t.Errorf("%s for %s: Uncertain = %t", tc.phase, tc.age, got)
		}
	}
}

func TestNoAddressIsKeptOfWhyItBounced(t *testing.T) {
	for _, tc := range []struct{ said, want string }{
		{"550 <ADA.Lovelace@Example.org>: no such user", "550 <(address)>: no such user"},
		{"user ada.lovelace unknown, see https://mail.example/?u=Ada.Lovelace%40example.org", "user (address) unknown, see https://mail.example/?u=(address)"},
		{`550 "ada lovelace"@example.org is full`, "550 (address) is full"},
		{"forwarded to grace@navy.example: full", "forwarded to (address): full"},
		{"ada.lovelace/ada.lovelace ada.lovelace: no such user", "(address)/(address) (address): no such user"},
		{"mailbox full", "mailbox full"},
	} {
		a := newAftermath(t, delivery.PhaseSettled, 0)
		a.take(but(bounced(delivery.BounceBlocked, tc.said), func(r *delivery.ProviderReport) { r.Email = "ada.lovelace@example.org" }))
		if got := a.props["reason"]; got != tc.want {
			t.Errorf("%q became %q, want %q", tc.said, got, tc.want)
		}
	}
	a := newAftermath(t, delivery.PhaseSettled, 0)
	a.take(bounced(delivery.BounceBlocked, strings.Repeat("ä very long story ", 1000)))
	if got, _ := a.props["reason"].(string); len(got) > 600 {
		t.Errorf("%d bytes of reason are kept", len(got))
	}
}
