package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"homeroom/content"
	"homeroom/engine"
)

// Switch is the kill switch.
type Switch interface {
	// Paused tells whether all sending is stopped at this moment.
	Paused(ctx context.Context) (bool, error)
}

// Recipients knows learners as people who can be written to.
type Recipients interface {
	// Recipient returns what is known of a learner now; an unknown learner is the zero Recipient and no error.
	Recipient(ctx context.Context, learner string) (Recipient, error)
}

// Recipient is a learner at the moment of sending.
type Recipient struct {
	Address string // email address; empty: none is known
	Name    string // how the address is labeled; may be empty
	Profile engine.Profile
}

// Composer writes the message of a send.
type Composer interface {
	// Compose renders the message. unsubscribeURL is empty for transactional messages. An error that is or wraps
	// ErrTemplate means that this message cannot be written for this learner, ErrRevisionLost that its ruleset is
	// gone; any other error is the moment's and the send is tried again.
	Compose(ctx context.Context, s engine.Send, to Recipient, unsubscribeURL string) (Message, error)
}

// Message is a composed message before it has a recipient.
type Message struct {
	From, FromName, ReplyTo string
	Subject, HTML, Text     string
}

// The errors of a Composer that end a send.
var (
	ErrTemplate     = errors.New("the message cannot be written for this learner")
	ErrRevisionLost = errors.New("the ruleset revision of this message is gone")
)

// ErrNotBegun says that the context ended before the provider was called: nothing went out. The send may be
// delivered again later, or be reported as engine.OutcomeCancelled if it was given up.
var ErrNotBegun = errors.New("the delivery ended before the provider was called")

// Options are what a Deliverer works with. All are required unless they say otherwise.
type Options struct {
	Switch     Switch
	Ledger     Ledger
	Recipients Recipients
	Composer   Composer
	Sender     Sender
	Allow      AllowList // the zero AllowList allows everybody
	// Unsubscribe returns the address of a send's one-click unsubscribe (RFC 8058): one opaque HTTPS URL.
	Unsubscribe func(s engine.Send) string
	// Now is the clock of everything that is decided and stored.
	Now func() time.Time
	// Wait sleeps for d by the same clock and returns early with an error when ctx ends.
	Wait func(ctx context.Context, d time.Duration) error
}

// Deliverer delivers sends. It keeps nothing between calls and may be used concurrently.
type Deliverer struct{ o Options }

// New returns a Deliverer.
func New(o Options) (*Deliverer, error) {
	missing := ""
	switch {
	case o.Switch == nil:
		missing = "Switch"
	case o.Ledger == nil:
		missing = "Ledger"
	case o.Recipients == nil:
		missing = "Recipients"
	case o.Composer == nil:
		missing = "Composer"
	case o.Sender == nil:
		missing = "Sender"
	case o.Unsubscribe == nil:
		missing = "Unsubscribe"
	case o.Now == nil:
		missing = "Now"
	case o.Wait == nil:
		missing = "Wait"
	default:
		return &Deliverer{o}, nil
	}
	return nil, fmt.Errorf("delivery: Options.%s is missing", missing)
}

// ChannelEmail is the channel that this package delivers; an empty channel means it, too.
const ChannelEmail = "email"

// pausedFor is how long a send waits before it asks the kill switch again.
const pausedFor = 5 * time.Minute

// Deliver walks a send through all questions to its provider. It may be called any number of times for the same send,
// one after the other or at once: the provider is called again only after it said "not now" in full.
//
// An error means that a question could not be asked (the ledger or the profile store is away): call again. Nothing is
// lost or doubled by it. When ctx ends before the provider is called, the error wraps ErrNotBegun. A call to the
// provider that has begun is brought to its end even if ctx ends.
func (d *Deliverer) Deliver(ctx context.Context, s engine.Send) (engine.Outcome, error) {
	if s.Channel != "" && s.Channel != ChannelEmail {
		return outcome(s, engine.OutcomeFailed, engine.ReasonProvider, fmt.Sprintf("there is no channel %q", s.Channel)), nil
	}
	// The ledger is looked at before the kill switch: what has been sent has been sent, also while all is paused.
	entry, err := d.o.Ledger.Get(ctx, s.ID)
	if err != nil {
		return engine.Outcome{}, d.ended(ctx, "read the ledger", err)
	}
	if out, done, err := d.recorded(ctx, s, entry); done || err != nil {
		return out, err
	}
	if out, stop, err := d.paused(ctx, s); stop || err != nil {
		return out, err
	}
	to, err := d.o.Recipients.Recipient(ctx, s.Learner)
	if err != nil {
		return engine.Outcome{}, d.ended(ctx, "read the learner's profile", err)
	}
	if out, stop := refuse(s, to); stop {
		return out, nil
	}
	email, out, err := d.compose(ctx, s, to)
	if err != nil || out.Status != "" {
		return out, err
	}
	if !d.o.Allow.Allows(email.To) {
		return outcome(s, engine.OutcomeNotAllowed, engine.ReasonNotAllowed, "the recipient allow-list does not name this address"), nil
	}
	return d.call(ctx, s, email, entry)
}

// refuse asks again whether the learner may be written to: much can have happened since the engine asked.
func refuse(s engine.Send, to Recipient) (engine.Outcome, bool) {
	p := to.Profile
	switch {
	case to.Address == "":
		return outcome(s, engine.OutcomeNoAddress, engine.ReasonNoAddress, ""), true
	case !validAddress(to.Address):
		return outcome(s, engine.OutcomeNoAddress, engine.ReasonNoAddress, "what the profile calls the address is not one"), true
	case p.Suppressed:
		return outcome(s, engine.OutcomeSuppressed, engine.ReasonSuppressed, ""), true
	case p.Consent != nil && !*p.Consent:
		return outcome(s, engine.OutcomeSuppressed, engine.ReasonNoConsent, ""), true
	}
	for _, topic := range p.Unsubscribed {
		if topic == s.Topic && s.Topic != "" && !s.Transactional {
			return outcome(s, engine.OutcomeSuppressed, engine.ReasonUnsubscribed, ""), true
		}
	}
	return engine.Outcome{}, false
}

// validAddress tells whether a is one bare email address on one line.
func validAddress(a string) bool {
	parsed, err := mail.ParseAddress(a)
	return err == nil && parsed.Address == a
}

// paused asks the kill switch.
func (d *Deliverer) paused(ctx context.Context, s engine.Send) (engine.Outcome, bool, error) {
	paused, err := d.o.Switch.Paused(ctx)
	if err != nil {
		return engine.Outcome{}, false, d.ended(ctx, "ask the kill switch", err)
	}
	if !paused {
		return engine.Outcome{}, false, nil
	}
	out := outcome(s, engine.OutcomeRetry, engine.ReasonPaused, "sending is paused; `homeroom resume` lifts it")
	out.RetryAt = d.o.Now().Add(pausedFor)
	return out, true, nil
}

// compose writes the email, or the outcome that says why there is none.
func (d *Deliverer) compose(ctx context.Context, s engine.Send, to Recipient) (Email, engine.Outcome, error) {
	unsubscribe := ""
	if !s.Transactional {
		unsubscribe = d.o.Unsubscribe(s)
	}
	m, err := d.o.Composer.Compose(ctx, s, to, unsubscribe)
	switch {
	case errors.Is(err, ErrTemplate):
		return Email{}, outcome(s, engine.OutcomeFailed, engine.ReasonTemplateError, redact(err.Error(), to.Address)), nil
	case errors.Is(err, ErrRevisionLost):
		return Email{}, outcome(s, engine.OutcomeFailed, engine.ReasonRevisionLost, err.Error()), nil
	case err != nil:
		return Email{}, engine.Outcome{}, d.ended(ctx, "compose the message", err)
	}
	email := Email{
		SendID: s.ID, From: m.From, FromName: m.FromName, ReplyTo: m.ReplyTo, To: to.Address, ToName: label(to.Name),
		Subject: m.Subject, HTML: m.HTML, Text: m.Text, NoTracking: content.IsMinor(to.Profile.Traits),
	}
	for _, c := range []string{s.Rule, s.Message} {
		if c != "" && (len(email.Categories) == 0 || email.Categories[0] != c) {
			email.Categories = append(email.Categories, c)
		}
	}
	if unsubscribe != "" {
		email.Headers = map[string]string{
			"List-Unsubscribe":      "<" + unsubscribe + ">",
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		}
	}
	return email, engine.Outcome{}, nil
}

// maxLabel bounds the name beside an address, in bytes.
const maxLabel = 100

// label makes a name fit to stand beside an address: it is what a learner, or whoever signed up in their name, wrote.
func label(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	return strings.TrimSpace(strings.ToValidUTF8(name[:min(len(name), maxLabel)], ""))
}

// ended wraps an error of a question asked before the provider was called.
func (d *Deliverer) ended(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s: %w", ErrNotBegun, doing, err)
	}
	return fmt.Errorf("deliver: %s: %w", doing, err)
}

func outcome(s engine.Send, status engine.OutcomeStatus, reason engine.Reason, detail string) engine.Outcome {
	return engine.Outcome{SendID: s.ID, Status: status, Reason: reason, Detail: detail}
}
