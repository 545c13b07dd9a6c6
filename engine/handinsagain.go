package engine

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// RepeatedHandIn is one of the times that a learner handed an assessment in, neither the first nor the last. Who takes a course again has handed the
// assessment in in an earlier run, so that the first time says nothing of the present one, and the last may lie after the instant that is asked about.
type RepeatedHandIn struct {
	Key uint32 // as in HandIn
	At  int64  // unix milliseconds
}

// RepeatedHandIns are sorted by time, then key: the last maxRepeatedHandIns. They are packed as JSON: base64 of 12 bytes each.
type RepeatedHandIns []RepeatedHandIn

const repeatedHandInSize = 12

func compareRepeatedHandIns(a, b RepeatedHandIn) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Key, b.Key))
}

// add notes one, and reports whether that is news.
func (r *RepeatedHandIns) add(in RepeatedHandIn) bool {
	i, known := slices.BinarySearchFunc(*r, in, compareRepeatedHandIns)
	if known || i == 0 && len(*r) >= maxRepeatedHandIns {
		return false
	}
	*r = slices.Insert(*r, i, in)
	if extra := len(*r) - maxRepeatedHandIns; extra > 0 {
		*r = slices.Delete(*r, 0, extra)
	}
	return true
}

// hasBetween reports whether one of an assessment lies from an instant on, up to another, in unix milliseconds.
func (r RepeatedHandIns) hasBetween(key uint32, from, to int64) bool {
	i, _ := slices.BinarySearchFunc(r, RepeatedHandIn{At: from}, compareRepeatedHandIns)
	for ; i < len(r) && r[i].At <= to; i++ {
		if r[i].Key == key {
			return true
		}
	}
	return false
}

// noteHandIn notes that something was handed in, and reports whether that is news.
func (s *Standing) noteHandIn(id string, at time.Time) bool {
	return s.noteHandInOf(hashOfUnit(id), at.UnixMilli())
}

// noteHandInOf is noteHandIn by the hash of what was handed in, and the time in unix milliseconds.
func (s *Standing) noteHandInOf(key uint32, ms int64) bool {
	i, known := s.HandedIn.indexOf(key)
	if !known {
		return s.HandedIn.add(key, ms)
	}
	in := s.HandedIn[i]
	between := ms
	switch {
	case ms == in.First, ms == in.Last:
		return false
	case ms < in.First:
		between = in.First
	case ms > in.Last:
		between = in.Last
	}
	changed := s.HandedIn.add(key, ms)
	if in.First != in.Last || between == ms {
		changed = s.HandedInAgain.add(RepeatedHandIn{Key: in.Key, At: between}) || changed
	}
	return changed
}

// wasHandedIn reports whether something was handed in from an instant on, zero for ever, up to another.
func (s *Standing) wasHandedIn(id string, from, to time.Time) bool {
	if s.HandedIn.hasBetween(id, from, to) {
		return true
	}
	return !from.IsZero() && s.HandedInAgain.hasBetween(hashOfUnit(id), from.UnixMilli(), to.UnixMilli())
}

// MarshalJSON implements json.Marshaler.
func (r RepeatedHandIns) MarshalJSON() ([]byte, error) {
	packed := make([]byte, 0, repeatedHandInSize*len(r))
	for _, in := range r {
		packed = binary.BigEndian.AppendUint32(packed, in.Key)
		packed = binary.BigEndian.AppendUint64(packed, uint64(in.At))
	}
	return json.Marshal(packed)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *RepeatedHandIns) UnmarshalJSON(raw []byte) error {
	var packed []byte
	if err := json.Unmarshal(raw, &packed); err != nil {
		return fmt.Errorf("what a standing knows as handed in again is damaged: %w", err)
	}
	if len(packed)%repeatedHandInSize != 0 {
		return fmt.Errorf("what a standing knows as handed in again is damaged: %d bytes are no multiple of %d", len(packed), repeatedHandInSize)
	}
	*r = nil
	for ; len(packed) > 0; packed = packed[repeatedHandInSize:] {
		*r = append(*r, RepeatedHandIn{
			Key: binary.BigEndian.Uint32(packed),
			At:  int64(binary.BigEndian.Uint64(packed[4:])),
		})
	}
	if !slices.IsSortedFunc(*r, compareRepeatedHandIns) {
		return fmt.Errorf("what a standing knows as handed in again is damaged: it is not sorted")
	}
	return nil
}
