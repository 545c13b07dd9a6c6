package delivery

import (
	"context"
	"net/mail"
	"time"

	"homeroom/engine"
)

// askProfile asks again whether the learner may be written to: much can have happened since the engine asked. What is shown
// in the app needs no address.
func askProfile(s engine.Send, to Recipient) (engine.Outcome, bool) {
	p := to.Profile
	p.Reachable = to.Address != ""
	switch reason := p.Refuses(&s); {
	case reason == engine.ReasonNoAddress:
		return newOutcome(s, engine.OutcomeNoAddress, reason, ""), true
	case s.Channel == ChannelEmail && !validAddress(to.Address):
		return newOutcome(s, engine.OutcomeNoAddress, engine.ReasonNoAddress, "what the profile calls the address is not one"), true
	case reason != "":
		return newOutcome(s, engine.OutcomeSuppressed, reason, ""), true
	}
	return engine.Outcome{}, false
}

// validAddress tells whether a is one bare email address on one line.
func validAddress(a string) bool {
	parsed, err := mail.ParseAddress(a)
	return err == nil && parsed.Address == a
}

// pausedFor is how long a send waits before it asks the kill switch again.
const pausedFor = 5 * time.Minute

// askKillSwitch asks the kill switch.
func (d *Deliverer) askKillSwitch(ctx context.Context, s engine.Send) (engine.Outcome, bool, error) {
	paused, err := d.o.Switch.Paused(ctx)
	if err != nil {
		return engine.Outcome{}, false, d.wrapNotBegun(ctx, "ask the kill switch", err)
	}
	if !paused {
		return engine.Outcome{}, false, nil
	}
	out := newOutcome(s, engine.OutcomeRetry, engine.ReasonPaused, "sending is paused; `homeroom resume` lifts it")
	out.RetryAt = d.o.Now().Add(pausedFor)
	return out, true, nil
}
