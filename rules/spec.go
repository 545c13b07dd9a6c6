package rules

import (
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// ruleSpec is a rule as written: shapes are right, meanings are not looked at yet. Texts that may turn out wrong later
// keep their node, so that the problem can be shown where it is.
type ruleSpec struct {
	at       yamlfile.Position
	places   map[string]yamlfile.Position // of its keys
	name     *yamlfile.Node
	about    string
	when     *whenSpec
	per      []*yamlfile.Node
	again    engine.Again
	until    []*matchSpec
	goal     *matchSpec
	holdout  float64
	paused   bool
	priority int
	do       []*stepSpec
}

type whenSpec struct {
	at       yamlfile.Position
	event    *yamlfile.Node
	cond     *yamlfile.Node
	date     *yamlfile.Node
	inactive time.Duration
	in       string  // course or platform; empty: not said
	atRisk   float64 // 0: not said
	silent   time.Duration
	orSilent time.Duration
	overdue  time.Duration
	of       string // assessment or assignment; empty: not said

	broadcast *yamlfile.Node // nil: not said
	audience  *audienceSpec  // nil: not said

	schedule  scheduleSpec
	scheduled *engine.Schedule // nil: it has none
}

// matchSpec is an event to look out for, in `until`, `goal` and `wait_for`.
type matchSpec struct {
	at      yamlfile.Position
	what    string // where it stands: until, goal or wait_for
	event   *yamlfile.Node
	cond    *yamlfile.Node
	mode    engine.MatchMode
	modeAt  yamlfile.Position // of match, or of any; zero: neither is said
	within  time.Duration
	as      *yamlfile.Node // wait_for: what its event is called afterwards; nil: not said
	since   string         // wait_for: trigger or step; empty: not said
	sinceAt yamlfile.Position
}

const defaultPriority = 50

// defaultSilent is how long a learner must have been silent before a rule with at_risk starts, unless it says.
const defaultSilent = 24 * time.Hour

// ruleKeys are the keys of a rule file.
func ruleKeys() []key[ruleSpec] {
	return []key[ruleSpec]{
		{
			name: "rule",
			read: func(d *decoder, r *ruleSpec, _, v *yamlfile.Node) {
				if _, ok := d.Text(v, "rule"); ok {
					r.name = v
				}
			},
		},
		{name: "about", read: func(d *decoder, r *ruleSpec, _, v *yamlfile.Node) { r.about, _ = d.Text(v, "about") }},
		{name: "when", read: readWhen},
		{name: "per", read: readPer},
		{name: "again", read: readAgain},
		{
			name: "until",
			read: func(d *decoder, r *ruleSpec, _, v *yamlfile.Node) {
				d.readList(v, "until", func(item *yamlfile.Node) {
					if m, ok := readMatch(d, item, "until", untilKeys()); ok {
						r.until = append(r.until, m)
					}
				})
			},
		},
		{name: "goal", read: readGoal},
		{name: "holdout", read: func(d *decoder, r *ruleSpec, _, v *yamlfile.Node) { r.holdout, _ = d.readPercent(v, "holdout") }},
		{name: "paused", read: func(d *decoder, r *ruleSpec, _, v *yamlfile.Node) { r.paused, _ = d.Bool(v, "paused") }},
		{
			name: "priority",
			read: func(d *decoder, r *ruleSpec, _, v *yamlfile.Node) {
				if n, ok := d.readInteger(v, "priority", 0, 100); ok {
					r.priority = n
				}
			},
		},
		{name: "do", read: func(d *decoder, r *ruleSpec, _, v *yamlfile.Node) { r.do = readSteps(d, v, "do", 0) }},
	}
}

// readRule reads a rule file. ok is false if so much is wrong that its meaning need not be looked at.
func readRule(d *decoder, root *yamlfile.Node) (*ruleSpec, bool) {
	before := len(*d.Problems)
	r := &ruleSpec{at: root.At, priority: defaultPriority, places: map[string]yamlfile.Position{}}
	for _, p := range root.Pairs {
		r.places[p.Key.Text] = p.Key.At
	}
	if !readKeys(d, root, "the rule", ruleKeys(), r) {
		return nil, false
	}
	for _, need := range []struct{ key, fix string }{
		{"rule", "add rule: with the file's name without .yaml"},
		{"when", "add when: with event:, inactive:, at_risk:, overdue:, every:, date: or broadcast:"},
		{"do", "add do: with a list of steps"},
	} {
		if root.Get(need.key) == nil {
			d.Fail(root.At, need.fix, "the rule has no %s", need.key)
		}
	}
	return r, len(*d.Problems) == before || r.when != nil && r.name != nil
}

func whenKeys() []key[whenSpec] {
	return append([]key[whenSpec]{
		{
			name: "event",
			read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) {
				if _, ok := d.Text(v, "event"); ok {
					w.event = v
				}
			},
		},
		{
			name: "if",
			read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) {
				if _, ok := d.Text(v, "if"); ok {
					w.cond = v
				}
			},
		},
		{name: "date", read: readDate},
		{name: "inactive", read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) { w.inactive, _ = d.readDuration(v, "inactive") }},
		{name: "at_risk", read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) { w.atRisk, _ = d.readRisk(v, "at_risk") }},
		{name: "silent", read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) { w.silent, _ = d.readDuration(v, "silent") }},
		{name: "or_silent", read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) { w.orSilent, _ = d.readDuration(v, "or_silent") }},
		{
			name: "overdue",
			read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) { w.overdue, _ = d.readDuration(v, "overdue") },
		},
		{
			name: "of",
			read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) { w.of, _ = d.oneOf(v, "of", overdueKinds()...) },
		},
		{name: "in", read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) { w.in, _ = d.oneOf(v, "in", "course", "platform") }},
	}, slices.Concat(scheduleKeys(), audienceWhenKeys())...)
}

func readWhen(d *decoder, r *ruleSpec, k, v *yamlfile.Node) {
	w := &whenSpec{at: k.At}
	if !readKeys(d, v, "when", whenKeys(), w) {
		return
	}
	if !checkWhenKeys(d, k, v) {
		return
	}
	switch {
	case w.atRisk > 0 && w.in == "platform":
		d.Fail(v.Get("in").At, "take it out: risk is of a learner in a course", "in cannot be platform with at_risk")
		return
	case w.atRisk > 0 && w.orSilent > 0 && w.orSilent <= w.minSilence():
		d.Fail(v.Get("or_silent").At, "make it longer than silent", "or_silent is not longer than silent")
		return
	}
	if n := v.Get("every"); n != nil {
		schedule, fine := readSchedule(d, k, v, &w.schedule)
		if !fine {
			return
		}
		w.scheduled = schedule
	}
	if w.event != nil || w.broadcast != nil || w.date != nil || w.inactive > 0 || w.atRisk > 0 || w.overdue > 0 || w.scheduled != nil {
		r.when = w
	}
}

// minSilence returns how long a learner must have been silent, whatever the risk.
func (w *whenSpec) minSilence() time.Duration {
	if w.silent == 0 {
		return defaultSilent
	}
	return w.silent
}

// checkWhenKeys makes sure that exactly one thing starts the rule, and that each other key goes with it.
func checkWhenKeys(d *decoder, k, v *yamlfile.Node) bool {
	var starts []*yamlfile.Node
	var names []string
	for _, name := range []string{"event", "inactive", "at_risk", "overdue", "every", "date", "broadcast"} {
		if n := v.Get(name); n != nil {
			starts = append(starts, n)
			names = append(names, name)
		}
	}
	switch len(starts) {
	case 0:
		d.Fail(k.At, "add event: NAME, inactive: 7d, at_risk: 0.6, overdue: 2d, every: week, date: EXPRESSION or broadcast: true", "when says neither event nor inactive nor at_risk nor overdue nor every nor date nor broadcast")
		return false
	case 1:
	default:
		d.Fail(starts[1].At, "keep one of them; make a second rule of the other", "when has both %s and %s", names[0], names[1])
		return false
	}
	for _, key := range scheduleKeyNames {
		if n := v.Get(key); n != nil && names[0] != "every" {
			d.Fail(n.At, "take it out, or use every: instead of "+names[0]+":", "%s goes with every only", key)
			return false
		}
	}
	if n := v.Get("audience"); n != nil && names[0] != "event" && names[0] != "broadcast" {
		d.Fail(n.At, "take it out, or use event: or broadcast: instead of "+names[0]+":", "audience goes with event and broadcast only")
		return false
	}
	if n := v.Get("if"); n != nil && names[0] == "broadcast" {
		d.Fail(n.At, "write audience: {if: …}", "if does not go with broadcast: nothing happens of which it could be asked")
		return false
	}
	for _, key := range []string{"in", "silent", "or_silent", "of"} {
		n := v.Get(key)
		switch {
		case n == nil || names[0] == "at_risk" && key != "of" || key == "in" && names[0] == "inactive" || key == "of" && names[0] == "overdue":
		case key == "of":
			d.Fail(n.At, "take it out, or use overdue: instead of "+names[0]+":", "of goes with overdue only")
			return false
		case key == "in":
			d.Fail(n.At, "take it out, or use inactive: instead of "+names[0]+":", "in goes with inactive and at_risk only")
			return false
		default:
			d.Fail(n.At, "take it out, or use at_risk: instead of "+names[0]+":", "%s goes with at_risk only", key)
			return false
		}
	}
	return true
}

func readPer(d *decoder, r *ruleSpec, _, v *yamlfile.Node) {
	one := func(n *yamlfile.Node) {
		if _, ok := d.Text(n, "per"); !ok {
			return
		}
		for _, other := range r.per {
			if other.Text == n.Text {
				d.Fail(n.At, "keep it once", "per names %s twice", n.Text)
				return
			}
		}
		r.per = append(r.per, n)
	}
	if v.Kind == yamlfile.Sequence {
		d.readList(v, "per", one)
		return
	}
	one(v)
}

func readAgain(d *decoder, r *ruleSpec, _, v *yamlfile.Node) {
	const fix = "write never, always, restart, or after and a duration: after 7d"
	text, ok := d.Text(v, "again")
	if !ok {
		return
	}
	switch after, found := cutAfter(text); {
	case text == "never":
	case text == "always":
		r.again.Always = true
	case text == "restart":
		r.again.Restart = true
	case found:
		n := *v
		n.Text = after
		r.again.After, _ = d.readDuration(&n, "again")
	default:
		d.Fail(v.At, fix, "again cannot be %q", text)
	}
}

func readGoal(d *decoder, r *ruleSpec, k, v *yamlfile.Node) {
	m, ok := readMatch(d, v, "goal", goalKeys())
	if !ok {
		return
	}
	m.at = k.At
	if v.Get("within") == nil {
		d.Fail(k.At, "add within: 7d, say", "goal does not say how long after the first message it still counts")
		return
	}
	r.goal = m
}

func untilKeys() []key[matchSpec] {
	return []key[matchSpec]{
		{
			name: "event",
			read: func(d *decoder, m *matchSpec, _, v *yamlfile.Node) {
				if _, ok := d.Text(v, "event"); ok {
					m.event = v
				}
			},
		},
		{
			name: "if",
			read: func(d *decoder, m *matchSpec, _, v *yamlfile.Node) {
				if _, ok := d.Text(v, "if"); ok {
					m.cond = v
				}
			},
		},
		{name: "match", read: readMode},
		{name: "any", read: readAny},
	}
}

// readMode reads which events of the name are meant.
func readMode(d *decoder, m *matchSpec, k, v *yamlfile.Node) {
	if word, ok := d.oneOf(v, "match", string(engine.MatchSame), string(engine.MatchAny), string(engine.MatchOther)); ok {
		m.mode = engine.MatchMode(word)
		m.modeAt = k.At
	}
}

// readAny reads the older way to write match: any.
func readAny(d *decoder, m *matchSpec, k, v *yamlfile.Node) {
	yes, ok := d.Bool(v, "any")
	if ok && yes {
		m.mode = engine.MatchAny
		m.modeAt = k.At
	}
}

func waitForKeys() []key[matchSpec] {
	return append(goalKeys(),
		key[matchSpec]{
			name: "since",
			read: func(d *decoder, m *matchSpec, k, v *yamlfile.Node) {
				m.since, _ = d.oneOf(v, "since", "trigger", "step")
				m.sinceAt = k.At
			},
		},
		key[matchSpec]{name: "as", read: readAwaitedName},
	)
}

// goalKeys are the keys of a goal: those of an until, and how long.
func goalKeys() []key[matchSpec] {
	return append(untilKeys(), key[matchSpec]{
		name: "within",
		read: func(d *decoder, m *matchSpec, _, v *yamlfile.Node) { m.within, _ = d.readDuration(v, "within") },
	})
}

// readMatch reads an event to look out for. ok is false without an event.
func readMatch(d *decoder, n *yamlfile.Node, what string, table []key[matchSpec]) (*matchSpec, bool) {
	m := &matchSpec{at: n.At, what: what}
	if !readKeys(d, n, what, table, m) {
		return nil, false
	}
	if n.Get("event") == nil {
		d.Fail(n.At, "add event: NAME", "%s names no event", what)
	}
	if n.Get("any") != nil && n.Get("match") != nil {
		d.Fail(keyAt(n, "any"), "keep match", "any: true is the older way to write match: any, but there is a match too")
	}
	return m, m.event != nil
}
