package doctor

import (
	"strings"
	"testing"

	"homeroom/content"
)

// TestEverySenderIsAskedAbout: a folder has several, and SendGrid verifies each.
func TestEverySenderIsAskedAbout(t *testing.T) {
	e := &examination{
		senders: senderAddresses(content.Site{
			Sender:  content.Sender{From: "hello@academy.example"},
			Senders: map[string]content.Sender{"tutors": {From: "tutors@academy.example"}, "again": {From: "hello@academy.example"}},
		}),
		opts: Options{Mail: func() (Mail, error) { return account{permissions: []string{"mail.send"}, may: true}, nil }},
	}
	e.checkMail(t.Context())
	var said []string
	for _, f := range e.findings {
		said = append(said, f.Says)
	}
	if got := strings.Join(said, "; "); got != "the key may send; hello@academy.example is verified; tutors@academy.example is verified" {
		t.Errorf("got %s", got)
	}
}
