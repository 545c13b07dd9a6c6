package delivery

import (
	"context"
	"fmt"
	"time"

	"homeroom/engine"
)

const (
	// maxAnswerAge is how old the answers to the questions may be when the provider is called. They are older if the process was stopped in between: a suspended
	// machine, a long pause of the runtime, a store that took its time.
	maxAnswerAge = 5 * time.Second
	// maxAskAgain is how often the questions are asked again before one call. If the answers are never fresh, the send is tried again later.
	maxAskAgain = 5
)

// askAgainIfOld asks the questions about a composed send again if their answers are older than maxAnswerAge, and checks whether another attempt has ended the send
// meanwhile. It is called when nothing but the call is left to do. An outcome with a status says why the provider must not be called; the send is released then.
func (d *Deliverer) askAgainIfOld(ctx context.Context, s engine.Send, m composedSend, calling *Entry) engine.Outcome {
	var err error
	for n := range maxAskAgain {
		if d.isFresh(m.askedAt) {
			return engine.Outcome{}
		}
		if err != nil && d.o.Wait(ctx, time.Second<<n) != nil {
			break
		}
		asked := d.o.RealNow()
		var out engine.Outcome
		var stop bool
		if out, stop, err = d.askWithoutComposing(ctx, s, m, calling); stop {
			return out
		}
		if err == nil {
			m.askedAt = asked
		}
	}
	if d.isFresh(m.askedAt) {
		return engine.Outcome{}
	}
	detail := "the questions were answered too late before the call"
	if err != nil {
		detail = redactAddress(err.Error(), m.address)
	}
	return d.releaseUncalled(ctx, s, *calling, d.retryLater(s, detail))
}

// retryLater is the outcome of a send that is tried again a little later.
func (d *Deliverer) retryLater(s engine.Send, detail string) engine.Outcome {
	out := newOutcome(s, engine.OutcomeRetry, engine.ReasonProvider, detail)
	out.RetryAt = d.o.Now().Add(pausedFor)
	return out
}

// isFresh reports whether little time has passed since an instant, by the wall clock: the monotonic clock may stand still while the machine is suspended.
func (d *Deliverer) isFresh(askedAt time.Time) bool {
	age := d.o.RealNow().Round(0).Sub(askedAt.Round(0))
	return age > -maxAnswerAge && age < maxAnswerAge // a clock that was set back tells nothing about the age
}

// askWithoutComposing asks whether the send is still this attempt's to make, and the kill switch and the profile once more. stop reports that the provider must not
// be called, with the outcome; the send is released then.
func (d *Deliverer) askWithoutComposing(ctx context.Context, s engine.Send, m composedSend, calling *Entry) (out engine.Outcome, stop bool, err error) {
	if out, stop, err = d.noteLateCall(ctx, s, calling); stop || err != nil {
		return out, stop, err
	}
	out, stop, err = d.askKillSwitch(ctx, s)
	if err == nil && !stop {
		var to Recipient
		to, out, stop, err = d.askRecipient(ctx, s)
		if err == nil && !stop && recipientAddresses(d.o.Channels[s.Channel], to) != m.address {
			out = d.retryLater(s, "the recipient's address was changed while the message was composed")
			out.RetryAt = d.o.Now()
			stop = true
		}
	}
	if err == nil && !stop {
		out, stop = d.askWhetherLate(s)
	}
	if err != nil || !stop {
		return engine.Outcome{}, false, err
	}
	return d.releaseUncalled(ctx, s, *calling, out), true, nil
}

// noteLateCall records in the ledger that the call begins only now: settlement looks for evidence of that minute. stop reports that another attempt has changed the send's phase
// since.
func (d *Deliverer) noteLateCall(ctx context.Context, s engine.Send, calling *Entry) (out engine.Outcome, stop bool, err error) {
	calling.Called = d.o.Now()
	next, err := d.o.Ledger.Put(ctx, s.ID, *calling)
	if err == nil {
		*calling = next
		return engine.Outcome{}, false, nil
	}
	entry, readErr := d.o.Ledger.Get(ctx, s.ID)
	switch {
	case readErr != nil:
		return engine.Outcome{}, false, fmt.Errorf("read the ledger: %w", readErr)
	case entry.Phase != PhaseCalling, entry.Calls != calling.Calls, !entry.At.Equal(calling.At):
		return d.endedMeanwhile(s, entry), true, nil
	}
	calling.Revision = entry.Revision // a report of an earlier call was noted, or only the answer of our own write was lost
	calling.Heard = entry.Heard
	return engine.Outcome{}, false, fmt.Errorf("write the ledger: %w", err)
}

// endedMeanwhile is the outcome of a send that another attempt has taken over while this process was stopped.
func (d *Deliverer) endedMeanwhile(s engine.Send, entry Entry) engine.Outcome {
	if entry.Phase == PhaseSettled || entry.Phase == PhaseUncertain {
		return entry.Outcome
	}
	return d.retryLater(s, "another attempt has begun while this process was stopped")
}

// askRecipient asks whether the learner may be written to now.
func (d *Deliverer) askRecipient(ctx context.Context, s engine.Send) (to Recipient, out engine.Outcome, stop bool, err error) {
	if s.Staff != "" {
		return d.askStaff(ctx, s)
	}
	to, err = d.o.Recipients.Recipient(ctx, s.Learner)
	if err != nil {
		return to, engine.Outcome{}, false, d.wrapNotBegun(ctx, "read the learner's profile", err)
	}
	out, stop = askProfile(s, to, d.o.Channels[s.Channel])
	return to, out, stop, nil
}

// releaseUncalled records in the ledger that the provider was not called, and returns the outcome. If that fails, no other attempt can know it, so the outcome is
// uncertain.
func (d *Deliverer) releaseUncalled(ctx context.Context, s engine.Send, calling Entry, out engine.Outcome) engine.Outcome {
	calling.Phase = PhaseReleased
	calling.At = d.o.Now()
	kept, ok := d.writeLedger(ctx, s.ID, calling)
	switch {
	case ok:
		return out
	case kept.Phase == PhaseSettled:
		return kept.Outcome
	}
	return newOutcome(s, engine.OutcomeUncertain, engine.ReasonProvider, "the ledger could not note that the provider was not called")
}
