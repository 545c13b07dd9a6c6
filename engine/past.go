package engine

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// ignoredAfter is how long a message has to be answered: opened by a person, clicked, or followed by activity.
const ignoredAfter = 72 * time.Hour

// learnerPast answers what expressions ask of a learner's past, as of `at`.
type learnerPast struct {
	s      *stepper
	at     time.Time
	origin *Event // the event that started the run, or may start it; its keys are the run's
	course string // of the run; empty: not known
}

// Sent implements Past.
func (p learnerPast) Sent(message string, d time.Duration) bool {
	for _, m := range p.s.st.PastSends {
		if m.Message == message && m.At.After(p.at.Add(-d)) && !m.At.After(p.at) {
			return true
		}
	}
	return false
}

// Count implements Past.
func (p learnerPast) Count(event string, days int) int { return p.countedPast().Count(event, days) }

// CountSame implements Past.
func (p learnerPast) CountSame(event string, days int, key string) (int, error) {
	return p.countedPast().CountSame(event, days, key)
}

func (p learnerPast) countedPast() countedPast {
	return countedPast{
		standing: p.s.env.Standing,
		keys:     p.s.env.Current.Keys,
		origin:   p.origin,
		course:   p.course,
		at:       p.at,
	}
}

// countedPast is what is known of the past without the learner's state: how often events happened.
type countedPast struct {
	standing *Standing
	keys     map[string][]string
	origin   *Event // what started the run, or may start it; nil: not known
	course   string // of the run; empty: that of origin
	at       time.Time
}

// Sent implements Past. It is not known here.
func (p countedPast) Sent(string, time.Duration) bool { return false }

// Count implements Past.
func (p countedPast) Count(event string, days int) int {
	d := p.standing.Counts[event]
	if d == nil {
		return 0
	}
	return d.since(dayOf(p.at), days)
}

// CountSame implements Past.
func (p countedPast) CountSame(event string, days int, key string) (int, error) {
	value := ""
	if p.origin != nil {
		course := p.course
		if course == "" {
			course = p.standing.CourseOf(p.origin, p.keys)
		}
		value = keyValue(p.origin, key, course)
	}
	if value == "" {
		return 0, fmt.Errorf("same.%s: what started the run does not tell it", key)
	}
	return p.standing.countSince(event, key, value, p.at, days), nil
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

// add counts an event of a day, once per event id, and reports whether that changed anything. Ids are remembered for `window` days; within these an
// event that a publisher sends again is recognized however many others lie between, and on whatever day: one that says no time is of when it arrives, each
// time. What is older than maxDays is not counted.
func (d *Days) add(id string, day, window int) bool {
	if _, known := d.dayOfID(id); known {
		return false
	}
	if len(d.N) == 0 {
		d.Last = day
	}
	if ahead := day - d.Last; ahead > 0 {
		d.N = slices.Insert(d.N, 0, make([]int, min(ahead, maxDays))...)
		d.IDs = slices.Insert(d.IDs, 0, make([]dayIDs, min(ahead, maxDays))...)
		d.Last = day
	}
	back := d.Last - day
	if back >= maxDays {
		return false
	}
	for len(d.N) <= back {
		d.N = append(d.N, 0)
	}
	for len(d.IDs) <= back && back < window {
		d.IDs = append(d.IDs, nil)
	}
	if back < window {
		d.IDs[back].addKey(idKey(id))
	}
	d.N[back]++
	d.N = d.N[:min(len(d.N), maxDays)]
	d.IDs = d.IDs[:min(len(d.IDs), window)]
	return true
}

// dayIDs are hashes of the ids of one day's events, four bytes each, in the order in which they were heard: at most maxDayIDs.
type dayIDs []byte

// idKey is the hash by which an event's id is remembered.
func idKey(id string) uint32 { return uint32(hash64(fnvBasis, id) >> 32) }

// has reports whether the hash of an id is there.
func (ids dayIDs) has(key uint32) bool {
	for i := 0; i+4 <= len(ids); i += 4 {
		if binary.BigEndian.Uint32(ids[i:]) == key {
			return true
		}
	}
	return false
}

// addKey adds the hash of an id unless it is there. Once there are maxDayIDs, the oldest makes room.
func (ids *dayIDs) addKey(key uint32) {
	if ids.has(key) {
		return
	}
	*ids = binary.BigEndian.AppendUint32(*ids, key)
	if extra := len(*ids) - 4*maxDayIDs; extra > 0 {
		*ids = slices.Delete(*ids, 0, extra)
	}
}

// mergeDays counts what two records know of the same events: of each day the larger count, or as many as there are different ids. a may be nil.
func mergeDays(a, b *Days) *Days {
	if a == nil || len(a.N) == 0 {
		return b
	}
	last := max(a.Last, b.Last)
	merged := &Days{
		Last: last,
		N:    make([]int, min(maxDays, max(last-a.Last+len(a.N), last-b.Last+len(b.N)))),
		IDs:  make([]dayIDs, min(maxDays, max(last-a.Last+len(a.IDs), last-b.Last+len(b.IDs)))),
	}
	for i := range merged.N {
		for _, d := range []*Days{a, b} {
			at := d.Last - (last - i)
			if at >= 0 && at < len(d.N) {
				merged.N[i] = max(merged.N[i], d.N[at])
			}
			if at >= 0 && at < len(d.IDs) {
				merged.IDs[i].addAll(d.IDs[at])
			}
		}
		if i < len(merged.IDs) {
			merged.N[i] = max(merged.N[i], len(merged.IDs[i])/4)
		}
	}
	return merged
}

// addAll adds the ids of another record of the same day.
func (ids *dayIDs) addAll(other dayIDs) {
	for i := 0; i+4 <= len(other); i += 4 {
		ids.addKey(binary.BigEndian.Uint32(other[i:]))
	}
}

// countEvent notes a counted event, once per event id, and reports whether it did.
func (s *Standing) countEvent(ev *Event, course string, at time.Time, rs *Ruleset) bool {
	window := rs.Counted[ev.Name]
	if !s.countOnce(ev, at, window) {
		return false
	}
	if day := dayOf(at); s.Counts[ev.Name].remembersIDs(day, window) {
		s.countByKeys(ev, course, day, rs)
	}
	return true
}

// countOnce notes a counted event among all of its name, once per event id, and reports whether it did. window is how many days back a rule looks.
func (s *Standing) countOnce(ev *Event, at time.Time, window int) bool {
	if ringHas(s.CountedIDs, hash64(fnvBasis, ev.ID)) { // an older version has counted it
		return false
	}
	if s.Counts == nil {
		s.Counts = map[string]*Days{}
	}
	if s.Counts[ev.Name] == nil {
		s.Counts[ev.Name] = &Days{}
	}
	return s.Counts[ev.Name].add(ev.ID, dayOf(at), window)
}

// ringHas reports whether a ring holds a key.
func ringHas(ring []byte, key uint64) bool {
	for i := 0; i+8 <= len(ring); i += 8 {
		if binary.BigEndian.Uint64(ring[i:]) == key {
			return true
		}
	}
	return false
}

// ringAdd adds a key to a ring of at most n keys of eight bytes; false: it is there already.
func ringAdd(ring *[]byte, key uint64, n int) bool {
	if ringHas(*ring, key) {
		return false
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
