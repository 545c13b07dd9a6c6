package delivery

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"time"

	"homeroom/engine"
)

const (
	tryFor       = time.Minute     // how long one Deliver goes on trying
	firstPause   = 2 * time.Second // before the second try; doubled for each further one
	laterPause   = 5 * time.Minute // after a Deliver that tried in vain, if the provider names no time
	maxLater     = 24 * time.Hour  // no provider's reset time is believed to be further away
	ledgerWrites = 3               // how often an answer is offered to the ledger
)

// callProvider takes the send through claimed and calling to the provider, again and again within tryFor as long as the
// provider says "not now". Before every single call all questions are put anew.
func (d *Deliverer) callProvider(ctx context.Context, s engine.Send, entry Entry) (engine.Outcome, error) {
	began := d.o.Now()
	for try := 0; ; try++ {
		m, out, err := d.askAndCompose(ctx, s)
		if err != nil || out.Status != "" {
			return out, err
		}
		entry.Copies = m.copies
		calling, err := d.recordCalling(ctx, s, entry)
		if err != nil {
			return engine.Outcome{}, err
		}
		if out := d.askAgainIfOld(context.WithoutCancel(ctx), s, m, &calling); out.Status != "" {
			return out, nil
		}
		// From here on the message may be out. What happens now is written down whatever becomes of ctx.
		out, after := d.callOnce(context.WithoutCancel(ctx), s, m, calling)
		if out.Status != engine.OutcomeRetry || !out.RetryAt.IsZero() {
			return out, nil
		}
		pause := d.pauseBeforeRetry(s.ID, try, after)
		now := d.o.Now()
		if now.Add(pause).Sub(began) > tryFor {
			out.RetryAt = now.Add(d.pauseBeforeNextDeliver(s.ID, after))
			return out, nil
		}
		if err := d.o.Wait(ctx, pause); err != nil {
			return engine.Outcome{}, fmt.Errorf("%w again: %w", ErrNotBegun, err)
		}
		// Another attempt may have gone on meanwhile.
		if entry, err = d.o.Ledger.Get(ctx, s.ID); err != nil {
			return engine.Outcome{}, d.wrapNotBegun(ctx, "read the ledger", err)
		}
		if out, done, err := d.recordedOutcome(ctx, s, entry); done || err != nil {
			return out, err
		}
	}
}

// callOnce calls the provider once and writes its answer down. With OutcomeRetry the send has been released, and after is
// how long the provider wants to be left alone (0: it did not say).
func (d *Deliverer) callOnce(ctx context.Context, s engine.Send, m composedSend, calling Entry) (out engine.Outcome, after time.Duration) {
	receipt, err := m.call(ctx)
	class, after := Classify(err)
	if err == nil || class == Final {
		d.holds[s.Channel].noteAnswered()
	}
	if err == nil {
		calling.Receipt = receipt.MessageID
		return d.recordAnswer(ctx, s, calling, PhaseSettled, newOutcome(s, engine.OutcomeAccepted, "", "")), 0
	}
	words := redactAddress(err.Error(), m.address)
	switch class {
	case Refused:
		d.holds[s.Channel].noteRefused(s.Channel, d.o.Now(), words)
		return d.recordReleased(ctx, s, calling, d.refusedOutcome(s, words)), 0
	case Retry:
		return d.recordReleased(ctx, s, calling, newOutcome(s, engine.OutcomeRetry, engine.ReasonProvider, words)), after
	case Final:
		return d.recordAnswer(ctx, s, calling, PhaseSettled, newOutcome(s, engine.OutcomeFailed, engine.ReasonProvider, words)), 0
	case Uncertain:
	}
	return d.recordAnswer(ctx, s, calling, PhaseUncertain, newOutcome(s, engine.OutcomeUncertain, engine.ReasonProvider, words)), 0
}

// recordedOutcome returns the outcome that the ledger holds, and whether that is the end of it. An attempt that died while
// it was calling is turned into an uncertain one, unless the channel still recognizes a repeat: then the call is made again.
func (d *Deliverer) recordedOutcome(ctx context.Context, s engine.Send, e Entry) (engine.Outcome, bool, error) {
	switch e.Phase {
	case PhaseNone, PhaseClaimed, PhaseReleased:
		return engine.Outcome{}, false, nil
	case PhaseSettled, PhaseUncertain:
		return e.Outcome, true, nil
	case PhaseCalling:
		if d.recognizesRepeat(s, e) {
			return engine.Outcome{}, false, nil // a repeat is recognized
		}
		out, err := d.recordUncertain(ctx, s, e)
		return out, err == nil, err
	default:
		return engine.Outcome{}, false, fmt.Errorf("deliver: the ledger has send %s in phase %q, which this version does not know; upgrade all workers", s.ID, e.Phase)
	}
}

// recognizesRepeat reports whether the other side of the send's channel still recognizes a repeat of the call that the ledger has. The first comparison is
// needed because the clock of the process that called may be ahead of ours: the age is negative then, and less than 0, the limit of a channel that
// recognizes no repeat.
func (d *Deliverer) recognizesRepeat(s engine.Send, e Entry) bool {
	channel := d.o.Channels[s.Channel]
	return channel != nil && channel.RecognizesRepeatFor() > 0 && d.o.Now().Sub(e.At) < channel.RecognizesRepeatFor()
}

// recordUncertain writes down that nobody knows what became of an attempt that died while it was calling.
func (d *Deliverer) recordUncertain(ctx context.Context, s engine.Send, e Entry) (engine.Outcome, error) {
	out := newOutcome(s, engine.OutcomeUncertain, engine.ReasonProvider, "an earlier attempt ended while the provider was being called")
	e.Phase = PhaseUncertain
	e.Outcome = out
	e.At = d.o.Now()
	switch _, err := d.o.Ledger.Put(ctx, s.ID, e); {
	case errors.Is(err, ErrConflict):
		return engine.Outcome{}, fmt.Errorf("deliver: %w", err) // it is alive after all: ask again
	case err != nil:
		return engine.Outcome{}, d.wrapNotBegun(ctx, "write the ledger", err)
	}
	return out, nil
}

// recordCalling writes claimed and calling.
func (d *Deliverer) recordCalling(ctx context.Context, s engine.Send, e Entry) (Entry, error) {
	if err := ctx.Err(); err != nil {
		return e, fmt.Errorf("%w: %w", ErrNotBegun, err)
	}
	e.Send = withoutContent(s)
	first := e.Phase
	for _, phase := range []Phase{PhaseClaimed, PhaseCalling} {
		if phase == PhaseClaimed && (first == PhaseClaimed || first == PhaseCalling) {
			continue // by an attempt that died
		}
		if first != PhaseCalling { // on a repeat At stays that of the first call: from then on the time counts in which a repeat is recognized
			e.At = d.o.Now()
		}
		e.Phase = phase
		if phase == PhaseCalling {
			e.Calls++
			e.Called = d.o.Now()
		}
		next, err := d.o.Ledger.Put(ctx, s.ID, e)
		if err != nil {
			return e, d.wrapNotBegun(ctx, "write the ledger", err)
		}
		e = next
	}
	return e, nil
}

// withoutContent is what the ledger keeps of a send: which one it is, and nothing of what it says.
func withoutContent(s engine.Send) engine.Send {
	s.Trigger = engine.Event{}
	s.Awaited = nil
	s.Vars = nil
	return s
}

// recordAnswer writes the provider's answer into the ledger and returns the outcome. It returns the same outcome if the
// ledger cannot be written: it is the truth. A later attempt finds the entry in the phase calling: it says uncertain, or repeats
// the call if the channel recognizes a repeat.
func (d *Deliverer) recordAnswer(ctx context.Context, s engine.Send, e Entry, phase Phase, out engine.Outcome) engine.Outcome {
	e.Phase = phase
	e.Outcome = out
	e.At = d.o.Now()
	if kept, _ := d.writeLedger(ctx, s.ID, e); kept.Phase == PhaseSettled {
		return kept.Outcome // perhaps by the provider's report, which came before its answer and is the better proof
	}
	return out
}

// recordReleased writes down that the send may be tried again. Without that note it must not be: another attempt may have
// found this one calling and said uncertain.
func (d *Deliverer) recordReleased(ctx context.Context, s engine.Send, e Entry, out engine.Outcome) engine.Outcome {
	e.Phase = PhaseReleased
	e.At = d.o.Now()
	kept, ok := d.writeLedger(ctx, s.ID, e)
	switch {
	case ok:
		return out
	case kept.Phase == PhaseSettled:
		return kept.Outcome // by the provider's report: it has it after all
	}
	return newOutcome(s, engine.OutcomeUncertain, engine.ReasonProvider, "the ledger could not note that the provider said: "+out.Detail)
}

// writeLedger offers an answer to the ledger a few times. It fails if another attempt has changed the entry or if the ledger
// stays away; kept is then what the ledger has instead, if it could be asked. A report of the provider that came in
// before its answer does not stand in the way, unless it settled the send: then that is how it ended.
func (d *Deliverer) writeLedger(ctx context.Context, id string, e Entry) (kept Entry, ok bool) {
	for try := range ledgerWrites {
		_, err := d.o.Ledger.Put(ctx, id, e)
		if err == nil {
			return e, true
		}
		if errors.Is(err, ErrConflict) {
			got, err := d.o.Ledger.Get(ctx, id)
			switch {
			case err != nil:
				return Entry{}, false
			case got.Phase == e.Phase && got.Calls == e.Calls && got.At.Equal(e.At):
				return got, true // an earlier try of ours was stored and only its answer was lost
			case got.Phase != PhaseCalling || got.Calls != e.Calls:
				return got, false
			}
			e.Revision = got.Revision
			e.Heard = got.Heard
			continue
		}
		if try < ledgerWrites-1 && d.o.Wait(ctx, time.Duration(try+1)*time.Second) != nil {
			return Entry{}, false
		}
	}
	return Entry{}, false
}

// pauseBeforeRetry is how long to wait before the next try: what the provider asked for, or a pause that doubles from firstPause,
// whichever is longer; with jitter, so that a thousand sends that failed together do not come back together.
func (d *Deliverer) pauseBeforeRetry(id string, try int, after time.Duration) time.Duration {
	pause := max(firstPause<<min(try, 10), after)
	return pause + jitterOf(id, try, pause/2)
}

// pauseBeforeNextDeliver is how long to wait before a new Deliver.
func (d *Deliverer) pauseBeforeNextDeliver(id string, after time.Duration) time.Duration {
	if after <= 0 {
		after = laterPause
	}
	after = min(after, maxLater)
	return after + jitterOf(id, -1, max(after/5, time.Second))
}

// jitterOf is a share of span that depends on the send and the try only.
func jitterOf(id string, try int, span time.Duration) time.Duration {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", id, try)
	return time.Duration(float64(span) * float64(h.Sum64()>>11) / (1 << 53))
}

var address = regexp.MustCompile(`[^\s"'<>(),;:]+@[^\s"'<>(),;:]+`)

// maxDetail bounds what is kept of a provider's words, in bytes.
const maxDetail = 500

// redactAddress takes addresses out of a text that will be kept.
func redactAddress(text, to string) string {
	if to != "" {
		text = strings.ReplaceAll(text, to, "(address)")
	}
	text = address.ReplaceAllString(text, "(address)")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return text
}
