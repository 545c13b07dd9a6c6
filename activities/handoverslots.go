package activities

import (
	"sync"
	"time"
)

// handOverSlots spreads the hand-overs of all parts of broadcasts in this process evenly over time. Parts that begin together would otherwise hand over at the same moments, and whoever
// else needs Temporal then waits behind all of them. The zero value is ready for use. It may be used from several goroutines.
type handOverSlots struct {
	mu       sync.Mutex
	fixed    float64   // learners a second of the parts under way that have a rate of somebody's own
	yielding float64   // learners a second, at most, of the parts under way that give way
	last     time.Time // the slot that was reserved last; zero: none
}

// slotLength is the length of a slot as a fraction of the mean time between two hand-overs. It is below 1, because a part that comes a moment too late would otherwise wait for
// one slot more each time.
const slotLength = 0.8

// addPart counts a part with a rate of perSecond learners. remove ends that.
func (s *handOverSlots) addPart(perSecond float64, givesWay bool) (remove func()) {
	sum := &s.fixed
	if givesWay {
		sum = &s.yielding
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*sum += perSecond
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		*sum -= perSecond
	}
}

// reserveSlot returns when a part whose turn it is, due, may hand over: at due, or as long after the last slot as the present rates ask for. share, above 0, is that of the rate
// which parts that give way may take.
func (s *handOverSlots) reserveSlot(due time.Time, share float64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := due
	if rate := s.fixed + s.yielding*share; rate > 0 && !s.last.IsZero() {
		if free := s.last.Add(time.Duration(slotLength * float64(time.Second) / rate)); free.After(due) {
			slot = free
		}
	}
	s.last = slot
	return slot
}
