package engine

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// keyCountGrace is how many days longer counts by key are kept than a rule looks back: a decision may be made that late.
const keyCountGrace = 7

// KeyCount is how often a counted event happened for one value of a key: in one course, in one thread.
type KeyCount struct {
	Value uint64 // hash of the value
	Days  Days   // without ids: repeats are recognized by those of the event's own Days
}

// KeyCounts are those of one event and key, at most MaxKeyCounts: the values for which the event happened last. They are packed as JSON, because nobody reads
// them: base64 of each value in 8 bytes, then Last, the number of days, and the days as varints.
type KeyCounts []KeyCount

// MarshalJSON implements json.Marshaler.
func (k KeyCounts) MarshalJSON() ([]byte, error) {
	var packed []byte
	for i := range k {
		packed = binary.BigEndian.AppendUint64(packed, k[i].Value)
		packed = binary.AppendVarint(packed, int64(k[i].Days.Last))
		packed = binary.AppendUvarint(packed, uint64(len(k[i].Days.N)))
		for _, n := range k[i].Days.N {
			packed = binary.AppendUvarint(packed, uint64(n))
		}
	}
	return json.Marshal(packed)
}

var errKeyCounts = errors.New("the counts by key of a standing are damaged")

// UnmarshalJSON implements json.Unmarshaler.
func (k *KeyCounts) UnmarshalJSON(raw []byte) error {
	var packed []byte
	if err := json.Unmarshal(raw, &packed); err != nil {
		return fmt.Errorf("%w: %w", errKeyCounts, err)
	}
	*k = nil
	for len(packed) > 0 {
		if len(packed) < 8 {
			return errKeyCounts
		}
		count := KeyCount{Value: binary.BigEndian.Uint64(packed)}
		last, n := binary.Varint(packed[8:])
		if n <= 0 {
			return errKeyCounts
		}
		count.Days.Last = int(last)
		packed = packed[8+n:]
		days, n := binary.Uvarint(packed)
		if n <= 0 || days > maxDays {
			return errKeyCounts
		}
		packed = packed[n:]
		for range days {
			one, n := binary.Uvarint(packed)
			if n <= 0 || one > 1<<31 {
				return errKeyCounts
			}
			packed = packed[n:]
			count.Days.N = append(count.Days.N, int(one))
		}
		*k = append(*k, count)
	}
	return nil
}

// add counts an event of a day for a value. Days older than `keep` days before the latest are forgotten, and so are values for which nothing happened since.
func (k *KeyCounts) add(value uint64, day, keep int) {
	i := slices.IndexFunc(*k, func(c KeyCount) bool { return c.Value == value })
	if i < 0 {
		*k = append(*k, KeyCount{Value: value, Days: Days{Last: day}})
		i = len(*k) - 1
	}
	(*k)[i].Days.addWithoutID(day, keep)
	newest := day
	for j := range *k {
		newest = max(newest, (*k)[j].Days.Last)
	}
	*k = slices.DeleteFunc(*k, func(c KeyCount) bool { return c.Days.Last <= newest-keep })
	for len(*k) > MaxKeyCounts {
		oldest := slices.MinFunc(*k, func(a, b KeyCount) int {
			return cmp.Or(cmp.Compare(a.Days.Last, b.Days.Last), cmp.Compare(a.Value, b.Value))
		})
		*k = slices.DeleteFunc(*k, func(c KeyCount) bool { return c.Value == oldest.Value })
	}
}

// addWithoutID counts an event that is known to be no repeat, and keeps so many days.
func (d *Days) addWithoutID(day, keep int) {
	if ahead := day - d.Last; ahead > 0 {
		d.N = slices.Insert(d.N, 0, make([]int, min(ahead, keep))...)
		d.Last = day
	}
	back := d.Last - day
	if back >= keep {
		return
	}
	for len(d.N) <= back {
		d.N = append(d.N, 0)
	}
	d.N[back]++
	d.N = d.N[:min(len(d.N), keep)]
}

// keyCountsName is how Standing.KeyCounts calls the counts of an event by a key.
func keyCountsName(event, key string) string { return event + " " + key }

// countByKeys counts an event, which is no repeat, for the values of the keys by which rules count (same.KEY).
func (s *Standing) countByKeys(ev *Event, course string, day int, rs *Ruleset) {
	for key, days := range rs.CountedBy[ev.Name] {
		value := keyValue(ev, key, course)
		if value == "" {
			continue
		}
		if s.KeyCounts == nil {
			s.KeyCounts = map[string]KeyCounts{}
		}
		name := keyCountsName(ev.Name, key)
		counts := s.KeyCounts[name]
		counts.add(hash64(fnvBasis, value), day, min(maxDays, days+keyCountGrace))
		s.KeyCounts[name] = counts
	}
}

// countSince is how often an event happened for a value of a key in a number of whole UTC days, of which the last is that of `at`.
func (s *Standing) countSince(event, key, value string, at time.Time, days int) int {
	counts := s.KeyCounts[keyCountsName(event, key)]
	i := slices.IndexFunc(counts, func(c KeyCount) bool { return c.Value == hash64(fnvBasis, value) })
	if i < 0 {
		return 0
	}
	return counts[i].Days.since(dayOf(at), days)
}

// MergeCounts counts events that may have been counted before, in whatever order: those of a file that is imported, perhaps once more. The learner's courses must be
// known from them already.
func (s *Standing) MergeCounts(events []*Event, rs *Ruleset) {
	own := &Standing{}
	for _, ev := range events {
		if rs.Counted[ev.Name] == 0 {
			continue
		}
		day := dayOf(ev.Time)
		counted, known := s.Counts[ev.Name].dayOfID(ev.ID)
		if known && counted != day {
			continue // it said no time when it was counted
		}
		if own.countOnce(ev, ev.Time, rs.Counted[ev.Name]) && !known && s.Counts[ev.Name].remembersIDs(day, rs.Counted[ev.Name]) {
			s.countByKeys(ev, s.CourseOf(ev, rs.Keys), day, rs)
		}
	}
	for name, days := range own.Counts {
		if s.Counts == nil {
			s.Counts = map[string]*Days{}
		}
		s.Counts[name] = mergeDays(s.Counts[name], days)
	}
}

// dayOfID returns the day of which an event was counted, in days since 1970; known is false if none is remembered. d may be nil.
func (d *Days) dayOfID(id string) (day int, known bool) {
	if d == nil {
		return 0, false
	}
	key := idKey(id)
	for back := range d.IDs {
		if d.IDs[back].has(key) {
			return d.Last - back, true
		}
	}
	return 0, false
}

// remembersIDs reports whether the ids of a day's events are remembered, so that a repeat is recognized. d may be nil.
func (d *Days) remembersIDs(day, window int) bool {
	return d == nil || len(d.N) == 0 || d.Last-day < window
}
