package rules

import (
	"slices"
	"strings"
	"time"

	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// maxDepth is how deep then and otherwise may nest.
const maxDepth = 8

// stepSpec is a step as written. Which fields are set depends on verb.
type stepSpec struct {
	at   yamlfile.Position
	verb string // one of verbs
	id   *yamlfile.Node

	dur             time.Duration  // wait
	clock           int            // wait_until
	days            []time.Weekday // wait_until
	time            *yamlfile.Node // wait_until: {time: …}
	usual           bool           // wait_until: usual, and at: usual of a send
	match           *matchSpec     // wait_for
	cond            *yamlfile.Node // if, and a send's own if
	then, otherwise []*stepSpec    // wait_for, if
	reason          string         // stop

	message, topic *yamlfile.Node // send
	channel        string
	fallback       string         // the second channel; empty: none
	to             *yamlfile.Node // staff.NAME; nil: the learner
	transactional  bool
	patience       time.Duration  // 0: not said
	expires        *yamlfile.Node // nil: not said
	with           []withSpec

	split *yamlfile.Node // its name
	arms  []*armSpec
	adapt *adaptSpec // nil: not said

	collect collectSpec

	topics []*yamlfile.Node // suppress: those named
	all    bool             // suppress: every message

	traits []traitSpec // set
}

// withSpec is a variable that a send hands to its message.
type withSpec struct{ name, value *yamlfile.Node }

// armSpec is an arm of a split; without steps it does nothing.
type armSpec struct {
	name   *yamlfile.Node
	weight float64
	do     []*stepSpec
}

// verbs are the keys that say what a step does; if comes last because a send and a collect may have one too.
var verbs = []string{"wait", "wait_until", "wait_for", "send", "stop", "split", "suppress", "set", "collect", "if"}

func cutAfter(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "after ")
	return strings.TrimSpace(rest), ok
}

// readSteps reads a list of steps.
func readSteps(d *decoder, n *yamlfile.Node, what string, depth int) (steps []*stepSpec) {
	if depth > maxDepth {
		d.Fail(n.At, "make a second rule of the inner steps", "steps nest deeper than %d", maxDepth)
		return nil
	}
	d.readList(n, what, func(item *yamlfile.Node) {
		if s, ok := readStep(d, item, depth); ok {
			steps = append(steps, s)
		}
	})
	return steps
}

func readStep(d *decoder, n *yamlfile.Node, depth int) (*stepSpec, bool) {
	if n.Kind != yamlfile.Mapping {
		fix := "write what it does: " + strings.Join(verbs, ", ")
		if n.Kind == yamlfile.Scalar && slices.Contains(verbs, n.Text) {
			fix = "add a colon and a value: " + n.Text + ": …"
		}
		d.Fail(n.At, fix, "a step must be a block of keys, not %s", n.Kind)
		return nil, false
	}
	verb := ""
	for _, v := range verbs {
		if n.Get(v) == nil {
			continue
		}
		if verb == "" {
			verb = v
		} else if v != "if" || verb != "send" && verb != "collect" {
			d.Fail(keyAt(n, v), "make two steps of it", "a step does one thing, but this one has %s and %s", verb, v)
			return nil, false
		}
	}
	s := &stepSpec{at: n.At, verb: verb}
	switch verb {
	case "":
		reportUnknownStep(d, n)
		return nil, false
	case "if":
		s.at = keyAt(n, "if")
	}
	before := len(*d.Problems)
	readKeys(d, n, "a "+verb+" step", stepKeys(verb, depth), s)
	if len(*d.Problems) == before {
		checkStep(d, n, s)
	}
	return s, len(*d.Problems) == before
}

func keyAt(n *yamlfile.Node, name string) yamlfile.Position {
	for _, p := range n.Pairs {
		if p.Key.Text == name {
			return p.Key.At
		}
	}
	return n.At
}

// reportUnknownStep reports a step none of whose keys is a verb.
func reportUnknownStep(d *decoder, n *yamlfile.Node) {
	const message = "this step does nothing that is known"
	for _, p := range n.Pairs {
		if near := spelling.Nearest(p.Key.Text, verbs); near != "" {
			d.Report(Problem{Message: message, Fix: "did you mean " + near + "?", Replacement: d.ReplaceNode(p.Key, near)}, n.At)
			return
		}
	}
	d.Fail(n.At, "a step has one of "+strings.Join(verbs, ", "), message)
}

// checkStep looks at how the keys of a step go together.
func checkStep(d *decoder, n *yamlfile.Node, s *stepSpec) {
	switch s.verb {
	case "if":
		if s.then == nil && s.otherwise == nil {
			d.Fail(s.at, "add then: with a list of steps", "an if without then or otherwise does nothing")
		}
	case "split":
		if len(s.arms) < 2 {
			d.Fail(s.at, "add arms: {a: {do: [...]}, b: {do: [...]}}", "a split needs at least two arms")
		}
	case "wait_for":
		if n.Get("wait_for").Get("within") == nil {
			d.Fail(n.Get("wait_for").At, "add within: 3d, say", "wait_for does not say how long to wait at most")
		}
	case "send":
		checkFallback(d, n, s)
		checkTo(d, n, s)
		if s.transactional && s.usual {
			d.Fail(keyAt(n, "at"), "take it out", "a transactional message is never put off, so it does not wait for the usual hour")
		}
		if s.transactional && s.patience > 0 {
			d.Fail(keyAt(n, "patience"), "take it out; expires: says until when it is worth sending", "a transactional message is never put off, so it has no patience")
		}
	case "collect":
		checkCollect(d, n, s)
	case "wait_until":
		if s.time != nil && len(s.days) > 0 {
			d.Fail(keyAt(n, "days"), "take it out", "days goes with a time of day, not with time")
		}
	}
}

// stepKeys are the keys of a step that does what verb says.
func stepKeys(verb string, depth int) []key[stepSpec] {
	id := key[stepSpec]{
		name: "id",
		read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
			text, ok := d.Text(v, "id")
			if ok && (!stepIDForm.MatchString(text) || len(text) > 64) {
				d.Fail(v.At, "begin with a small letter; use small letters, digits, - and _", "%q cannot be a step's id", text)
				return
			}
			s.id = v
		},
	}
	then := key[stepSpec]{
		name: "then",
		read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
			s.then = readSteps(d, v, "then", depth+1)
		},
	}
	otherwise := key[stepSpec]{
		name: "otherwise",
		read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
			s.otherwise = readSteps(d, v, "otherwise", depth+1)
		},
	}
	cond := key[stepSpec]{
		name: "if",
		read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
			if _, ok := d.Text(v, "if"); ok {
				s.cond = v
			}
		},
	}
	switch verb {
	case "wait":
		return []key[stepSpec]{{
			name: "wait",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				s.dur, _ = d.readDuration(v, "wait")
			},
		}, id}
	case "wait_until":
		return []key[stepSpec]{{name: "wait_until", read: readWaitUntil}, {
			name: "days",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) { s.days = d.readDays(v) },
		}, id}
	case "wait_for":
		return []key[stepSpec]{{name: "wait_for", read: readWaitFor}, then, otherwise, id}
	case "if":
		return []key[stepSpec]{cond, then, otherwise, id}
	case "stop":
		return []key[stepSpec]{{name: "stop", read: readStop}, id}
	case "split":
		return append(splitKeys(depth), id)
	case "collect":
		return append(collectKeys(), cond, id)
	case "set":
		return []key[stepSpec]{{name: "set", read: readSet}, id}
	case "suppress":
		return []key[stepSpec]{{name: "suppress", read: readSuppress}, id}
	default:
		return append(sendKeys(), cond, id)
	}
}

func sendKeys() []key[stepSpec] {
	return []key[stepSpec]{
		{
			name: "send",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				if _, ok := d.readName(v, "send"); ok {
					s.message = v
				}
			},
		},
		{name: "to", read: readTo},
		{
			name: "channel",
			read: readChannel,
		},
		{
			name: "fallback_after",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				s.dur, _ = d.readDuration(v, "fallback_after")
			},
		},
		{
			name: "topic",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				if _, ok := d.readName(v, "topic"); ok {
					s.topic = v
				}
			},
		},
		{
			name: "transactional",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				s.transactional, _ = d.Bool(v, "transactional")
			},
		},
		{
			name: "patience",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				s.patience, _ = d.readDuration(v, "patience")
			},
		},
		{
			name: "expires",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				if _, ok := d.Text(v, "expires"); ok {
					s.expires = v
				}
			},
		},
		{
			name: "at",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) { _, s.usual = d.oneOf(v, "at", usualWord) },
		},
		{name: "with", read: readWith},
	}
}

// usualWord is how a rule names the learner's usual hour.
const usualWord = "usual"

// readWith reads {name: expression}.
func readWith(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, "write {name: expression}", "with must be a block of keys, not %s", v.Kind)
		return
	}
	for _, p := range v.Pairs {
		switch {
		case !variableForm.MatchString(p.Key.Text):
			d.Fail(p.Key.At, "begin with a small letter; use small letters, digits and _", "%q cannot be a variable's name", p.Key.Text)
		case slices.ContainsFunc(s.with, func(w withSpec) bool { return w.name.Text == p.Key.Text }):
			d.Fail(p.Key.At, "keep one of them", "the variable %s stands twice", p.Key.Text)
		default:
			if _, ok := d.Text(p.Value, "with."+p.Key.Text); ok {
				s.with = append(s.with, withSpec{p.Key, p.Value})
			}
		}
	}
}
