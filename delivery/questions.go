package delivery

import (
	"context"
	"time"

	"homeroom/engine"
)

// askProfile asks again whether the learner may be written to: much can have happened since the engine asked.
func askProfile(s engine.Send, to Recipient, channel Channel) (engine.Outcome, bool) {
	p := to.Profile
	address := channel.Address(to)
	reach := p.Reach[s.Channel]
	reach.Known = address != ""
	reach.Unusable = ""
	if reach.Known {
		reach.Unusable = channel.RefusesAddress(address)
	}
	p.Reach = map[string]engine.Reach{s.Channel: reach}
	switch reason := p.Refuses(&s); {
	case reason == engine.ReasonNoAddress:
		return newOutcome(s, engine.OutcomeNoAddress, reason, reach.Unusable), true
	case reason != "":
		return newOutcome(s, engine.OutcomeSuppressed, reason, p.RefusalDetail(reason, s.Channel)), true
	}
	return engine.Outcome{}, false
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

// askWhetherLate asks whether it is later than the send may go. If it is, the engine asks every question again and skips the send.
func (d *Deliverer) askWhetherLate(s engine.Send) (engine.Outcome, bool) {
	now := d.o.Now()
	if s.NotAfter.IsZero() || !now.After(s.NotAfter) {
		return engine.Outcome{}, false
	}
	out := newOutcome(s, engine.OutcomeRetry, engine.ReasonLate, "it was to go by "+s.NotAfter.Format(time.RFC3339))
	out.RetryAt = now
	return out, true
}
