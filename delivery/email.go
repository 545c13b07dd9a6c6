package delivery

import (
	"slices"
	"strings"
	"unicode"

	"homeroom/content"
	"homeroom/engine"
)

// newEmail addresses a message. unsubscribe is the one-click link; empty for transactional messages.
func newEmail(s engine.Send, to Recipient, m Message, unsubscribe string) Email {
	e := Email{
		SendID:     s.ID,
		From:       m.From,
		FromName:   m.FromName,
		ReplyTo:    m.ReplyTo,
		To:         to.Address,
		ToName:     displayName(to.Name),
		Subject:    m.Subject,
		HTML:       m.HTML,
		Text:       m.Text,
		NoTracking: content.IsMinor(to.Profile.Traits),
	}
	for _, c := range []string{s.Rule, s.Message} {
		if c != "" && !slices.Contains(e.Categories, c) {
			e.Categories = append(e.Categories, c)
		}
	}
	if unsubscribe != "" { // RFC 8058
		e.Headers = map[string]string{
			"List-Unsubscribe":      "<" + unsubscribe + ">",
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		}
	}
	return e
}

// maxLabel bounds the name beside an address, in bytes.
const maxLabel = 100

// displayName makes a name fit to stand beside an address: it is what a learner, or whoever signed up in their name, wrote.
func displayName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	return strings.TrimSpace(strings.ToValidUTF8(name[:min(len(name), maxLabel)], ""))
}
