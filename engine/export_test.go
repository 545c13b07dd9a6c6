package engine

import (
	"encoding/binary"
	"time"
)

// CountSince is what count() answers at an instant, for tests.
func (s *Standing) CountSince(event string, at time.Time, days int) int {
	d := s.Counts[event]
	if d == nil {
		return 0
	}
	return d.since(dayOf(at), days)
}

// CountSinceBy is what a count() with same.KEY answers for a value of the key at an instant, for tests.
func (s *Standing) CountSinceBy(event, key, value string, at time.Time, days int) int {
	return s.countSince(event, key, value, at, days)
}

// RingOf is a ring of event ids as an older version wrote it.
func RingOf(id string) []byte { return binary.BigEndian.AppendUint64(nil, hash64(fnvBasis, id)) }

// NextDueAt is course.next_due_at at an instant, for tests.
func NextDueAt(rs *Ruleset, s *Standing, course string, at time.Time) time.Time {
	return rs.nextDueAt(s, course, at)
}
