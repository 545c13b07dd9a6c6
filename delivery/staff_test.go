package delivery_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
)

// staffOf are the staff of a test.
type staffOf struct {
	addresses  []string
	suppressed []string
	failing    error
}

func (s staffOf) StaffOf(context.Context, string, string) ([]string, error) {
	return s.addresses, s.failing
}

func (s staffOf) Suppressed(_ context.Context, address string) (bool, error) {
	return slices.Contains(s.suppressed, address), nil
}

// staffComposer composes what staff get.
type staffComposer struct {
	t *testing.T
	w *world
}

func (c staffComposer) Compose(_ context.Context, _ engine.Send, to delivery.Recipient, o content.Outward) (delivery.Message, error) {
	if !o.Staff || o.Unsubscribe != "" || o.Preferences != "" || o.Share != nil || o.ReferralCode != "" {
		c.t.Errorf("the message has links of a learner: %+v", o)
	}
	c.w.to = to
	return delivery.Message{From: "hello@academy.example", Rendered: content.Rendered{Subject: "S", Text: "T", Targets: map[string]string{"x": "https://x.example"}}}, nil
}

func toStaff(learner string) engine.Send {
	s := send
	s.Learner = learner
	s.Staff = "moderators"
	s.Topic = ""
	s.Transactional = true
	return s
}

func TestWhoOfTheStaffGetsAMessage(t *testing.T) {
	all := []string{"ada@academy.example", "ben@academy.example", "cy@elsewhere.example"}
	for _, c := range []struct {
		name   string
		staff  staffOf
		allow  []string
		want   engine.OutcomeStatus
		reason engine.Reason
		to     []string
	}{
		{"all", staffOf{addresses: all}, nil, engine.OutcomeAccepted, "", all},
		{"one is suppressed", staffOf{addresses: all, suppressed: all[:1]}, nil, engine.OutcomeAccepted, "", all[1:]},
		{"all are suppressed", staffOf{addresses: all, suppressed: all}, nil, engine.OutcomeSuppressed, engine.ReasonSuppressed, nil},
		{"the allow-list names one", staffOf{addresses: all}, []string{"elsewhere.example"}, engine.OutcomeAccepted, "", all[2:]},
		{"the allow-list names none", staffOf{addresses: all}, []string{"other.example"}, engine.OutcomeNotAllowed, engine.ReasonNotAllowed, nil},
		{"nobody is there", staffOf{}, nil, engine.OutcomeNoAddress, engine.ReasonNoAddress, nil},
		{"the revision is lost", staffOf{failing: delivery.ErrRevisionLost}, nil, engine.OutcomeFailed, engine.ReasonRevisionLost, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.allow = c.allow
			d := w.with(func(o *delivery.Options) {
				o.Staff = c.staff
				o.Composer = staffComposer{t, w}
			})
			for range 2 { // the second time it is known
				out, err := d.Deliver(t.Context(), toStaff(engine.NoLearner))
				if err != nil || out.Status != c.want || out.Reason != c.reason {
					t.Fatalf("%+v, %v; want %s %s", out, err, c.want, c.reason)
				}
			}
			var to []string
			if w.accepted > 0 {
				to = append([]string{w.last.To}, w.last.AlsoTo...)
			}
			if !slices.Equal(to, c.to) {
				t.Errorf("it went to %v, want %v", to, c.to)
			}
			if w.accepted > 0 && (w.accepted != 1 || !w.last.NoTracking || len(w.last.Headers) > 0 || len(w.shared) > 0) {
				t.Errorf("%d mails; the last: %+v; shared: %v", w.accepted, w.last, w.shared)
			}
		})
	}
}

func TestStaffAreHeldByTheKillSwitch(t *testing.T) {
	w := newWorld(t)
	w.paused = true
	d := w.with(func(o *delivery.Options) { o.Staff = staffOf{addresses: []string{"ada@academy.example"}} })
	out, err := d.Deliver(t.Context(), toStaff(engine.NoLearner))
	if err != nil || out.Status != engine.OutcomeRetry || out.Reason != engine.ReasonPaused || w.calls != 0 {
		t.Errorf("%+v, %v, %d calls", out, err, w.calls)
	}
}

func TestStaffThatCannotBeReadAreAskedAgain(t *testing.T) {
	w := newWorld(t)
	d := w.with(func(o *delivery.Options) { o.Staff = staffOf{failing: errors.New("away")} })
	if out, err := d.Deliver(t.Context(), toStaff(engine.NoLearner)); err == nil || w.calls != 0 {
		t.Errorf("%+v, no error, %d calls", out, w.calls)
	}
}

// A message about a learner who left everything goes to staff all the same, and what they do with it is no event of the learner.
func TestAMessageToStaffIsNoneToTheLearner(t *testing.T) {
	w := newWorld(t)
	no := false
	w.to.Profile.Consent = &no
	w.to.Profile.Traits = map[string]any{"first_name": "Ada"}
	w.to.Profile.Locale = "de"
	d := w.with(func(o *delivery.Options) {
		o.Staff = staffOf{addresses: []string{"ben@academy.example"}}
		o.Composer = staffComposer{t, w}
	})
	out, err := d.Deliver(t.Context(), toStaff("u_42"))
	if err != nil || out.Status != engine.OutcomeAccepted || w.last.To != "ben@academy.example" {
		t.Errorf("%+v, %v, to %s", out, err, w.last.To)
	}
	if w.to.Profile.Traits["first_name"] != "Ada" || w.to.Profile.Locale != "" {
		t.Errorf("the message was written with %+v", w.to.Profile)
	}

	a := newAftermath(t, delivery.PhaseSettled, time.Hour)
	entry := a.ledger.Entries()[send.ID]
	entry.Send.Staff = "moderators"
	if _, err := a.ledger.Put(t.Context(), send.ID, entry); err != nil {
		t.Fatal(err)
	}
	a.take(report(delivery.ReportClicked))
	a.take(but(bounced(delivery.BounceHard, "no such mailbox"), func(r *delivery.ProviderReport) { r.ID = "r2" }))
	if want := []string{"remember", "suppress ada@example.org bounced", "remember"}; !slices.Equal(a.log, want) {
		t.Errorf("what happened: %v, want %v", a.log, want)
	}
}
