package standin_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/email"
	"homeroom/delivery/sendertest"
	"homeroom/delivery/sendgrid"
	"homeroom/internal/standin"
)

// The adapter and the stand-in agree on what suppression lists are; the same suite reads the lists of the real SendGrid, see package sendgrid.
func TestListConformance(t *testing.T) {
	inbox := start(t, standin.Options{Key: key, Account: standin.Account{Scopes: []string{"mail.send", "suppression.read"}}})
	poor := start(t, standin.Options{Key: key})
	sendertest.RunLists(t, adapter(t, inbox.URL(), key, false), sendertest.ListOptions{
		Lists:    sendertest.Says(),
		PageSize: sendgrid.PageSize,
		Put: func(t *testing.T, list, email string, at time.Time) {
			if err := inbox.AddListed(list, standin.Listed{Email: email, Created: at.Unix()}); err != nil {
				t.Fatal(err)
			}
		},
		Forbidden: func(t *testing.T) sendertest.ListReader { return adapter(t, poor.URL(), key, false) },
		WrongKey:  func(t *testing.T) sendertest.ListReader { return adapter(t, inbox.URL(), "SG.of-nobody", false) },
	})
}

// TestListsKeepMailBack: what happened to mail puts addresses on lists, and mail to them is taken and dropped with the documented reason, until they are taken off.
func TestListsKeepMailBack(t *testing.T) {
	inbox := start(t, standin.Options{Account: standin.Account{Scopes: []string{"suppression.read", "suppression.delete"}}})
	s := adapter(t, inbox.URL(), key, false)
	send := func(id string) standin.Message {
		t.Helper()
		m := email.Email{SendID: id, From: "hello@academy.example", To: "Ada@example.org", Subject: id, Text: "Hi"}
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		return inbox.Messages(id)[0]
	}
	for _, c := range []struct {
		event  standin.Event
		list   sendgrid.List
		reason string // of the next mail's drop; empty: it is delivered
	}{
		{standin.Event{Kind: standin.Bounce}, sendgrid.ListBounces, "Bounced Address"},
		{standin.Event{Kind: standin.Bounce, BounceType: "blocked"}, sendgrid.ListBlocks, ""},
		{standin.Event{Kind: standin.SpamReport}, sendgrid.ListSpamReports, "Spam Reporting Address"},
		{standin.Event{Kind: standin.Unsubscribe}, sendgrid.ListUnsubscribes, "Unsubscribed Address"},
	} {
		t.Run(string(c.list), func(t *testing.T) {
			first := send("first-" + string(c.list))
			if len(first.Events) > 0 {
				t.Fatalf("before anything happened: %+v", first.Events)
			}
			if err := inbox.Report(first.ID, c.event); err != nil {
				t.Fatal(err)
			}
			entries, err := s.ReadList(t.Context(), string(c.list), time.Time{}, time.Now(), 0)
			if err != nil || len(entries) != 1 || entries[0].Email != "Ada@example.org" {
				t.Fatalf("on the list: %+v, %v", entries, err)
			}
			second := send("second-" + string(c.list))
			dropped := len(second.Events) == 1 && second.Events[0].Kind == standin.Dropped && second.Events[0].Reason == c.reason
			if dropped != (c.reason != "") {
				t.Errorf("the second mail: %+v, want it dropped for %q", second.Events, c.reason)
			}
			if removed, err := s.RemoveListed(t.Context(), c.list, "ada@example.org"); err != nil || !removed {
				t.Fatalf("removed %v, %v", removed, err)
			}
			if removed, err := s.RemoveListed(t.Context(), c.list, "ada@example.org"); err != nil || removed {
				t.Errorf("removed again: %v, %v", removed, err)
			}
			if third := send("third-" + string(c.list)); len(third.Events) > 0 {
				t.Errorf("after it was taken off: %+v", third.Events)
			}
		})
	}
	if got := inbox.Counts(); got.Suppressed != 3 || got.Accepted != 12 {
		t.Errorf("%+v", got)
	}
}

func TestListsAreAskedForWithinTheRate(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 30, 0, time.UTC)
	inbox := start(t, standin.Options{Now: func() time.Time { return now }, Account: standin.Account{Scopes: []string{"suppression.bounces.read"}, ListsPerMinute: 2}})
	s, err := sendgrid.New(sendgrid.Options{APIKey: key, Host: inbox.URL(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	read := func() error {
		_, err := s.ReadList(context.Background(), "bounces", time.Time{}, now, 0)
		return err
	}
	for range 2 {
		if err := read(); err != nil {
			t.Fatal(err)
		}
	}
	var e *delivery.Error
	if err := read(); !errors.As(err, &e) || e.Status != http.StatusTooManyRequests || e.Class != delivery.Retry || e.RetryAfter != 30*time.Second {
		t.Errorf("the third: %v (%+v), want 429 for half a minute", err, e)
	}
	now = now.Add(e.RetryAfter)
	if err := read(); err != nil {
		t.Error(err)
	}
	if _, err := s.ReadList(t.Context(), "blocks", time.Time{}, now, 0); !errors.As(err, &e) || e.Status != http.StatusForbidden {
		t.Errorf("another list: %v, want 403", err)
	}
}
