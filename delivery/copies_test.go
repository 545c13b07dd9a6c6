package delivery_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
)

// copying composes a message with copies.
type copying struct{ cc []string }

func (c copying) Compose(context.Context, engine.Send, delivery.Recipient, content.Outward) (delivery.Message, error) {
	return delivery.Message{From: "hello@academy.example", Cc: c.cc, Rendered: content.Rendered{Subject: "S", Text: "T"}}, nil
}

// Copies go to those who may be written to, each address once, and what is reported of them is nothing that the learner did.
func TestWhoGetsACopy(t *testing.T) {
	w := newWorld(t)
	w.allow = []string{"academy.example", "example.org"}
	d := w.with(func(o *delivery.Options) {
		o.Staff = staffOf{suppressed: []string{"gone@academy.example"}}
		o.Composer = copying{[]string{"tutors@academy.example", "Tutors@academy.example", "ADA@example.org", "gone@academy.example", "else@where.example"}}
	})
	s := send
	s.Transactional = true
	if out, err := d.Deliver(t.Context(), s); err != nil || out.Status != engine.OutcomeAccepted {
		t.Fatalf("%+v, %v", out, err)
	}
	if want := []string{"tutors@academy.example"}; !slices.Equal(w.last.Cc, want) || !w.last.NoTracking || w.last.To != "ada@example.org" {
		t.Errorf("it went to %s, copies to %v, tracked: %v", w.last.To, w.last.Cc, !w.last.NoTracking)
	}

	a := newAftermath(t, delivery.PhaseSettled, time.Hour)
	entry := a.ledger.Entries()[send.ID]
	entry.Copies = w.ledger.Entries()[send.ID].Copies
	if _, err := a.ledger.Put(t.Context(), send.ID, entry); err != nil {
		t.Fatal(err)
	}
	a.take(but(bounced(delivery.BounceHard, "no such mailbox"), func(r *delivery.ProviderReport) { r.Email = "Tutors@academy.example" }))
	if want := []string{"suppress Tutors@academy.example bounced", "remember"}; !slices.Equal(a.log, want) {
		t.Errorf("what happened: %v, want %v", a.log, want)
	}
}

// TestALearnerWhoIsADeclaredSender: a learner whose own address is among the copies gets the mail once, and what is reported of them stays theirs.
func TestALearnerWhoIsADeclaredSender(t *testing.T) {
	w := newWorld(t)
	d := w.with(func(o *delivery.Options) {
		o.Staff = staffOf{}
		o.Composer = copying{[]string{"Ada@example.org"}}
	})
	s := send
	s.Transactional = true
	if out, err := d.Deliver(t.Context(), s); err != nil || out.Status != engine.OutcomeAccepted {
		t.Fatalf("%+v, %v", out, err)
	}
	if copies := w.ledger.Entries()[send.ID].Copies; len(w.last.Cc)+len(copies) != 0 {
		t.Errorf("copies go to %v, recorded as %v", w.last.Cc, copies)
	}
}
