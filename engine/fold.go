package engine

import "time"

// foldAbove is how many equal skips of one call of Step stay single decisions. A learner's ordinary day stays below it, and reads the same in every host.
const foldAbove = 16

// FoldSkips replaces equal skips, if there are more than sixteen of them, by the first of them with Count and Last. Skips are equal if they differ in
// nothing but the occasion: id and instant. Everything else stays, in order. The list may be changed in place.
//
// The host that records decisions folds those of one call of Step, because a burst of events can make a million of them; Step itself returns each one. Hosts
// that batch differently therefore fold differently, but the sum of [Decision.Times] is the same in all of them.
func FoldSkips(decisions []Decision) []Decision {
	if len(decisions) <= foldAbove {
		return decisions
	}
	counts := map[Decision]int{}
	last := map[Decision]time.Time{}
	for i := range decisions {
		if d := &decisions[i]; d.Kind == KindSkipped {
			counts[d.withoutOccasion()] += d.Times()
			last[d.withoutOccasion()] = d.At
		}
	}
	kept := decisions[:0]
	for _, d := range decisions {
		key := d.withoutOccasion()
		n, unfolded := counts[key]
		switch {
		case d.Kind != KindSkipped || unfolded && n <= foldAbove:
			kept = append(kept, d)
		case unfolded:
			delete(counts, key)
			d.Count = n
			d.Last = last[key]
			kept = append(kept, d)
		}
	}
	return kept
}

// withoutOccasion returns what equal decisions have in common.
func (d *Decision) withoutOccasion() Decision {
	common := *d
	common.ID = ""
	common.At = time.Time{}
	common.Count = 0
	common.Last = time.Time{}
	return common
}

// Times is how often what the decision says was decided: at least once.
func (d *Decision) Times() int { return max(d.Count, 1) }
