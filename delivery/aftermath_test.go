package delivery_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/ledgertest"
	"homeroom/engine"
	"homeroom/profile"
)

var (
	reportedAt = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	nudge      = engine.Send{
		ID:      "snd-1",
		Learner: "u_42",
		Rule:    "win-back",
		Run:     "run-1",
		Step:    "first",
		Message: "come-back",
		Topic:   "progress",
		Channel: "email",
		At:      reportedAt,
	}
)

// aftermath is everything that a report can touch. It writes down what happens, in order.
type aftermath struct {
	t      *testing.T
	now    time.Time
	ledger *ledgertest.Memory
	mu     sync.Mutex
	log    []string // "suppress ada@example.org bounced", "leave u_42 progress", "email.opened r1", "decision sent", "remember"
	props  map[string]any
	at     time.Time // of the last event
	told   []engine.Decision
	// fail may say no before a step, or after it was done (as a lost answer does).
	fail func(step string, done bool) error
}

func newAftermath(t *testing.T, phase delivery.Phase, age time.Duration) *aftermath {
	a := &aftermath{t: t, now: reportedAt.Add(time.Hour), ledger: new(ledgertest.Memory), fail: func(string, bool) error { return nil }}
	if phase != delivery.PhaseNone {
		e := delivery.Entry{Phase: phase, Send: nudge, At: a.now.Add(-age), Calls: 1}
		if phase == delivery.PhaseSettled {
			e.Outcome = engine.Outcome{SendID: nudge.ID, Status: engine.OutcomeAccepted}
		}
		if _, err := a.ledger.Put(t.Context(), nudge.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *aftermath) reports() *delivery.ReportHandler {
	a.t.Helper()
	r, err := delivery.NewReportHandler(delivery.ReportHandlerOptions{
		Ledger:       aftermathLedger{a},
		Suppressions: suppressions{a},
		People:       a,
		Events:       aftermathEvents{a},
		Decisions:    decisions{a},
		Now:          func() time.Time { return a.now },
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}

func (a *aftermath) take(rep delivery.ProviderReport) delivery.Effect {
	a.t.Helper()
	taken, err := a.reports().Take(a.t.Context(), rep)
	if err != nil {
		a.t.Fatalf("Take(%s): %v", rep.Kind, err)
	}
	return taken
}

func (a *aftermath) entry() delivery.Entry { return a.ledger.Entries()[nudge.ID] }

func (a *aftermath) step(name string, do func() error) error {
	if err := a.fail(name, false); err != nil {
		return err
	}
	a.mu.Lock()
	err := do()
	if err == nil {
		a.log = append(a.log, name)
	}
	a.mu.Unlock()
	if err != nil {
		return err
	}
	return a.fail(name, true)
}

func (a *aftermath) Leave(_ context.Context, learner, topic string, _ time.Time) error {
	return a.step(strings.TrimSpace("leave "+learner+" "+topic), func() error { return nil })
}

type suppressions struct{ a *aftermath }

func (s suppressions) Add(_ context.Context, email string, reason profile.Reason, _ time.Time) error {
	return s.a.step(fmt.Sprintf("suppress %s %s", email, reason), func() error { return nil })
}

func (s suppressions) AddSoftBounce(_ context.Context, email string, _ time.Time) error {
	return s.a.step("soft bounce of "+email, func() error { return nil })
}

func (s suppressions) AddDelivery(_ context.Context, email string, _ time.Time) error {
	return s.a.step("delivery to "+email, func() error { return nil })
}

type aftermathEvents struct{ a *aftermath }

func (e aftermathEvents) Publish(_ context.Context, learner, event, id string, at time.Time, properties map[string]any) error {
	return e.a.step(event+" "+id, func() error {
		if learner != nudge.Learner {
			return fmt.Errorf("published for %q", learner)
		}
		e.a.props = properties
		e.a.at = at
		return nil
	})
}

type decisions struct{ a *aftermath }

func (d decisions) Publish(_ context.Context, all []engine.Decision) error {
	return d.a.step("decision "+string(all[0].Kind), func() error {
		d.a.told = append(d.a.told, all...)
		return nil
	})
}

type aftermathLedger struct{ a *aftermath }

func (l aftermathLedger) Get(ctx context.Context, id string) (delivery.Entry, error) {
	if err := l.a.fail("look up", false); err != nil {
		return delivery.Entry{}, err
	}
	return l.a.ledger.Get(ctx, id)
}

func (l aftermathLedger) Put(ctx context.Context, id string, e delivery.Entry) (next delivery.Entry, err error) {
	err = l.a.step("remember", func() error {
		next, err = l.a.ledger.Put(ctx, id, e)
		return err
	})
	return next, err
}

func report(kind delivery.ProviderReportKind) delivery.ProviderReport {
	return delivery.ProviderReport{ID: "r1", SendID: nudge.ID, Email: "ada@example.org", Kind: kind, At: reportedAt}
}

func but(rep delivery.ProviderReport, change func(*delivery.ProviderReport)) delivery.ProviderReport {
	change(&rep)
	return rep
}

// dropped is a report of a mail that the provider did not try to deliver because of what it knows of the address.
func dropped(cause profile.Reason, why string) delivery.ProviderReport {
	return but(bounced(delivery.BounceDropped, why), func(r *delivery.ProviderReport) { r.DropCause = cause })
}

func bounced(how, why string) delivery.ProviderReport {
	return but(report(delivery.ReportBounced), func(r *delivery.ProviderReport) {
		r.BounceType = how
		r.Reason = why
	})
}
