package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homeroom/content"
	"homeroom/engine"
)

// Switch is the kill switch.
type Switch interface {
	// Paused reports whether all sending is stopped at this moment.
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
	// AlsoTo are further addresses of staff; a learner has none.
	AlsoTo []string
}

// Composer writes the message of a send.
type Composer interface {
	// Compose renders the message with the learner's own links. Of o.Campaign only the medium is given; the composer sets the rest. An error that is
	// or wraps ErrTemplate means that this message cannot be written for this learner, ErrRevisionLost that its ruleset
	// is gone; after any other error the send is tried again.
	Compose(ctx context.Context, s engine.Send, to Recipient, o content.Outward) (Message, error)
}

// Message is a composed message before it has a recipient.
type Message struct {
	From, FromName, ReplyTo string
	Cc                      []string // addresses that get a copy: declared senders of the academy
	content.Rendered
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
	Channels   Channels  // at least one
	Allow      AllowList // of addresses; the zero AllowList allows everybody
	Links      Links
	LinkStore  LinkStore
	Staff      Staff // nil: no message to staff can be delivered
	// SettleAfter is how long after an uncertain call its mail counts as not taken if the provider reported others of the same minute
	// and not this one; 0: uncertain mails stay uncertain.
	SettleAfter time.Duration
	// Now is the clock of everything that is decided and stored.
	Now func() time.Time
	// RealNow is the machine's own clock, by which the age of answers is measured; nil: Now.
	RealNow func() time.Time
	// Wait sleeps for d by the clock of Now and returns early with an error when ctx ends.
	Wait func(ctx context.Context, d time.Duration) error
}

// Deliverer delivers sends. Between calls it keeps only which provider refuses the account. It may be used concurrently.
type Deliverer struct {
	o     Options
	holds map[string]*hold // by channel
}

// New returns a Deliverer.
func New(o Options) (*Deliverer, error) {
	for _, need := range []struct {
		name    string
		missing bool
	}{
		{"Switch", o.Switch == nil}, {"Ledger", o.Ledger == nil}, {"Recipients", o.Recipients == nil},
		{"Composer", o.Composer == nil}, {"Channels", len(o.Channels) == 0}, {"Links", o.Links == nil}, {"LinkStore", o.LinkStore == nil},
		{"Now", o.Now == nil}, {"Wait", o.Wait == nil},
	} {
		if need.missing {
			return nil, fmt.Errorf("delivery: Options.%s is missing", need.name)
		}
	}
	if o.RealNow == nil {
		o.RealNow = o.Now
	}
	d := &Deliverer{o: o, holds: map[string]*hold{}}
	for name := range o.Channels {
		d.holds[name] = new(hold)
	}
	return d, nil
}

// Deliver takes a send through all questions to its provider. It may be called any number of times for the same send,
// one after the other or at once. The provider is called again only after a complete "not now", after a call whose end nobody saw on a
// channel that recognizes a repeat (see [Channel.RecognizesRepeatFor]), or, once, by settlement.
//
// An error means that a question could not be asked (the ledger or the profile store is away): call again. Nothing is
// lost or doubled by it. When ctx ends before the provider is called, the error wraps ErrNotBegun. A call to the
// provider that has begun is brought to its end even if ctx ends.
func (d *Deliverer) Deliver(ctx context.Context, s engine.Send) (engine.Outcome, error) {
	channel, why := d.o.Channels.channelOf(s)
	if channel == nil {
		return newOutcome(s, engine.OutcomeFailed, engine.ReasonProvider, why), nil
	}
	s.Channel = channel.Name()
	// The ledger is looked at before the kill switch: what has been sent has been sent, also while all is paused.
	entry, err := d.o.Ledger.Get(ctx, s.ID)
	if err != nil {
		return engine.Outcome{}, d.wrapNotBegun(ctx, "read the ledger", err)
	}
	if entry, err = d.reopenNotTaken(ctx, s, entry); err != nil {
		return engine.Outcome{}, err
	}
	out, done, err := d.recordedOutcome(ctx, s, entry)
	if !done && err == nil {
		out, err = d.callProvider(ctx, s, entry)
	}
	if err == nil && out.Status == engine.OutcomeUncertain {
		out.SettleAt = d.settleAt(s)
	}
	return out, err
}

// GiveUp says how a send ended that nobody wants to go out any more: OutcomeCancelled if the provider was not called or said
// "not now", else what it answered, or uncertain. Nobody can deliver it afterwards. An error
// means that the ledger could not be asked, or that another attempt changed the entry at the same moment: call again.
func (d *Deliverer) GiveUp(ctx context.Context, s engine.Send) (engine.Outcome, error) {
	entry, err := d.o.Ledger.Get(ctx, s.ID)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("give up send %s: read the ledger: %w", s.ID, err)
	}
	switch entry.Phase {
	case PhaseCalling:
		return d.recordUncertain(ctx, s, entry)
	case PhaseSettled, PhaseUncertain:
		return entry.Outcome, nil
	case PhaseNone, PhaseClaimed, PhaseReleased:
		out := newOutcome(s, engine.OutcomeCancelled, "", "given up before it went out")
		entry.Phase = PhaseSettled
		entry.Outcome = out
		entry.Send = withoutContent(s)
		entry.At = d.o.Now()
		if _, err := d.o.Ledger.Put(ctx, s.ID, entry); err != nil {
			return engine.Outcome{}, fmt.Errorf("give up send %s: write the ledger: %w", s.ID, err)
		}
		return out, nil
	default:
		_, _, err := d.recordedOutcome(ctx, s, entry) // a phase of a newer version
		return engine.Outcome{}, err
	}
}

// composedSend is a composed send, and how the provider is called with it.
type composedSend struct {
	address string // that it goes to, with those of further staff; empty in the app
	call    func(ctx context.Context) (Receipt, error)
	askedAt time.Time // when the first of the questions about it was put, by Options.RealNow
	copies  []string  // as Entry.Copies
}

// askAndCompose puts all questions and composes. An outcome with a status says why nothing is to be handed over.
func (d *Deliverer) askAndCompose(ctx context.Context, s engine.Send) (composedSend, engine.Outcome, error) {
	askedAt := d.o.RealNow()
	if out, stop := d.askWhetherLate(s); stop {
		return composedSend{}, out, nil
	}
	if out, stop, err := d.askKillSwitch(ctx, s); stop || err != nil {
		return composedSend{}, out, err
	}
	if out, stop := d.askWhetherHeld(s); stop {
		return composedSend{}, out, nil
	}
	to, out, stop, err := d.askRecipient(ctx, s)
	if stop || err != nil {
		return composedSend{}, out, err
	}
	channel := d.o.Channels[s.Channel]
	o := d.sealLinks(s)
	if s.Staff == "" {
		o.Campaign.Medium = channel.Medium()
	}
	m, out, err := d.composeMessage(ctx, s, to, o)
	if err != nil || out.Status != "" {
		return composedSend{}, out, err
	}
	if known, _ := engine.ChannelNamed(s.Channel); known.CarriedOutside && !d.o.Allow.Allows(to.Address) {
		return composedSend{}, newOutcome(s, engine.OutcomeNotAllowed, engine.ReasonNotAllowed, "the recipient allow-list does not name this address"), nil
	}
	if m.Cc, err = d.allowedCopies(ctx, to, m.Cc); err != nil {
		return composedSend{}, engine.Outcome{}, err
	}
	if err := d.storeLinkTargets(ctx, s, o, m.Targets); err != nil {
		return composedSend{}, engine.Outcome{}, d.wrapNotBegun(ctx, "keep where its links lead", err)
	}
	// Asked again at the very moment of sending: composing took time.
	if out, stop, err := d.askKillSwitch(ctx, s); stop || err != nil {
		return composedSend{}, out, err
	}
	if out, stop := d.askWhetherLate(s); stop {
		return composedSend{}, out, nil
	}
	if out, stop := d.askToCall(s); stop {
		return composedSend{}, out, nil
	}
	return composedSend{
		address: recipientAddresses(channel, to),
		call:    channel.Prepare(s, to, m, o),
		askedAt: askedAt,
		copies:  hashCopies(m.Cc),
	}, engine.Outcome{}, nil
}

// composeMessage writes the message, or the outcome that says why there is none.
func (d *Deliverer) composeMessage(ctx context.Context, s engine.Send, to Recipient, o content.Outward) (Message, engine.Outcome, error) {
	m, err := d.o.Composer.Compose(ctx, s, to, o)
	switch {
	case errors.Is(err, ErrTemplate):
		return Message{}, newOutcome(s, engine.OutcomeFailed, engine.ReasonTemplateError, redactAddress(err.Error(), to.Address)), nil
	case errors.Is(err, ErrRevisionLost):
		return Message{}, newOutcome(s, engine.OutcomeFailed, engine.ReasonRevisionLost, err.Error()), nil
	case err != nil:
		return Message{}, engine.Outcome{}, d.wrapNotBegun(ctx, "compose the message", err)
	}
	return m, engine.Outcome{}, nil
}

// wrapNotBegun wraps an error of a question asked before the provider was called.
func (d *Deliverer) wrapNotBegun(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s: %w", ErrNotBegun, doing, err)
	}
	return fmt.Errorf("deliver: %s: %w", doing, err)
}

func newOutcome(s engine.Send, status engine.OutcomeStatus, reason engine.Reason, detail string) engine.Outcome {
	return engine.Outcome{SendID: s.ID, Status: status, Reason: reason, Detail: detail}
}
