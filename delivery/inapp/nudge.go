package inapp

import (
	"context"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
)

// Nudge is a rendered message that the platform shows in its own pages, or pushes.
type Nudge struct {
	ID        string           `json:"id"` // the send's; whoever shows nudges shows each id once
	Learner   string           `json:"learner"`
	Rule      string           `json:"rule"`
	Message   string           `json:"message"`
	Topic     string           `json:"topic,omitempty"`
	Locale    string           `json:"locale,omitempty"` // of the version that was chosen
	Title     string           `json:"title"`            // one line, plain text
	Preheader string           `json:"preheader,omitempty"`
	HTML      string           `json:"html"` // a fragment with inline styles; values in it are escaped
	Text      string           `json:"text"`
	Actions   []content.Action `json:"actions,omitempty"` // its buttons and share links
	At        time.Time        `json:"at"`                // when it was decided
}

// Announcer hands nudges to the platform. It comes back within its own timeouts. Its errors are of type *[delivery.Error]; any
// other error counts as [delivery.Uncertain].
type Announcer interface {
	// Announce hands over one nudge. A nudge whose id was announced within the last two minutes is not announced again;
	// the answer is as if it had been.
	Announce(ctx context.Context, n Nudge) (delivery.Receipt, error)
}

// announceAgain is how long after a call that nobody saw the end of a nudge may be announced again. It is well below
// what an Announcer recognizes, in whatever pace the clock goes.
const announceAgain = time.Minute

func newNudge(s engine.Send, m delivery.Message) Nudge {
	return Nudge{
		ID:        s.ID,
		Learner:   s.Learner,
		Rule:      s.Rule,
		Message:   s.Message,
		Topic:     s.Topic,
		Locale:    m.Locale,
		Title:     m.Subject,
		Preheader: m.Preheader,
		HTML:      m.Fragment,
		Text:      m.Plain,
		Actions:   m.Actions,
		At:        s.At,
	}
}

// Channel announces nudges. It implements delivery.Channel.
type Channel struct{ announcer Announcer }

// New returns the channel inapp over an announcer.
func New(announcer Announcer) Channel { return Channel{announcer} }

// Name implements delivery.Channel.
func (Channel) Name() string { return engine.ChannelInApp }

// Medium implements delivery.Channel.
func (Channel) Medium() string { return engine.ChannelInApp }

// Address implements delivery.Channel: what is shown in the platform's own pages needs none.
func (Channel) Address(delivery.Recipient) string { return "" }

// RefusesAddress implements delivery.Channel.
func (Channel) RefusesAddress(string) string { return "" }

// RecognizesRepeatFor implements delivery.Channel.
func (Channel) RecognizesRepeatFor() time.Duration { return announceAgain }

// Hears implements delivery.Channel: the platform publishes what became of nudges, with the nudge's id as send_id.
func (Channel) Hears() []string {
	return []string{engine.EventNudgeSeen, engine.EventNudgeClicked, engine.EventNudgeDismissed}
}

// Prepare implements delivery.Channel.
func (c Channel) Prepare(s engine.Send, _ delivery.Recipient, m delivery.Message, _ content.Outward) func(context.Context) (delivery.Receipt, error) {
	nudge := newNudge(s, m)
	return func(ctx context.Context) (delivery.Receipt, error) { return c.announcer.Announce(ctx, nudge) }
}
