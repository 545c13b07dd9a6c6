package sendertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/profile"
)

// ListReader reads a provider's suppression lists; *sendgrid.Sender does.
type ListReader interface {
	ReadList(ctx context.Context, list string, from, to time.Time, offset int) ([]delivery.Listed, error)
}

// ListOptions tell of the provider whose lists are read.
type ListOptions struct {
	Lists    map[string]delivery.Listed // which there are, and what being on one says (Reason or SoftBounce)
	PageSize int                        // of the API
	// Put puts an address on a list; nil: the lists are somebody's real ones, and are only looked at.
	Put func(t *testing.T, list, email string, at time.Time)
	// Forbidden opens a reader whose key may only send; nil: there is none. WrongKey opens one whose key is nobody's.
	Forbidden, WrongKey func(t *testing.T) ListReader
}

// RunLists checks that a reader and a provider agree on what suppression lists are.
func RunLists(t *testing.T, reader ListReader, o ListOptions) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	for list, says := range o.Lists {
		t.Run(list, func(t *testing.T) {
			if _, err := reader.ReadList(t.Context(), list, time.Time{}, now, 0); err != nil {
				t.Fatal(err)
			}
			if got, err := reader.ReadList(t.Context(), list, now.AddDate(10, 0, 0), now.AddDate(11, 0, 0), 0); err != nil || len(got) > 0 {
				t.Errorf("in ten years: %v, %v", got, err)
			}
			if o.Put != nil {
				checkPaging(t, reader, list, says, o, now)
			}
		})
	}
	for name, open := range map[string]func(*testing.T) ListReader{"a key that may only send": o.Forbidden, "a wrong key": o.WrongKey} {
		if open == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want := http.StatusForbidden
			if name == "a wrong key" {
				want = http.StatusUnauthorized
			}
			for list := range o.Lists {
				_, err := open(t).ReadList(t.Context(), list, time.Time{}, now, 0)
				var e *delivery.Error
				if !errors.As(err, &e) || e.Status != want || e.Class != delivery.Refused {
					t.Errorf("%s: %v, want status %d", list, err, want)
				}
			}
		})
	}
}

// checkPaging puts more than a page on a list and reads it by pages and by times.
func checkPaging(t *testing.T, reader ListReader, list string, says delivery.Listed, o ListOptions, now time.Time) {
	t.Helper()
	total := o.PageSize + 7
	first := now.Add(-time.Duration(total) * time.Minute)
	var want []string
	for n := range total {
		email := fmt.Sprintf("l%04d.%s@lists.example.com", n, list)
		o.Put(t, list, email, first.Add(time.Duration(n)*time.Minute))
		want = append(want, email)
	}
	read := func(from, to time.Time) (emails []string) {
		t.Helper()
		for {
			page, err := reader.ReadList(t.Context(), list, from, to, len(emails))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				if e.Reason != says.Reason || e.SoftBounce != says.SoftBounce || e.Topic != "" {
					t.Fatalf("%+v, want one that says %+v", e, says)
				}
				if e.At.Before(from) || e.At.After(to) {
					t.Errorf("%s is not within %s and %s", e.At, from, to)
				}
				emails = append(emails, e.Email)
			}
			if len(page) < o.PageSize {
				return emails
			}
		}
	}
	got := read(time.Time{}, now)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("read %d addresses, want %d, each once", len(got), len(want))
	}
	third := first.Add(3 * time.Minute)
	if got := read(third, third); len(got) != 1 || got[0] != want[3] {
		t.Errorf("of the third minute, both ends included: %v, want %s", got, want[3])
	}
}

// Says returns what being on each of SendGrid's lists says.
func Says() map[string]delivery.Listed {
	return map[string]delivery.Listed{
		"bounces":        {Reason: profile.ReasonBounced},
		"invalid_emails": {Reason: profile.ReasonBounced},
		"spam_reports":   {Reason: profile.ReasonComplained},
		"unsubscribes":   {Reason: profile.ReasonUnsubscribed},
		"blocks":         {SoftBounce: true},
	}
}
