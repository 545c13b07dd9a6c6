package engine

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// HandIn is when a learner handed an assessment or an assignment in. It is kept whether or not a rule asks, so that a rule that is published later does not
// take what was handed in before for missing.
type HandIn struct {
	Key   uint32 // hash of the assessment, such as assessment_id=a1
	First int64  // the first and the last time, in unix milliseconds
	Last  int64
}

// HandIns are sorted by key, at most maxHandIns. They are packed as JSON: base64 of 20 bytes each.
type HandIns []HandIn

const handInSize = 20

// isHandIn reports whether an event says that something was handed in: what was graded was.
func isHandIn(name string) bool {
	switch name {
	case EventAssessmentSubmitted, EventAssessmentGraded, EventAssignmentSubmitted, EventAssignmentGraded:
		return true
	}
	return false
}

func (h HandIns) indexOf(key uint32) (int, bool) {
	return slices.BinarySearchFunc(h, key, func(in HandIn, key uint32) int {
		switch {
		case in.Key < key:
			return -1
		case in.Key > key:
			return 1
		}
		return 0
	})
}

// add notes that something was handed in, by its hash, at a time in unix milliseconds, and reports whether that is news.
func (h *HandIns) add(key uint32, ms int64) bool {
	i, known := h.indexOf(key)
	if known {
		in := &(*h)[i]
		if ms >= in.First && ms <= in.Last {
			return false
		}
		in.First = min(in.First, ms)
		in.Last = max(in.Last, ms)
		return true
	}
	*h = slices.Insert(*h, i, HandIn{Key: key, First: ms, Last: ms})
	if len(*h) <= maxHandIns {
		return true
	}
	oldest := 0
	for i := range *h {
		if (*h)[i].Last < (*h)[oldest].Last {
			oldest = i
		}
	}
	*h = slices.Delete(*h, oldest, oldest+1)
	return true
}

// hasBetween reports whether the first or the last time that something was handed in lies from an instant on, zero for ever, up to another.
func (h HandIns) hasBetween(id string, from, to time.Time) bool {
	i, known := h.indexOf(hashOfUnit(id))
	if !known {
		return false
	}
	within := func(ms int64) bool {
		return ms <= to.UnixMilli() && (from.IsZero() || ms >= from.UnixMilli())
	}
	return within(h[i].First) || within(h[i].Last)
}

// MarshalJSON implements json.Marshaler.
func (h HandIns) MarshalJSON() ([]byte, error) {
	packed := make([]byte, 0, handInSize*len(h))
	for _, in := range h {
		packed = binary.BigEndian.AppendUint32(packed, in.Key)
		packed = binary.BigEndian.AppendUint64(packed, uint64(in.First))
		packed = binary.BigEndian.AppendUint64(packed, uint64(in.Last))
	}
	return json.Marshal(packed)
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *HandIns) UnmarshalJSON(raw []byte) error {
	var packed []byte
	if err := json.Unmarshal(raw, &packed); err != nil {
		return fmt.Errorf("what a standing knows as handed in is damaged: %w", err)
	}
	if len(packed)%handInSize != 0 {
		return fmt.Errorf("what a standing knows as handed in is damaged: %d bytes are no multiple of %d", len(packed), handInSize)
	}
	*h = nil
	for ; len(packed) > 0; packed = packed[handInSize:] {
		*h = append(*h, HandIn{
			Key:   binary.BigEndian.Uint32(packed),
			First: int64(binary.BigEndian.Uint64(packed[4:])),
			Last:  int64(binary.BigEndian.Uint64(packed[12:])),
		})
	}
	if !slices.IsSortedFunc(*h, func(a, b HandIn) int { return int(int64(a.Key) - int64(b.Key)) }) {
		return fmt.Errorf("what a standing knows as handed in is damaged: it is not sorted")
	}
	return nil
}
