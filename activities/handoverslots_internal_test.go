package activities

import (
	"testing"
	"time"
)

// slotRequest is a part that asks for slots in the order of awaitSlot: when its own rate allows it, and again when it has handed over.
type slotRequest struct {
	perSecond float64
	givesWay  bool
	wakes     time.Time
	reserved  bool // it sleeps until its slot
	times     []time.Time
}

// runParts lets parts that begin together hand over for some time, and sets when they did.
func runParts(parts []*slotRequest, share float64, lasts time.Duration) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var s handOverSlots
	for _, p := range parts {
		s.addPart(p.perSecond, p.givesWay)
		p.wakes = began
	}
	for {
		next := parts[0]
		for _, p := range parts {
			if p.wakes.Before(next.wakes) {
				next = p
			}
		}
		if next.wakes.Sub(began) >= lasts {
			return
		}
		if !next.reserved {
			next.wakes = s.reserveSlot(next.wakes, share)
			next.reserved = true
			continue
		}
		rate := next.perSecond
		if next.givesWay {
			rate *= share
		}
		next.times = append(next.times, next.wakes)
		next.wakes = next.wakes.Add(time.Duration(float64(time.Second) / rate))
		next.reserved = false
	}
}

// makeParts returns the four parts of a broadcast of perSecond learners.
func makeParts(perSecond float64, givesWay bool) []*slotRequest {
	var parts []*slotRequest
	for range 4 {
		parts = append(parts, &slotRequest{perSecond: perSecond / 4, givesWay: givesWay})
	}
	return parts
}

// countHandOvers returns how many learners parts handed over.
func countHandOvers(parts []*slotRequest) int {
	n := 0
	for _, p := range parts {
		n += len(p.times)
	}
	return n
}

func TestPartsThatBeginTogetherTakeTurns(t *testing.T) {
	for _, share := range []float64{0.2, 1} {
		parts := makeParts(100, true)
		runParts(parts, share, time.Minute)
		if n, want := countHandOvers(parts), int(6000*share); n < want*99/100 || n > want {
			t.Errorf("with a share of %g %d learners were handed over in a minute, want %d", share, n, want)
		}
		seen := map[time.Time]bool{}
		for _, p := range parts {
			for _, at := range p.times {
				if seen[at] {
					t.Fatalf("with a share of %g two parts handed over at %s", share, at)
				}
				seen[at] = true
			}
		}
	}
}

// TestBroadcastsKeepTheirRatesBesideEachOther: neither one that is slower nor one that gives way holds another up.
func TestBroadcastsKeepTheirRatesBesideEachOther(t *testing.T) {
	tests := []struct {
		name          string
		first, second []*slotRequest
		share         float64
		want          [2]int // learners in a minute
	}{
		{"one a second and the default", makeParts(1, false), makeParts(100, true), 1, [2]int{60, 6000}},
		{"six a minute and the default", makeParts(0.1, false), makeParts(100, true), 1, [2]int{6, 6000}},
		{"100 a second and one that gives way", makeParts(100, false), makeParts(100, true), 0.2, [2]int{6000, 1200}},
	}
	for _, test := range tests {
		runParts(append(test.first, test.second...), test.share, time.Minute)
		for i, parts := range [][]*slotRequest{test.first, test.second} {
			if n := countHandOvers(parts); float64(n) < 0.95*float64(test.want[i])-4 || n > test.want[i]+4 {
				t.Errorf("%s: broadcast %d reached %d learners in a minute, want %d", test.name, i+1, n, test.want[i])
			}
		}
	}
}

// TestAPartThatIsOverIsNotCounted: those that go on keep their own rate.
func TestAPartThatIsOverIsNotCounted(t *testing.T) {
	var s handOverSlots
	remove := s.addPart(75, false)
	s.addPart(25, false)
	remove()
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	first := s.reserveSlot(now, 1)
	second := s.reserveSlot(now, 1)
	if first != now || second.Sub(first) != 32*time.Millisecond {
		t.Errorf("slots %s and %s after the turn came, want at once and 32ms later", first.Sub(now), second.Sub(now))
	}
}

// TestASlowBroadcastHoldsNobodyUp: a slot is as long as the present rates make it, and not as the one that was reserved last made it.
func TestASlowBroadcastHoldsNobodyUp(t *testing.T) {
	var s handOverSlots
	s.addPart(0.05, false)
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	s.reserveSlot(now, 1)
	s.addPart(100, true)
	if slot := s.reserveSlot(now, 1); slot.Sub(now) > 10*time.Millisecond {
		t.Errorf("the first learner of a broadcast of 100 a second waits %s for one of three a minute", slot.Sub(now))
	}
}

// TestDelaysDoNotAddUp: each wake-up is a little late, and the rate is kept all the same; a part that stood still does not hurry afterwards.
func TestDelaysDoNotAddUp(t *testing.T) {
	const interval = 10 * time.Millisecond
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	next := now
	for range 1000 {
		now = next.Add(time.Millisecond) // it wakes late
		next = dueSlot(next, now, interval).Add(interval)
	}
	if late := next.Sub(time.Date(2026, 1, 2, 0, 0, 10, 0, time.UTC)); late != 0 {
		t.Errorf("after a thousand learners the next slot is %s late", late)
	}
	if due := dueSlot(next, next.Add(time.Minute), interval); due != next.Add(time.Minute-interval) {
		t.Errorf("after a minute without one the slot is at %s, want one interval ago", due.Sub(next))
	}
}
