package delivery

import (
	"sync"
	"time"

	"homeroom/engine"
)

// Refusal says that a provider refuses the account, and with it every message.
type Refusal struct {
	Channel string
	Since   time.Time // of the first refusal since the provider last took a message
	Last    time.Time // of the latest
	Detail  string    // in the provider's words, without addresses
}

const (
	firstHold = time.Minute // after the first refusal, before a message tries again; doubled for each further one
	maxHold   = pausedFor   // the longest: as long as a message waits for the kill switch
	holdProbe = tryFor      // how long one Deliver goes on trying: if the message that tries has not ended by then, another one may try
)

// hold keeps messages from a provider that refuses the account: one of them tries from time to time, and the others wait. It is of one
// process and of one channel; the zero hold lets everything through. It may be used concurrently.
type hold struct {
	mu       sync.Mutex
	refusal  Refusal   // zero: the provider does not refuse
	refusals int       // since the provider last took a message
	trying   bool      // a message tries at this moment
	next     time.Time // when a message may try
}

// mayCall reports whether a message may be handed over now. If the provider refuses, that is one message at a time. why is
// what the provider said last.
func (h *hold) mayCall(now time.Time) (may bool, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refusals == 0 {
		return true, ""
	}
	if now.Before(h.next) {
		return false, h.refusal.Detail
	}
	h.trying = true
	h.next = now.Add(holdProbe)
	return true, ""
}

// isHeld reports whether a message would have to wait now, and what the provider said last.
func (h *hold) isHeld(now time.Time) (held bool, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refusals > 0 && now.Before(h.next), h.refusal.Detail
}

// noteRefused notes that the provider refused the account. Refusals of messages that were under way together count once.
func (h *hold) noteRefused(channel string, now time.Time, words string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refusals == 0 {
		h.refusal = Refusal{Channel: channel, Since: now}
	}
	h.refusal.Last = now
	h.refusal.Detail = words
	if h.refusals > 0 && !h.trying {
		return
	}
	h.next = now.Add(min(firstHold<<min(h.refusals, 10), maxHold))
	h.refusals++
	h.trying = false
}

// noteAnswered notes that the provider looked at a message, so that it does not refuse the account.
func (h *hold) noteAnswered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusal = Refusal{}
	h.refusals = 0
	h.trying = false
}

func (h *hold) current() (r Refusal, refuses bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refusal, h.refusals > 0
}

// Refusals returns the channels whose provider refuses the account, as this process knows it.
func (d *Deliverer) Refusals() []Refusal {
	var list []Refusal
	for _, channel := range engine.Channels() {
		if h := d.holds[channel.Name]; h != nil {
			if r, refuses := h.current(); refuses {
				list = append(list, r)
			}
		}
	}
	return list
}

// askWhetherHeld lets a send wait without composing it while the provider of its channel refuses the account.
func (d *Deliverer) askWhetherHeld(s engine.Send) (engine.Outcome, bool) {
	held, why := d.holds[s.Channel].isHeld(d.o.Now())
	if !held {
		return engine.Outcome{}, false
	}
	return d.refusedOutcome(s, why), true
}

// askToCall lets a send wait unless it may be handed over. If the provider refuses the account, the send that may is the one that tries.
func (d *Deliverer) askToCall(s engine.Send) (engine.Outcome, bool) {
	may, why := d.holds[s.Channel].mayCall(d.o.Now())
	if may {
		return engine.Outcome{}, false
	}
	return d.refusedOutcome(s, why), true
}

// refusedOutcome lets a send wait because the provider refuses the account.
func (d *Deliverer) refusedOutcome(s engine.Send, words string) engine.Outcome {
	out := newOutcome(s, engine.OutcomeRetry, engine.ReasonProviderRefuses, words)
	out.RetryAt = d.o.Now().Add(d.pauseBeforeNextDeliver(s.ID, 0))
	return out
}
