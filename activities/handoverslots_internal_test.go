package activities

import (
	"slices"
	"testing"
	"time"
)

// handOverTimes are when parts, of which all begin at the same moment, hand over within a second each.
func handOverTimes(s *handOverSlots, parts int, perSecond, share float64) []time.Time {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var times []time.Time
	earliest := slices.Repeat([]time.Time{began}, parts)
	for {
		part := 0 // the one that asks next: each asks for its next slot when it has handed over
		for i := range earliest {
			if earliest[i].Before(earliest[part]) {
				part = i
			}
		}
		slot := s.reserveSlot(earliest[part], share)
		if slot.Sub(began) >= time.Second {
			return times
		}
		times = append(times, slot)
		earliest[part] = slot.Add(time.Duration(float64(time.Second) / (perSecond * share)))
	}
}

func TestPartsThatBeginTogetherHandOverOneAfterTheOther(t *testing.T) {
	const parts = 4
	for _, share := range []float64{0.2, 1} {
		var s handOverSlots
		for range parts {
			defer s.addPart(25, true)()
		}
		times := handOverTimes(&s, parts, 25, share)
		if want := int(100 * share); len(times) != want {
			t.Errorf("with a share of %g %d learners were handed over in a second, want %d", share, len(times), want)
		}
		apart := time.Duration(float64(10*time.Millisecond) / share)
		for i := 1; i < len(times); i++ {
			if between := times[i].Sub(times[i-1]); between < apart {
				t.Errorf("with a share of %g hand-overs %d and %d are %s apart, want %s", share, i-1, i, between, apart)
			}
		}
	}
}

// TestAPartThatIsOverLeavesItsRateToNobody: those that go on keep their own.
func TestAPartThatIsOverLeavesItsRateToNobody(t *testing.T) {
	var s handOverSlots
	remove := s.addPart(75, false)
	defer s.addPart(25, false)()
	remove()
	if times := handOverTimes(&s, 1, 25, 1); len(times) != 25 {
		t.Errorf("%d learners were handed over in a second, want 25", len(times))
	}
	if now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC); s.reserveSlot(now, 1) != now {
		t.Error("a slot after a long time without any was not at once")
	}
	if first, second := s.reserveSlot(time.Time{}, 1), s.reserveSlot(time.Time{}, 1); second.Sub(first) != 40*time.Millisecond {
		t.Errorf("two slots of one part are %s apart, want 40ms", second.Sub(first))
	}
}

// TestARateOfSomebodysOwnIsNotShared: a part that gives way leaves the slots of another, which does not, as they are.
func TestARateOfSomebodysOwnIsNotShared(t *testing.T) {
	var s handOverSlots
	defer s.addPart(20, false)()
	defer s.addPart(20, true)()
	first := s.reserveSlot(time.Time{}, 0.5)
	if second := s.reserveSlot(time.Time{}, 0.5); second.Sub(first).Round(time.Millisecond) != 33*time.Millisecond {
		t.Errorf("slots are %s apart, want 33ms: 20 and half of 20 learners a second", second.Sub(first))
	}
}
