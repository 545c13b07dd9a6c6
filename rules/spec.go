package rules

import (
	"time"

	"homeroom/engine"
)

// ruleSpec is a rule as written: shapes are right, meanings are not looked at yet. Texts that may turn out wrong later
// keep their node, so that the problem can be shown where it is.
type ruleSpec struct {
	at       pos
	places   map[string]pos // of its keys
	name     *node
	about    string
	when     *whenSpec
	per      []*node
	again    engine.Again
	until    []*matchSpec
	goal     *matchSpec
	holdout  float64
	paused   bool
	priority int
	do       []*stepSpec
}

type whenSpec struct {
	at       pos
	event    *node
	cond     *node
	inactive time.Duration
	in       string // course or platform; empty: not said
}

// matchSpec is an event to look out for, in `until`, `goal` and `wait_for`.
type matchSpec struct {
	at     pos
	what   string // where it stands: until, goal or wait_for
	event  *node
	cond   *node
	any    bool
	within time.Duration
}

const defaultPriority = 50

// ruleKeys are the keys of a rule file.
func ruleKeys() []key[ruleSpec] {
	return []key[ruleSpec]{
		{
			name: "rule",
			read: func(d *decoder, r *ruleSpec, _, v *node) {
				if _, ok := d.text(v, "rule"); ok {
					r.name = v
				}
			},
		},
		{name: "about", read: func(d *decoder, r *ruleSpec, _, v *node) { r.about, _ = d.text(v, "about") }},
		{name: "when", read: readWhen},
		{name: "per", read: readPer},
		{name: "again", read: readAgain},
		{
			name: "until",
			read: func(d *decoder, r *ruleSpec, _, v *node) {
				d.readList(v, "until", func(item *node) {
					if m, ok := readMatch(d, item, "until", untilKeys()); ok {
						r.until = append(r.until, m)
					}
				})
			},
		},
		{name: "goal", read: readGoal},
		{name: "holdout", read: func(d *decoder, r *ruleSpec, _, v *node) { r.holdout, _ = d.percent(v, "holdout") }},
		{name: "paused", read: func(d *decoder, r *ruleSpec, _, v *node) { r.paused, _ = d.boolean(v, "paused") }},
		{
			name: "priority",
			read: func(d *decoder, r *ruleSpec, _, v *node) {
				if n, ok := d.integer(v, "priority", 0, 100); ok {
					r.priority = n
				}
			},
		},
		{name: "do", read: func(d *decoder, r *ruleSpec, _, v *node) { r.do = readSteps(d, v, "do", 0) }},
	}
}

// readRule reads a rule file. ok is false if so much is wrong that its meaning need not be looked at.
func readRule(d *decoder, root *node) (*ruleSpec, bool) {
	before := len(*d.out)
	r := &ruleSpec{at: root.at, priority: defaultPriority, places: map[string]pos{}}
	for _, p := range root.pairs {
		r.places[p.key.text] = p.key.at
	}
	if !readKeys(d, root, "the rule", ruleKeys(), r) {
		return nil, false
	}
	for _, need := range []struct{ key, fix string }{
		{"rule", "add rule: with the file's name without .yaml"},
		{"when", "add when: with event: or inactive:"},
		{"do", "add do: with a list of steps"},
	} {
		if root.get(need.key) == nil {
			d.fail(root.at, need.fix, "the rule has no %s", need.key)
		}
	}
	return r, len(*d.out) == before || r.when != nil && r.name != nil
}

func whenKeys() []key[whenSpec] {
	return []key[whenSpec]{
		{
			name: "event",
			read: func(d *decoder, w *whenSpec, _, v *node) {
				if _, ok := d.text(v, "event"); ok {
					w.event = v
				}
			},
		},
		{
			name: "if",
			read: func(d *decoder, w *whenSpec, _, v *node) {
				if _, ok := d.text(v, "if"); ok {
					w.cond = v
				}
			},
		},
		{name: "inactive", read: func(d *decoder, w *whenSpec, _, v *node) { w.inactive, _ = d.duration(v, "inactive") }},
		{name: "in", read: func(d *decoder, w *whenSpec, _, v *node) { w.in, _ = d.oneOf(v, "in", "course", "platform") }},
	}
}

func readWhen(d *decoder, r *ruleSpec, k, v *node) {
	w := &whenSpec{at: k.at}
	if !readKeys(d, v, "when", whenKeys(), w) {
		return
	}
	event := v.get("event")
	inactive := v.get("inactive")
	switch {
	case event != nil && inactive != nil:
		d.fail(inactive.at, "keep one of them; make a second rule of the other", "when has both event and inactive")
		return
	case event == nil && inactive == nil:
		d.fail(k.at, "add event: NAME or inactive: 7d", "when says neither event nor inactive")
		return
	case event != nil && v.get("in") != nil:
		d.fail(v.get("in").at, "take it out, or use inactive: instead of event:", "in goes with inactive only")
		return
	}
	if w.event != nil || w.inactive > 0 {
		r.when = w
	}
}

func readPer(d *decoder, r *ruleSpec, _, v *node) {
	one := func(n *node) {
		if _, ok := d.text(n, "per"); !ok {
			return
		}
		for _, other := range r.per {
			if other.text == n.text {
				d.fail(n.at, "keep it once", "per names %s twice", n.text)
				return
			}
		}
		r.per = append(r.per, n)
	}
	if v.kind == sequence {
		d.readList(v, "per", one)
		return
	}
	one(v)
}

func readAgain(d *decoder, r *ruleSpec, _, v *node) {
	const fix = "write never, always, or after and a duration: after 7d"
	text, ok := d.text(v, "again")
	if !ok {
		return
	}
	switch after, found := cutAfter(text); {
	case text == "never":
	case text == "always":
		r.again.Always = true
	case found:
		n := *v
		n.text = after
		r.again.After, _ = d.duration(&n, "again")
	default:
		d.fail(v.at, fix, "again cannot be %q", text)
	}
}

func readGoal(d *decoder, r *ruleSpec, k, v *node) {
	m, ok := readMatch(d, v, "goal", waitForKeys())
	if !ok {
		return
	}
	m.at = k.at
	if v.get("within") == nil {
		d.fail(k.at, "add within: 7d, say", "goal does not say how long after the first message it still counts")
		return
	}
	r.goal = m
}

func untilKeys() []key[matchSpec] {
	return []key[matchSpec]{
		{
			name: "event",
			read: func(d *decoder, m *matchSpec, _, v *node) {
				if _, ok := d.text(v, "event"); ok {
					m.event = v
				}
			},
		},
		{
			name: "if",
			read: func(d *decoder, m *matchSpec, _, v *node) {
				if _, ok := d.text(v, "if"); ok {
					m.cond = v
				}
			},
		},
		{name: "any", read: func(d *decoder, m *matchSpec, _, v *node) { m.any, _ = d.boolean(v, "any") }},
	}
}

func waitForKeys() []key[matchSpec] {
	return append(untilKeys(), key[matchSpec]{
		name: "within",
		read: func(d *decoder, m *matchSpec, _, v *node) { m.within, _ = d.duration(v, "within") },
	})
}

// readMatch reads an event to look out for. ok is false without an event.
func readMatch(d *decoder, n *node, what string, table []key[matchSpec]) (*matchSpec, bool) {
	m := &matchSpec{at: n.at, what: what}
	if !readKeys(d, n, what, table, m) {
		return nil, false
	}
	if n.get("event") == nil {
		d.fail(n.at, "add event: NAME", "%s names no event", what)
	}
	return m, m.event != nil
}
