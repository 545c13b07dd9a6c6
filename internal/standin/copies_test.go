package standin_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"homeroom/delivery"
	"homeroom/delivery/email"
	"homeroom/internal/standin"
)

// One request holds everybody who gets a mail, and those who get a copy. The provider refuses an address that stands in it twice.
func TestOneMailToSeveralWithACopy(t *testing.T) {
	inbox := start(t, standin.Options{Key: key})
	sender := adapter(t, inbox.URL(), key, false)
	mail := email.Email{
		SendID:  "snd-1",
		From:    "maya@academy.example",
		To:      "ada@academy.example",
		AlsoTo:  []string{"ben@academy.example"},
		Cc:      []string{"tutors@academy.example"},
		Subject: "Please look",
		Text:    "It looks copied.",
	}
	if _, err := sender.Send(context.Background(), mail); err != nil {
		t.Fatal(err)
	}
	got := inbox.Messages("snd-1")
	if len(got) != 1 {
		t.Fatalf("%d mails, want 1", len(got))
	}
	addresses := func(list []standin.Address) (all []string) {
		for _, a := range list {
			all = append(all, a.Email)
		}
		return all
	}
	if to, want := addresses(got[0].To), []string{"ada@academy.example", "ben@academy.example"}; !slices.Equal(to, want) {
		t.Errorf("it went to %v, want %v", to, want)
	}
	if cc, want := addresses(got[0].Cc), []string{"tutors@academy.example"}; !slices.Equal(cc, want) {
		t.Errorf("copies went to %v, want %v", cc, want)
	}
	mail.Cc = []string{"Ben@academy.example"}
	_, err := sender.Send(context.Background(), mail)
	var refused *delivery.Error
	if !errors.As(err, &refused) || refused.Class != delivery.Final {
		t.Errorf("an address that stands there twice: %v", err)
	}
}
