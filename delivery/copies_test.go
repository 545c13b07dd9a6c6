package delivery_test

import (
	"context"
	"slices"
	"strings"
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

// TestOnlyMailsHaveCopies: a message that names who gets a copy of its mail keeps the learner's links on other channels.
func TestOnlyMailsHaveCopies(t *testing.T) {
	m, errs := content.Inspect("messages/well-done.md", []byte("---\nsubject: Well done\ncc: tutors\n---\nShare {% if referral %}{{ referral.code }}{% else %}nothing{% endif %}"))
	if errs != nil {
		t.Fatal(errs)
	}
	library, err := content.NewLibrary([]*content.Message{m}, content.Site{
		Sender:  content.Sender{From: "hello@academy.example", Name: "Academy"},
		Senders: map[string]content.Sender{"tutors": {From: "tutors@academy.example"}},
		Links:   map[string]string{"referral": "https://academy.example/?code={{ referral.code }}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	outward := content.Outward{ReferralCode: "r1", ReferralURL: "https://academy.example/r1"}
	for channel, want := range map[string]struct {
		copies int
		text   string
	}{
		"":                  {1, "Share nothing"},
		engine.ChannelEmail: {1, "Share nothing"},
		engine.ChannelInApp: {0, "Share r1"},
		engine.ChannelPush:  {0, "Share r1"},
	} {
		s := send
		s.Channel = channel
		got, err := editionComposer(library).Compose(t.Context(), s, delivery.Recipient{}, outward)
		if err != nil || len(got.Cc) != want.copies || !strings.HasPrefix(got.Text, want.text) {
			t.Errorf("channel %q: copies to %v, text %q, %v; want %d and %q", channel, got.Cc, got.Text, err, want.copies, want.text)
		}
	}
}
