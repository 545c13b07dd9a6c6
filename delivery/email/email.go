package email

import (
	"context"
	"slices"
	"strings"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/internal/cleantext"
	"homeroom/internal/mailaddress"
)

// Email is one message to one person, rendered and ready.
type Email struct {
	// SendID is the send's opaque, deterministic id. Adapters give it to the provider as custom argument
	// [delivery.SendIDArg], so that webhooks can be matched to the send.
	SendID   string
	From     string // address
	FromName string
	ReplyTo  string // address; may be empty
	To       string // address
	ToName   string // may be empty
	// AlsoTo are further addresses that it goes to: a message to staff is one message to all of them.
	AlsoTo []string
	// Cc are the addresses that get a copy.
	Cc      []string
	Subject string // one line
	HTML    string
	Text    string
	Headers map[string]string // further headers, such as List-Unsubscribe
	// Categories are for the provider's statistics: rule and message names, nothing personal.
	Categories []string
	// NoTracking turns open and click tracking off; set for minors, for staff, and where somebody gets a copy.
	NoTracking bool
}

// Sender hands one email to a provider. It makes exactly one request per call and comes back within its own timeouts.
// Its errors are of type *[delivery.Error]; any other error counts as [delivery.Uncertain].
type Sender interface {
	Send(ctx context.Context, m Email) (delivery.Receipt, error)
}

// Channel hands mails to a provider. It implements delivery.Channel.
type Channel struct{ sender Sender }

// New returns the channel email over a provider's sender.
func New(sender Sender) Channel { return Channel{sender} }

// Name implements delivery.Channel.
func (Channel) Name() string { return engine.ChannelEmail }

// Medium implements delivery.Channel: campaigns say "email" unless the academy says otherwise.
func (Channel) Medium() string { return "" }

// Address implements delivery.Channel: an international domain is in ASCII. An address that no provider takes is as published.
func (Channel) Address(to delivery.Recipient) string {
	if form, why := mailaddress.Deliverable(to.Address); why == "" {
		return form
	}
	return to.Address
}

// RefusesAddress implements delivery.Channel.
func (Channel) RefusesAddress(address string) string {
	_, why := mailaddress.Deliverable(address)
	return why
}

// RecognizesRepeatFor implements delivery.Channel: providers of mail recognize no repeat.
func (Channel) RecognizesRepeatFor() time.Duration { return 0 }

// Hears implements delivery.Channel.
func (Channel) Hears() []string {
	return []string{"email.delivered", "email.opened", "email.clicked", "email.bounced", "email.unsubscribed", "email.spam_reported"}
}

// Prepare implements delivery.Channel.
func (c Channel) Prepare(s engine.Send, to delivery.Recipient, m delivery.Message, o content.Outward) func(context.Context) (delivery.Receipt, error) {
	mail := newEmail(s, to, m, o.Unsubscribe)
	mail.To = c.Address(to)
	mail.Cc = m.Cc
	mail.AlsoTo = to.AlsoTo
	mail.NoTracking = mail.NoTracking || s.Staff != "" || len(m.Cc) > 0
	return func(ctx context.Context) (delivery.Receipt, error) { return c.sender.Send(ctx, mail) }
}

// newEmail writes a message to a learner, except for the address. unsubscribe is the one-click link; empty for transactional messages.
func newEmail(s engine.Send, to delivery.Recipient, m delivery.Message, unsubscribe string) Email {
	e := Email{
		SendID:     s.ID,
		From:       m.From,
		FromName:   cleantext.Line(m.FromName),
		ReplyTo:    m.ReplyTo,
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

// maxLabel bounds the display name of an address, in bytes.
const maxLabel = 100

// displayName returns a learner's name for use with an address in a header, at most maxLabel bytes; empty if it is no name (see [cleantext.Name]).
func displayName(name string) string {
	name = cleantext.Name(name)
	return strings.TrimSpace(strings.ToValidUTF8(name[:min(len(name), maxLabel)], ""))
}
