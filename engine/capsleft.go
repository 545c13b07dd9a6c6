package engine

import (
	"slices"
	"time"
)

// CapLeft says how many more messages a cap lets through at an instant.
type CapLeft struct {
	Cap
	Left int
	// FreeAt is when the next message is let through; zero: now, or never.
	FreeAt time.Time
}

// CapsLeft returns what each cap of the settings has left at an instant, in the order of the settings.
func (r *Ruleset) CapsLeft(st *State, at time.Time) []CapLeft {
	left := make([]CapLeft, 0, len(r.Settings.Caps))
	for _, limit := range r.Settings.Caps {
		taken := limit.slotsTaken(st, at)
		one := CapLeft{Cap: limit, Left: max(0, limit.Max-len(taken))}
		if one.Left == 0 && limit.Max > 0 {
			one.FreeAt = limit.freeAt(taken)
		}
		left = append(left, one)
	}
	return left
}

// slotsTaken returns when the slots that a cap counts at an instant were taken, in order.
func (c *Cap) slotsTaken(st *State, at time.Time) []time.Time {
	var taken []time.Time
	for i := range st.PastSends {
		m := &st.PastSends[i]
		if !m.NoSlot && c.Covers(m.Topic, m.Channel) && m.At.After(at.Add(-c.Per)) {
			taken = append(taken, m.At)
		}
	}
	slices.SortFunc(taken, time.Time.Compare)
	return taken
}

// freeAt returns when a full cap, whose Max is positive, frees: a slot is free again exactly Per after the send that took it.
func (c *Cap) freeAt(taken []time.Time) time.Time {
	return taken[len(taken)-c.Max].Add(c.Per)
}
