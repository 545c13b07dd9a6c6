package engine

import (
	"encoding/binary"
	"slices"
	"time"
)

// ignoredAfter is how long a message has to be answered: opened by a person, clicked, or followed by activity.
const ignoredAfter = 72 * time.Hour

// history answers what expressions ask of a learner's past, as of `at`.
type history struct {
	s  *stepper
	at time.Time
}

// Sent implements History.
func (h history) Sent(message string, d time.Duration) bool {
	for _, m := range h.s.st.PastSends {
		if m.Message == message && m.At.After(h.at.Add(-d)) && !m.At.After(h.at) {
			return true
		}
	}
	return false
}

// Count implements History.
func (h history) Count(event string, days int) int {
	d := h.s.env.Standing.Counts[event]
	if d == nil {
		return 0
	}
	return d.since(dayOf(h.at), days)
}

func dayOf(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }

// since sums the last `days` days up to and including today.
func (d *Days) since(today, days int) int {
	sum := 0
	for i, n := range d.N {
		if day := d.Last - i; day <= today && day > today-days {
			sum += n
		}
	}
	return sum
}

// add counts one more on a day; one too long ago is not counted.
func (d *Days) add(day int) {
	if len(d.N) == 0 {
		d.Last = day
	}
	if ahead := day - d.Last; ahead > 0 {
		d.N = slices.Insert(d.N, 0, make([]int, min(ahead, maxDays))...)
		d.Last = day
	}
	back := d.Last - day
	if back >= maxDays {
		return
	}
	for len(d.N) <= back {
		d.N = append(d.N, 0)
	}
	d.N[back]++
	d.N = d.N[:min(len(d.N), maxDays)]
}

// count notes a counted event, once per event id, and reports whether it did.
func (s *Standing) count(ev *Event, at time.Time) bool {
	if !ringAdd(&s.CountedIDs, hash64(fnvBasis, ev.ID), maxCounted) {
		return false
	}
	if s.Counts == nil {
		s.Counts = map[string]*Days{}
	}
	if s.Counts[ev.Name] == nil {
		s.Counts[ev.Name] = &Days{}
	}
	s.Counts[ev.Name].add(dayOf(at))
	return true
}

// ringAdd adds a key to a ring of at most n keys of eight bytes; false: it is there already.
func ringAdd(ring *[]byte, key uint64, n int) bool {
	for i := 0; i+8 <= len(*ring); i += 8 {
		if binary.BigEndian.Uint64((*ring)[i:]) == key {
			return false
		}
	}
	*ring = binary.BigEndian.AppendUint64(*ring, key)
	if extra := len(*ring) - n*8; extra > 0 {
		*ring = slices.Delete(*ring, 0, extra)
	}
	return true
}

// noteAnswers marks the messages that the learner has answered, before the standing forgets it.
func (s *stepper) noteAnswers() {
	if s.env.Current.Settings.BackOff == nil {
		return
	}
	for i := range s.st.PastSends {
		if m := &s.st.PastSends[i]; !m.Answered && s.wasAnswered(m.At) {
			m.Answered = true
		}
	}
}

// wasAnswered reports whether the learner did anything within 72 hours after a message. Where the standing no longer knows,
// they did: it forgets nothing but what came before later activity.
func (s *stepper) wasAnswered(sent time.Time) bool {
	st := s.env.Standing
	for _, ring := range []Activity{st.Platform, st.Engaged} {
		for i, ms := range ring {
			t := time.UnixMilli(ms)
			if t.After(sent) && (!t.After(sent.Add(ignoredAfter)) || i == 0 && len(ring) == maxActivity) {
				return true
			}
		}
	}
	return false
}

// backOffUntil reports whether the learner is to be left alone at `at`, and until when. When a back-off is over the count
// starts again.
func (s *stepper) backOffUntil(at time.Time) (until time.Time, yes bool) {
	b := s.env.Current.Settings.BackOff
	if b == nil {
		return time.Time{}, false
	}
	s.noteAnswers()
	ignored := 0
	var last time.Time
	for i := len(s.st.PastSends) - 1; i >= 0 && ignored < b.AfterIgnored; i-- {
		m := &s.st.PastSends[i]
		if m.NoSlot {
			continue
		}
		if !m.At.After(s.st.BackOffCountsAfter) || m.Answered || at.Before(m.At.Add(ignoredAfter)) {
			return time.Time{}, false
		}
		if ignored++; ignored == 1 {
			last = m.At
		}
	}
	if ignored < b.AfterIgnored {
		return time.Time{}, false
	}
	if until = last.Add(b.For); at.Before(until) {
		return until, true
	}
	s.st.BackOffCountsAfter = last
	return time.Time{}, false
}
