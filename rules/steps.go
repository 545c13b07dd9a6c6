package rules

import (
	"slices"
	"strings"
	"time"
)

// maxDepth is how deep then and otherwise may nest.
const maxDepth = 8

// stepSpec is a step as written. Which fields are set depends on verb.
type stepSpec struct {
	at   pos
	verb string // one of verbs
	id   *node

	dur             time.Duration  // wait
	clock           int            // wait_until
	days            []time.Weekday // wait_until
	time            *node          // wait_until: {time: …}
	match           *matchSpec     // wait_for
	cond            *node          // if, and a send's own if
	then, otherwise []*stepSpec    // wait_for, if
	reason          string         // stop

	message, topic *node // send
	channel        string
	transactional  bool
	with           []withSpec

	split *node // its name
	arms  []*armSpec
}

// withSpec is a variable that a send hands to its message.
type withSpec struct{ name, value *node }

// armSpec is an arm of a split; without steps it does nothing.
type armSpec struct {
	name   *node
	weight float64
	do     []*stepSpec
}

// verbs are the keys that say what a step does; if comes last because a send may have one too.
var verbs = []string{"wait", "wait_until", "wait_for", "send", "stop", "split", "if"}

func cutAfter(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "after ")
	return strings.TrimSpace(rest), ok
}

// readSteps reads a list of steps.
func readSteps(d *decoder, n *node, what string, depth int) (steps []*stepSpec) {
	if depth > maxDepth {
		d.fail(n.at, "make a second rule of the inner steps", "steps nest deeper than %d", maxDepth)
		return nil
	}
	d.readList(n, what, func(item *node) {
		if s, ok := readStep(d, item, depth); ok {
			steps = append(steps, s)
		}
	})
	return steps
}

func readStep(d *decoder, n *node, depth int) (*stepSpec, bool) {
	if n.kind != mapping {
		fix := "write what it does: " + strings.Join(verbs, ", ")
		if n.kind == scalar && slices.Contains(verbs, n.text) {
			fix = "add a colon and a value: " + n.text + ": …"
		}
		d.fail(n.at, fix, "a step must be a block of keys, not %s", n.kind)
		return nil, false
	}
	verb := ""
	for _, v := range verbs {
		if n.get(v) == nil {
			continue
		}
		if verb == "" {
			verb = v
		} else if v != "if" || verb != "send" {
			d.fail(keyAt(n, v), "make two steps of it", "a step does one thing, but this one has %s and %s", verb, v)
			return nil, false
		}
	}
	s := &stepSpec{at: n.at, verb: verb}
	switch verb {
	case "":
		d.fail(n.at, stepFix(n), "this step does nothing that is known")
		return nil, false
	case "if":
		s.at = keyAt(n, "if")
	}
	before := len(*d.out)
	readKeys(d, n, "a "+verb+" step", stepKeys(verb, depth), s)
	if len(*d.out) == before {
		checkStep(d, n, s)
	}
	return s, len(*d.out) == before
}

func keyAt(n *node, name string) pos {
	for _, p := range n.pairs {
		if p.key.text == name {
			return p.key.at
		}
	}
	return n.at
}

func stepFix(n *node) string {
	for _, p := range n.pairs {
		if near := nearest(p.key.text, verbs); near != "" {
			return "did you mean " + near + "?"
		}
	}
	return "a step has one of " + strings.Join(verbs, ", ")
}

// checkStep looks at how the keys of a step go together.
func checkStep(d *decoder, n *node, s *stepSpec) {
	switch s.verb {
	case "if":
		if s.then == nil && s.otherwise == nil {
			d.fail(s.at, "add then: with a list of steps", "an if without then or otherwise does nothing")
		}
	case "split":
		if len(s.arms) < 2 {
			d.fail(s.at, "add arms: {a: {do: [...]}, b: {do: [...]}}", "a split needs at least two arms")
		}
	case "wait_for":
		if n.get("wait_for").get("within") == nil {
			d.fail(n.get("wait_for").at, "add within: 3d, say", "wait_for does not say how long to wait at most")
		}
	case "wait_until":
		if s.time != nil && len(s.days) > 0 {
			d.fail(keyAt(n, "days"), "take it out", "days goes with a time of day, not with time")
		}
	}
}

// stepKeys are the keys of a step that does what verb says.
func stepKeys(verb string, depth int) []key[stepSpec] {
	id := key[stepSpec]{
		name: "id",
		read: func(d *decoder, s *stepSpec, _, v *node) {
			text, ok := d.text(v, "id")
			if ok && (!stepIDForm.MatchString(text) || len(text) > 64) {
				d.fail(v.at, "begin with a small letter; use small letters, digits, - and _", "%q cannot be a step's id", text)
				return
			}
			s.id = v
		},
	}
	then := key[stepSpec]{
		name: "then",
		read: func(d *decoder, s *stepSpec, _, v *node) {
			s.then = readSteps(d, v, "then", depth+1)
		},
	}
	otherwise := key[stepSpec]{
		name: "otherwise",
		read: func(d *decoder, s *stepSpec, _, v *node) {
			s.otherwise = readSteps(d, v, "otherwise", depth+1)
		},
	}
	cond := key[stepSpec]{
		name: "if",
		read: func(d *decoder, s *stepSpec, _, v *node) {
			if _, ok := d.text(v, "if"); ok {
				s.cond = v
			}
		},
	}
	switch verb {
	case "wait":
		return []key[stepSpec]{{
			name: "wait",
			read: func(d *decoder, s *stepSpec, _, v *node) {
				s.dur, _ = d.duration(v, "wait")
			},
		}, id}
	case "wait_until":
		return []key[stepSpec]{{name: "wait_until", read: readWaitUntil}, {
			name: "days",
			read: func(d *decoder, s *stepSpec, _, v *node) { s.days = d.days(v) },
		}, id}
	case "wait_for":
		return []key[stepSpec]{{name: "wait_for", read: readWaitFor}, then, otherwise, id}
	case "if":
		return []key[stepSpec]{cond, then, otherwise, id}
	case "stop":
		return []key[stepSpec]{{name: "stop", read: readStop}, id}
	case "split":
		return append(splitKeys(depth), id)
	default:
		return append(sendKeys(), cond, id)
	}
}

// The channels of a send.
const (
	channelEmail = "email"
	channelInApp = "inapp"
)

func sendKeys() []key[stepSpec] {
	return []key[stepSpec]{
		{
			name: "send",
			read: func(d *decoder, s *stepSpec, _, v *node) {
				if _, ok := d.name(v, "send"); ok {
					s.message = v
				}
			},
		},
		{
			name: "channel",
			read: func(d *decoder, s *stepSpec, _, v *node) {
				s.channel, _ = d.oneOf(v, "channel", channelEmail, channelInApp)
			},
		},
		{
			name: "topic",
			read: func(d *decoder, s *stepSpec, _, v *node) {
				if _, ok := d.name(v, "topic"); ok {
					s.topic = v
				}
			},
		},
		{
			name: "transactional",
			read: func(d *decoder, s *stepSpec, _, v *node) {
				s.transactional, _ = d.boolean(v, "transactional")
			},
		},
		{name: "with", read: readWith},
	}
}

// readWith reads {name: expression}.
func readWith(d *decoder, s *stepSpec, _, v *node) {
	if v.kind != mapping {
		d.fail(v.at, "write {name: expression}", "with must be a block of keys, not %s", v.kind)
		return
	}
	for _, p := range v.pairs {
		switch {
		case !variableForm.MatchString(p.key.text):
			d.fail(p.key.at, "begin with a small letter; use small letters, digits and _", "%q cannot be a variable's name", p.key.text)
		case slices.ContainsFunc(s.with, func(w withSpec) bool { return w.name.text == p.key.text }):
			d.fail(p.key.at, "keep one of them", "the variable %s stands twice", p.key.text)
		default:
			if _, ok := d.text(p.value, "with."+p.key.text); ok {
				s.with = append(s.with, withSpec{p.key, p.value})
			}
		}
	}
}

func splitKeys(depth int) []key[stepSpec] {
	return []key[stepSpec]{
		{
			name: "split",
			read: func(d *decoder, s *stepSpec, _, v *node) {
				if _, ok := d.name(v, "split"); ok {
					s.split = v
				}
			},
		},
		{name: "arms", read: func(d *decoder, s *stepSpec, _, v *node) { readArms(d, s, v, depth) }},
	}
}

// readArms reads {a: {weight: 1, do: [...]}, b: …}. An arm may be empty: its learners get nothing.
func readArms(d *decoder, s *stepSpec, v *node, depth int) {
	if v.kind != mapping {
		d.fail(v.at, "write {a: {do: [...]}, b: {do: [...]}}", "arms must be a block of keys, not %s", v.kind)
		return
	}
	for _, p := range v.pairs {
		if _, ok := d.name(p.key, "an arm"); !ok {
			continue
		}
		if slices.ContainsFunc(s.arms, func(a *armSpec) bool { return a.name.text == p.key.text }) {
			d.fail(p.key.at, "keep one of them", "the arm %s stands twice", p.key.text)
			continue
		}
		arm := &armSpec{name: p.key, weight: 1}
		s.arms = append(s.arms, arm)
		if p.value.kind == null {
			continue
		}
		readKeys(d, p.value, "the arm "+p.key.text, []key[armSpec]{
			{
				name: "weight",
				read: func(d *decoder, a *armSpec, _, v *node) {
					if w, ok := d.weight(v); ok {
						a.weight = w
					}
				},
			},
			{
				name:  "do",
				empty: true,
				read: func(d *decoder, a *armSpec, _, v *node) {
					if v.kind == sequence && len(v.items) == 0 {
						return
					}
					a.do = readSteps(d, v, "do", depth+1)
				},
			},
		}, arm)
	}
}

func readStop(d *decoder, s *stepSpec, _, v *node) {
	text, ok := d.text(v, "stop")
	if ok && len(text) > 100 {
		d.fail(v.at, "use a few words", "the reason is longer than 100 characters")
	}
	s.reason = strings.TrimSpace(text)
}

func readWaitUntil(d *decoder, s *stepSpec, _, v *node) {
	if v.kind != mapping {
		s.clock, _ = d.clock(v, "wait_until")
		return
	}
	table := []key[stepSpec]{{
		name: "time",
		read: func(d *decoder, s *stepSpec, _, v *node) {
			if _, ok := d.text(v, "time"); ok {
				s.time = v
			}
		},
	}}
	before := len(*d.out)
	readKeys(d, v, "wait_until", table, s)
	if v.get("time") == nil && len(*d.out) == before {
		d.fail(v.at, `write {time: …} with an expression, or a time of day such as "09:00"`, "wait_until does not say when")
	}
}

func readWaitFor(d *decoder, s *stepSpec, _, v *node) {
	for _, name := range []string{"then", "otherwise"} {
		if v.get(name) != nil {
			d.fail(keyAt(v, name), "indent it like wait_for itself", "%s stands inside wait_for, but belongs beside it", name)
			return
		}
	}
	if m, ok := readMatch(d, v, "wait_for", waitForKeys()); ok {
		s.match = m
	}
}
