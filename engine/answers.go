package engine

import (
	"encoding/binary"
	"slices"
)

// givenAnswers are the answers of conditions on counts to the events that were asked about last: whether the event was wanted. Each is the hash of the event's id in
// four bytes, the answer in its lowest bit; newest last, at most maxAnswers.
type givenAnswers []byte

const wantedBit = 1

// answerTo returns the answer that an event was given; known is false if it was given none that is remembered. An event that two ids of the learner had is wanted if either
// wanted it: it may not be decided yet.
func (a givenAnswers) answerTo(id string) (wanted, known bool) {
	key := idKey(id) &^ wantedBit
	for i := 0; i+4 <= len(a); i += 4 {
		if given := binary.BigEndian.Uint32(a[i:]); given&^wantedBit == key {
			wanted = wanted || given&wantedBit != 0
			known = true
		}
	}
	return wanted, known
}

// addAnswer remembers the answer that an event was given first.
func (a *givenAnswers) addAnswer(id string, wanted bool) {
	key := idKey(id) &^ wantedBit
	if wanted {
		key |= wantedBit
	}
	*a = binary.BigEndian.AppendUint32(*a, key)
	a.forgetOldest()
}

// absorbAnswers takes over the answers of another id of the learner, as the older ones.
func (a *givenAnswers) absorbAnswers(other givenAnswers) {
	if len(other) == 0 {
		return
	}
	*a = slices.Concat(other, *a)
	a.forgetOldest()
}

func (a *givenAnswers) forgetOldest() {
	if extra := len(*a) - 4*maxAnswers; extra > 0 {
		*a = slices.Delete(*a, 0, extra)
	}
}

// isTurnedDown reports whether a condition on counts turned the event down when it was heard first, so that it is a publisher's repeat now. The learner's state does
// not know it, because it was not handed over.
func (s *Standing) isTurnedDown(ev *Event) bool {
	wanted, known := s.Answers.answerTo(ev.ID)
	return known && !wanted
}
