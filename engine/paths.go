package engine

import (
	"encoding/binary"
	"slices"
	"time"
)

// Move says that a learner came to a unit of a course for the first time, and from where. With an empty Course the units are courses: the learner
// enrolled in one for the first time. A move names no learner.
type Move struct {
	Course string `json:"course,omitempty"`
	From   string `json:"from,omitempty"` // the unit visited before, or the course completed last; empty: none
	To     string `json:"to"`
	// Seq and Event tell two moves of a course apart: the stream sequence of the event, and a hash of its id.
	Seq   uint64 `json:"seq,omitempty"`
	Event uint32 `json:"event"`
}

// Visits are the units of a course that a learner has visited.
type Visits struct {
	Last   string `json:"last"`    // the unit visited last
	LastAt int64  `json:"last_at"` // in unix milliseconds
	// Seen are hashes of the units visited, four bytes each, sorted; at most MaxPathUnits.
	Seen []byte `json:"seen"`
}

// unitKeys are the entity keys that name a unit of a course. Of an event with several the first counts: a video belongs to a lesson.
var unitKeys = [...]string{"lesson_id", "video_id", "assessment_id", "assignment_id", "content_id"}

// UnitOf returns the unit of a course that an event is about, such as "lesson_id=l1"; empty: none.
func UnitOf(ev *Event) string {
	unit, is := unitOf(ev)
	if !is {
		return ""
	}
	return unit.name()
}

// unitRef is a unit by its key and its id. Most visits are of a unit that is known, for which no text need be put together.
type unitRef struct {
	key string
	id  string
}

func (u unitRef) name() string { return u.key + "=" + u.id }

// isNamed reports whether a text is the unit's name.
func (u unitRef) isNamed(name string) bool {
	n := len(u.key)
	return len(name) == n+1+len(u.id) && name[n+1:] == u.id && name[n] == '=' && name[:n] == u.key
}

// hash is hashOfUnit of the unit's name.
func (u unitRef) hash() uint32 {
	return uint32(hash64(hash64(hash64(fnvBasis, u.key), "="), u.id) >> 32)
}

// unitOf returns the unit of a course that an event is about.
func unitOf(ev *Event) (unit unitRef, is bool) {
	for _, key := range unitKeys {
		if id, ok := ev.Text(key); ok && len(id) <= maxUnitID {
			return unitRef{key: key, id: id}, true
		}
	}
	return unitRef{}, false
}

// UnitKeys returns the entity keys that name a unit of a course.
func UnitKeys() []string { return slices.Clone(unitKeys[:]) }

// noteVisit takes in that the learner was active in a unit. It returns the move that this makes, and whether anything changed.
func (c *Course) noteVisit(unit unitRef, at time.Time) (from string, first, changed bool) {
	if c.Visits == nil {
		c.Visits = &Visits{}
	}
	v := c.Visits
	from = v.Last
	first = v.add(unit.hash())
	if ms := at.UnixMilli(); ms >= v.LastAt {
		if !unit.isNamed(v.Last) {
			v.Last = unit.name()
			changed = true
		}
		v.LastAt = ms
	}
	return from, first, changed || first
}

// add notes the hash of a unit, and reports whether it is a new one. Beyond MaxPathUnits none is.
func (v *Visits) add(hash uint32) bool {
	at, known := v.find(hash)
	if known || len(v.Seen) >= 4*MaxPathUnits {
		return false
	}
	v.Seen = slices.Insert(v.Seen, 4*at, byte(hash>>24), byte(hash>>16), byte(hash>>8), byte(hash))
	return true
}

// find returns where a unit's hash is or belongs among Seen, and whether it is there.
func (v *Visits) find(h uint32) (at int, known bool) {
	low := 0
	high := len(v.Seen) / 4
	for low < high {
		middle := (low + high) / 2
		switch other := binary.BigEndian.Uint32(v.Seen[4*middle:]); {
		case other == h:
			return middle, true
		case other < h:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, false
}

// has reports whether the learner has visited a unit. v may be nil.
func (v *Visits) has(unit string) bool {
	if v == nil {
		return false
	}
	_, known := v.find(hashOfUnit(unit))
	return known
}

func hashOfUnit(unit string) uint32 { return uint32(hash64(fnvBasis, unit) >> 32) }

// hashOfEvent is what a move says of the event that it comes from.
func hashOfEvent(ev *Event) uint32 { return uint32(hash64(fnvBasis, ev.ID) >> 32) }

// noteVisit takes an activity into the units that the learner has visited in a course, of which it is given the record, and reports whether that changed
// anything.
func (s *Standing) noteVisit(ev *Event, c *Course, course string, at time.Time) bool {
	unit, is := unitOf(ev)
	if !is || len(course) > maxUnitID {
		return false
	}
	from, first, changed := c.noteVisit(unit, at)
	if first {
		to := c.Visits.Last
		if !unit.isNamed(to) { // something later has been visited
			to = unit.name()
		}
		s.addMove(ev, Move{Course: course, From: from, To: to})
	}
	return changed
}

func (s *Standing) addMove(ev *Event, m Move) {
	m.Seq = ev.Seq
	m.Event = hashOfEvent(ev)
	s.Moves = append(s.Moves, m)
}

// isFirstEnrollment reports whether an event is the learner's first enrollment in a course, before it is taken in.
func (s *Standing) isFirstEnrollment(ev *Event, course string) bool {
	if ev.Name != EventEnrolled && ev.Name != EventFreeEnrolled || course == "" {
		return false
	}
	c := s.Courses[course]
	return c == nil || c.EnrolledAt.IsZero() && c.Previous == nil
}

// lastCompleted names the course that the learner completed last up to an instant; empty: none.
func (s *Standing) lastCompleted(at time.Time) string {
	var last string
	var lastAt time.Time
	for id, c := range s.Courses {
		done := c.lastCompletion(at)
		if done.IsZero() {
			continue
		}
		if last == "" || done.After(lastAt) || done.Equal(lastAt) && id < last {
			last = id
			lastAt = done
		}
	}
	return last
}

// lastCompletion is when the course was completed last up to an instant, in any run; zero: it was not.
func (c *Course) lastCompletion(at time.Time) time.Time {
	var last time.Time
	if !c.CompletedAt.IsZero() && !c.CompletedAt.After(at) {
		last = c.CompletedAt
	}
	for _, m := range c.Moments {
		if m.Kind == MomentCompleted && !m.At.After(at) {
			last = later(last, m.At)
		}
	}
	return last
}

// DropMoves forgets moves that were counted, and reports whether there were any.
func (s *Standing) DropMoves(counted []Move) bool {
	before := len(s.Moves)
	s.Moves = slices.DeleteFunc(s.Moves, func(m Move) bool { return slices.Contains(counted, m) })
	return len(s.Moves) != before
}
