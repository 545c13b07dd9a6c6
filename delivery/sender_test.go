package delivery_test

import (
	"strings"
	"testing"

	"homeroom/content"
	"homeroom/delivery"
)

// TestAMessageNamesItsSender: also its translations come from it, and the variables of messages know it; the frame is the academy's.
func TestAMessageNamesItsSender(t *testing.T) {
	var messages []*content.Message
	for file, text := range map[string]string{
		"well-done.md":    "---\nsubject: S\nsender: tutors\n---\nYours, {{ sender.name }} ({{ sender.from }})",
		"well-done.de.md": "---\nsubject: S\n---\nGrüße, {{ sender.name }} ({{ sender.from }})",
		"plain.md":        "---\nsubject: S\n---\nYours, {{ sender.name }} ({{ sender.from }})",
	} {
		m, err := content.Parse(file, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	l, err := content.NewLibrary(messages, content.Site{
		Sender:  content.Sender{From: "hello@academy.example", Name: "Academy", ReplyTo: "help@academy.example", PostalAddress: "1 Harbour Lane"},
		Senders: map[string]content.Sender{"tutors": {From: "tutors@academy.example", Name: "The tutors"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ message, locale, from, name, reply, text string }{
		{"well-done", "", "tutors@academy.example", "The tutors", "", "Yours, The tutors (tutors@academy.example)"},
		{"well-done", "de", "tutors@academy.example", "The tutors", "", "Grüße, The tutors (tutors@academy.example)"},
		{"plain", "", "hello@academy.example", "Academy", "help@academy.example", "Yours, Academy (hello@academy.example)"},
	} {
		s := send
		s.Message = c.message
		to := delivery.Recipient{}
		to.Profile.Locale = c.locale
		m, err := editionComposer(l).Compose(t.Context(), s, to, content.Outward{})
		if err != nil || m.From != c.from || m.FromName != c.name || m.ReplyTo != c.reply || !strings.HasPrefix(m.Text, c.text) || !strings.Contains(m.Text, "1 Harbour Lane") {
			t.Errorf("%s %s: from %s (%s), replies to %q, %v\n%s", c.message, c.locale, m.From, m.FromName, m.ReplyTo, err, m.Text)
		}
	}
}
