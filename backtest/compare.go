package backtest

import (
	"time"

	"homeroom/engine"
)

// sameScopeWithin is how far two messages of one rule and scope may lie apart to be one message at another time, if they are of different runs.
const sameScopeWithin = 7 * 24 * time.Hour

// pairing finds the messages of one side on the other. Its memory is used again for each learner.
type pairing struct {
	waiting map[pairKey][]int // positions among the messages before that have no pair yet, in order
	partner []int             // of each message after: position among those before; -1: none
	paired  []bool            // of each message before
	before  []*decision
	after   []*decision
}

// pairKey is what two messages have in common.
type pairKey struct {
	rule    string
	message string
	scope   string
	run     string // empty: any
	at      int64  // Unix nanoseconds; 0: any
}

// keysOf are the ways of pairing, the closest first: the same instant, the same run, the same scope.
var keysOf = [...]func(*decision) pairKey{
	func(d *decision) pairKey {
		return pairKey{rule: d.rule, message: d.message, scope: d.scope, at: d.at.UnixNano()}
	},
	func(d *decision) pairKey {
		return pairKey{rule: d.rule, message: d.message, scope: d.scope, run: d.run}
	},
	func(d *decision) pairKey {
		return pairKey{rule: d.rule, message: d.message, scope: d.scope}
	},
}

// pairMessages pairs the messages that two sides sent.
func (p *pairing) pairMessages(before, after []decision) {
	p.before = appendSent(p.before[:0], before)
	p.after = appendSent(p.after[:0], after)
	p.partner = p.partner[:0]
	for range p.after {
		p.partner = append(p.partner, -1)
	}
	p.paired = append(p.paired[:0], make([]bool, len(p.before))...)
	if p.pairEqual() {
		return
	}
	for way, keyOf := range keysOf {
		p.pairBy(keyOf, way == len(keysOf)-1)
	}
}

// appendSent appends the messages that were sent.
func appendSent(room []*decision, all []decision) []*decision {
	for i := range all {
		if all[i].kind == engine.KindSent {
			room = append(room, &all[i])
		}
	}
	return room
}

// pairEqual pairs all if both sides sent the same; most often they did.
func (p *pairing) pairEqual() bool {
	if len(p.before) != len(p.after) {
		return false
	}
	exactly := keysOf[0]
	for i := range p.before {
		if exactly(p.before[i]) != exactly(p.after[i]) {
			return false
		}
	}
	for i := range p.before {
		p.partner[i] = i
		p.paired[i] = true
	}
	return true
}

// pairBy pairs the messages with equal keys that have no pair yet, in order.
func (p *pairing) pairBy(keyOf func(*decision) pairKey, nearOnly bool) {
	if p.waiting == nil {
		p.waiting = map[pairKey][]int{}
	}
	clear(p.waiting)
	for i, d := range p.before {
		if !p.paired[i] {
			p.waiting[keyOf(d)] = append(p.waiting[keyOf(d)], i)
		}
	}
	for i, d := range p.after {
		if p.partner[i] >= 0 {
			continue
		}
		key := keyOf(d)
		queue := p.waiting[key]
		for nearOnly && len(queue) > 0 && d.at.Sub(p.before[queue[0]].at) > sameScopeWithin {
			queue = queue[1:] // the later ones are further from it still
		}
		if len(queue) > 0 && (!nearOnly || p.before[queue[0]].at.Sub(d.at) <= sameScopeWithin) {
			p.partner[i] = queue[0]
			p.paired[queue[0]] = true
			queue = queue[1:]
		}
		p.waiting[key] = queue
	}
}

// compareSides counts what the learner got on both sides, and keeps a timeline if it is a good example.
func (w *worker) compareSides() {
	w.pairs.pairMessages(w.before.decisions, w.after.decisions)
	changes := 0
	for i, d := range w.pairs.before {
		w.monthOf(d.at).before++
		if !w.pairs.paired[i] {
			w.counts.countMessage(d, Counts{Before: 1, NoLonger: 1})
			changes++
		}
	}
	for i, d := range w.pairs.after {
		w.monthOf(d.at).after++
		switch partner := w.pairs.partner[i]; {
		case partner < 0:
			w.counts.countMessage(d, Counts{After: 1, New: 1})
			changes++
		case w.pairs.before[partner].at.Equal(d.at):
			w.counts.countMessage(d, Counts{Before: 1, After: 1, Same: 1})
		default:
			w.counts.countMessage(d, Counts{Before: 1, After: 1, OtherTime: 1})
			changes++
		}
	}
	for i := range w.months {
		m := &w.months[i]
		w.counts.Before.Months.countMonth(w.learner, m.index, m.before)
		w.counts.After.Months.countMonth(w.learner, m.index, m.after)
	}
	w.counts.Learners++
	if changes > 0 {
		w.counts.Affected++
		w.counts.Examples.offerLearner(w.learner, changes, func() Timeline {
			return newTimeline(w.learner, changes, w.before.decisions, w.after.decisions)
		})
	}
}
