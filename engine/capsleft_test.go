package engine

import (
	"testing"
	"time"
)

// TestCapsLeft: what is left is what the question of the caps lets through: as many more sends as are left, and none beyond them before a slot is free.
func TestCapsLeft(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	rules := &Ruleset{Settings: Settings{Caps: []Cap{
		{Max: 3, Per: 7 * 24 * time.Hour},
		{Max: 1, Per: 24 * time.Hour, Topic: "tips"},
		{Max: 2, Per: 24 * time.Hour, Channel: ChannelInApp},
		{Max: 0, Per: time.Hour},
	}}}
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	st := State{PastSends: []PastSend{
		{At: ago(7 * 24 * time.Hour), Topic: "tips", Channel: ChannelEmail}, // its slot is free again at this instant
		{At: ago(20 * time.Hour), Topic: "tips", Channel: ChannelEmail},
		{At: ago(10 * time.Hour), Topic: "news", Channel: ChannelInApp, NoSlot: true},
		{At: ago(5 * time.Hour), Topic: "news", Channel: ChannelInApp},
	}}
	left := rules.CapsLeft(&st, now)
	for n, want := range []struct {
		left   int
		freeAt time.Time
	}{{1, time.Time{}}, {0, now.Add(4 * time.Hour)}, {1, time.Time{}}, {0, time.Time{}}} {
		if left[n].Left != want.left || !left[n].FreeAt.Equal(want.freeAt) {
			t.Errorf("cap %d: %+v, want %+v", n, left[n], want)
		}
	}
	for n := range rules.Settings.Caps[:3] {
		one := &Ruleset{Settings: Settings{Caps: rules.Settings.Caps[n : n+1]}}
		limit := one.Settings.Caps[0]
		send := &SendStep{Topic: limit.Topic, Channel: limit.Channel}
		s := &stepper{env: Env{Current: one}, st: State{PastSends: append([]PastSend{}, st.PastSends...)}}
		sent := 0
		for ; sent < 9; sent++ {
			if _, full := s.cappedUntil(now, send); full {
				break
			}
			s.st.PastSends = append(s.st.PastSends, PastSend{At: now, Topic: limit.Topic, Channel: limit.Channel})
		}
		if sent != left[n].Left {
			t.Errorf("cap %d lets %d through, and %d are left", n, sent, left[n].Left)
		}
		if free, full := s.cappedUntil(now, send); left[n].Left == 0 && (!full || !free.Equal(left[n].FreeAt)) {
			t.Errorf("cap %d is free at %v, and it says %v", n, free, left[n].FreeAt)
		}
	}
}
