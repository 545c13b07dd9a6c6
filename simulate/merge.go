package simulate

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/profile"
	"homeroom/subjects"
)

// Merges knows which ids of a recording are one learner's, as of the events taken in so far: an id belongs to the first that claims it, as in production. The zero
// Merges knows none. It is not safe for concurrent use.
type Merges struct {
	into   map[string]string
	counts map[string]int // of ids that an id has taken over
}

// IDOf returns the id under which a learner goes on.
func (m *Merges) IDOf(learner string) string {
	for {
		into, merged := m.into[learner]
		if !merged {
			return learner
		}
		learner = into
	}
}

// Claim takes in an event of the learner under the id that it goes on with, and returns the id that is merged into it now; empty: none is.
func (m *Merges) Claim(ev *engine.Event) (previous string) {
	previous = engine.PreviousOf(ev)
	if previous == "" || subjects.ValidLearner(previous) != nil || m.into[previous] != "" || m.counts[ev.Learner]+m.counts[previous] >= engine.MaxPrevious {
		return ""
	}
	if m.into == nil {
		m.into = map[string]string{}
		m.counts = map[string]int{}
	}
	m.into[previous] = ev.Learner
	m.counts[ev.Learner] += 1 + m.counts[previous]
	return previous
}

// merged is what one host takes over from another.
type merged struct {
	learner     string
	standing    engine.Standing
	profile     profile.Profile
	memory      *engine.Memory
	suppressed  map[string]bool
	softBounces map[string]profile.SoftBounces
}

// endMerged decides what is due for a learner before an instant, and ends what is under way because they go on under another id. The host decides nothing more. h may
// be nil: nothing is known of the learner.
func (h *Host) endMerged(into string, at time.Time) (*merged, error) {
	if h == nil {
		return nil, nil
	}
	if err := h.wakeUntil(func(w time.Time) bool { return w.Before(at) }); err != nil {
		return nil, err
	}
	taken := &merged{
		learner:     h.opts.Learner,
		standing:    h.standing,
		profile:     h.profile,
		suppressed:  h.suppressed,
		softBounces: h.softBounces,
	}
	h.standing.EndMerge(into)
	if err := h.stepUntilDelivered(nil, at); err != nil {
		return nil, err
	}
	h.wake = time.Time{}
	taken.memory = engine.MemoryOf(&h.state)
	return taken, nil
}

// applyMerge takes in an event that names another id of the learner, with what is known of that; nil: nothing.
func (h *Host) applyMerge(d *catalog.Decoded, taken *merged, arrival time.Time) error {
	if taken == nil {
		h.standing.Absorb(engine.PreviousOf(&d.Event), &engine.Standing{}, h.opts.Ruleset)
		return h.ApplyEvent(d, arrival)
	}
	if err := h.wakeUntil(func(w time.Time) bool { return w.Before(arrival) }); err != nil {
		return err
	}
	h.standing.Absorb(taken.learner, &taken.standing, h.opts.Ruleset)
	h.profile.Absorb(&taken.profile)
	if len(taken.suppressed) > 0 && h.suppressed == nil {
		h.suppressed = map[string]bool{}
	}
	maps.Copy(h.suppressed, taken.suppressed)
	for address, bounces := range taken.softBounces {
		if h.softBounces == nil {
			h.softBounces = map[string]profile.SoftBounces{}
		}
		if _, known := h.softBounces[address]; !known {
			h.softBounces[address] = bounces
		}
	}
	h.showProfile()
	d.Event.Absorbed = taken.memory
	return h.ApplyEvent(d, arrival)
}

// mergeTransfer brings what is known of an id from the decider that had it to the one that has the learner.
type mergeTransfer struct {
	previous string
	taken    chan *merged // has room for one
}

// applyMerge takes in an event that names another id of a learner: as the one who had that id, as the one who has the learner, or both.
func (s *decider) applyMerge(ctx context.Context, d *decoded) error {
	if s.index == deciderIndexOf(d.merge.previous, s.count) {
		taken, err := s.hosts[d.merge.previous].endMerged(d.Event.Learner, d.at)
		if err != nil {
			return err
		}
		s.forgetHost(d.merge.previous)
		d.merge.taken <- taken
	}
	if s.index != deciderIndexOf(d.Event.Learner, s.count) {
		return nil
	}
	s.seen[d.Event.Name]++
	select {
	case taken := <-d.merge.taken:
		return s.hostOf(d.Event.Learner).applyMerge(&d.Decoded, taken, d.at)
	case <-ctx.Done():
		return nil // the one who ended the context says why
	}
}

// forgetHost forgets a learner who goes on under another id.
func (s *decider) forgetHost(learner string) {
	if h := s.hosts[learner]; h != nil {
		s.order[h.place] = nil
		delete(s.hosts, learner)
	}
}

// FindIDs returns the other ids of a learner that a recording names, whichever of them the learner goes on under.
func FindIDs(ctx context.Context, r io.Reader, decoder Decoder, learner string) ([]string, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine+1)
	var claims Merges
	var named []string
	var d catalog.Decoded
	for lines.Scan() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		body := bytes.TrimSpace(lines.Bytes())
		if decoder.DecodeInto(&d, "", "", body, farFuture) != nil || d.Event.Name != engine.EventAliased {
			continue
		}
		d.Event.Learner = claims.IDOf(d.Event.Learner)
		if previous := claims.Claim(&d.Event); previous != "" {
			named = append(named, previous, d.Event.Learner)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("look for a learner's other ids: %w", err)
	}
	var ids []string
	seen := map[string]bool{learner: true}
	for _, id := range named {
		if !seen[id] && claims.IDOf(id) == claims.IDOf(learner) {
			ids = append(ids, id)
		}
		seen[id] = true
	}
	return ids, nil
}
