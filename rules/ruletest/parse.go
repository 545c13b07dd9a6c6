package ruletest

import (
	"fmt"
	"io/fs"
	"path"
	"time"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
	"homeroom/rules"
	"homeroom/simulate"
)

// Test is one test as written.
type Test struct {
	File    string
	Line    int // of its name
	Name    string
	Rules   []string // empty: all
	Learner *Learner // nil: somebody who can be written to
	HeldOut bool
	// Paths is what learners did next, as the test fixes it; nil: what its events make.
	Paths  *engine.PathLog
	Start  time.Time
	Events []Event
	Until  time.Time // inclusive
	Expect []Expectation

	places map[string]yamlfile.Position // of its keys, and of "rules[0]" and so on
	source *yamlfile.Source             // for problems found later
}

// Learner is who the test is about.
type Learner struct {
	ID       string
	Timezone string
	Locale   string
	Traits   map[string]any
}

// Event is one event of a test.
type Event struct {
	At         time.Time // when it arrives
	Time       time.Time // when it happened; zero: At
	ID         string
	Name       string
	Of         string // the message that it is about, the last one sent before; empty: none
	Properties map[string]any
	Traits     map[string]any

	at   yamlfile.Position // of its name
	ofAt yamlfile.Position
}

// Expectation is one line of expect.
type Expectation struct {
	At     time.Time
	Kind   engine.Kind
	What   string        // a message, or (not with sent and withheld) a rule; with set a trait
	Reason engine.Reason // empty: any
	Rule   string        // empty: any
	Texts  []string      // that a sent message contains, in its subject, preheader or plain text
	// Value is what a trait is set to, null if it is removed; HasValue: the test says.
	Value    any
	HasValue bool

	at     yamlfile.Position // of the entry
	whatAt yamlfile.Position // of What
}

var (
	testKeys    = []string{"test", "rules", "learner", "start", "events", "until", "expect", "held_out", "paths", "course_paths"}
	learnerKeys = []string{"id", "timezone", "locale", "traits"}
	eventKeys   = []string{"at", "event", "id", "time", "of", "properties", "traits"}
	expectKeys  = []string{"at", "sent", "withheld", "failed", "skipped", "deferred", "exited", "started", "converted", "suppressed", "set", "value", "reason", "rule", "text_contains"}
)

// ParseDir reads tests/*.yaml of an academy folder. Names in problems and results start with dir.
func ParseDir(fsys fs.FS, dir string) ([]*Test, rules.Problems, error) {
	entries, err := fs.ReadDir(fsys, "tests")
	if err != nil {
		return nil, nil, fmt.Errorf("read rule tests of %s: %w", dir, err)
	}
	var tests []*Test
	var problems rules.Problems
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || (ext != ".yaml" && ext != ".yml") {
			continue
		}
		src, err := fs.ReadFile(fsys, path.Join("tests", e.Name()))
		if err != nil {
			return nil, nil, fmt.Errorf("read rule tests of %s: %w", dir, err)
		}
		found, wrong := Parse(path.Join(dir, "tests", e.Name()), src)
		tests = append(tests, found...)
		problems = append(problems, wrong...)
	}
	return tests, problems.Sort(), nil
}

// Parse reads the tests of one file, all mistakes at once. A test with mistakes is left out.
func Parse(file string, src []byte) ([]*Test, rules.Problems) {
	r := newReader(yamlfile.NewSource(file, yamlfile.Normalize(src)), "")
	roots, ok := r.Documents()
	if !ok {
		return nil, r.problems()
	}
	var tests []*Test
	for _, root := range roots {
		if root.Kind == yamlfile.Null {
			continue
		}
		before := len(r.problems())
		t := r.readTest(root)
		r.nameTest(before)
		if len(r.problems()) == before {
			tests = append(tests, t)
		}
	}
	if len(tests) == 0 && len(r.problems()) == 0 {
		r.Fail(yamlfile.Position{Line: 1, Col: 1}, "begin one with test: what it shows", "no test in this file")
	}
	return tests, r.problems().Sort()
}

func (r *reader) readTest(n *yamlfile.Node) *Test {
	t := &Test{File: r.Source.File, Line: n.At.Line, places: map[string]yamlfile.Position{}, source: r.Source}
	r.test = nameOf(n)
	before := len(r.problems())
	pairs := r.Pairs(n, "a test", testKeys)
	keysFine := len(r.problems()) == before // else what seems to be missing is only misspelled
	given := map[string]*yamlfile.Node{}
	for _, p := range pairs {
		t.places[p.Key.Text] = p.Key.At
		given[p.Key.Text] = p.Value
	}
	// Offsets count from start, wherever it stands.
	if v, ok := given["start"]; ok {
		t.Start = r.readInstant(v, "start", time.Time{})
	}
	for _, p := range pairs {
		r.readKey(t, p.Key.Text, p.Value)
	}
	t.Until = t.lastInstant().Add(simulate.Horizon)
	if v, ok := given["until"]; ok {
		t.Until = r.readInstant(v, "until", t.Start)
	}
	if keysFine {
		r.checkGiven(n, given)
	}
	return t
}

// readKey reads one key of a test, but for start and until.
func (r *reader) readKey(t *Test, key string, v *yamlfile.Node) {
	switch key {
	case "test":
		t.Line = v.At.Line
		t.Name = r.readText(v, "test")
	case "rules":
		for i, item := range r.readList(v, "rules") {
			t.Rules = append(t.Rules, r.readText(item, "a rule's name"))
			t.places[fmt.Sprintf("rules[%d]", i)] = item.At
		}
	case "learner":
		t.Learner = r.readLearner(v)
	case "held_out":
		t.HeldOut, _ = r.Bool(v, "held_out")
	case "paths":
		for _, p := range r.Pairs(v, "paths", nil) {
			r.readPaths(t, p.Key.Text, p.Value)
		}
	case "course_paths":
		r.readPaths(t, "", v)
	case "events":
		t.Events = r.readEvents(v, t.Start)
	case "expect":
		t.Expect = r.readExpect(v, t.Start)
	}
}

// checkGiven adds a problem for each key that a test cannot do without.
func (r *reader) checkGiven(n *yamlfile.Node, given map[string]*yamlfile.Node) {
	if given["test"] == nil {
		r.Fail(n.At, "add test: what it shows", "the test has no name")
	}
	if given["until"] == nil && given["start"] == nil && given["events"] == nil {
		r.Fail(n.At, "add for example start: 2026-03-02T10:00:00Z", "the test has no start and no event")
	}
	if given["expect"] == nil {
		r.Fail(n.At, "list every message under expect:, or write expect: []", "the test expects nothing")
	}
}

// nameOf looks the name up before anything is checked, so that every problem can say it.
func nameOf(n *yamlfile.Node) string {
	v := n.Get("test")
	if v == nil {
		return ""
	}
	name, _ := v.TextValue()
	return name
}

// lastInstant is the last arrival, or the start if there is none.
func (t *Test) lastInstant() time.Time {
	last := t.Start
	for _, e := range t.Events {
		if e.At.After(last) {
			last = e.At
		}
	}
	return last
}

func (r *reader) readLearner(n *yamlfile.Node) *Learner {
	l := &Learner{}
	for _, p := range r.Pairs(n, "learner", learnerKeys) {
		switch p.Key.Text {
		case "id":
			l.ID = r.readText(p.Value, "id")
		case "timezone":
			l.Timezone = r.readText(p.Value, "timezone")
			if _, err := time.LoadLocation(l.Timezone); err != nil && l.Timezone != "" {
				r.Fail(p.Value.At, "write an IANA name such as Europe/Berlin", "unknown timezone %q", l.Timezone)
			}
		case "locale":
			l.Locale = r.readText(p.Value, "locale")
		case "traits":
			l.Traits = r.readObject(p.Value, "traits")
		}
	}
	return l
}

func (r *reader) readEvents(n *yamlfile.Node, start time.Time) []Event {
	var events []Event
	for _, item := range r.readList(n, "events") {
		ev := Event{at: item.At}
		before := len(r.problems())
		pairs := r.Pairs(item, "an event", eventKeys)
		for _, p := range pairs {
			switch p.Key.Text {
			case "at":
				ev.At = r.readInstant(p.Value, "at", start)
			case "time":
				ev.Time = r.readInstant(p.Value, "time", start)
			case "id":
				ev.ID = r.readText(p.Value, "id")
			case "event":
				ev.Name = r.readText(p.Value, "event")
				ev.at = p.Value.At
			case "of":
				ev.Of = r.readText(p.Value, "of")
				ev.ofAt = p.Value.At
			case "properties":
				ev.Properties = r.readObject(p.Value, "properties")
			case "traits":
				ev.Traits = r.readObject(p.Value, "traits")
			}
		}
		if len(r.problems()) == before {
			r.checkNeeded(item, pairs, "an event", "at", "event")
		}
		if len(events) > 0 && !ev.At.IsZero() && ev.At.Before(events[len(events)-1].At) {
			r.Fail(item.At, "list events in the order of their arrival; time: says when something happened if that was earlier",
				"this event arrives before the one above it")
		}
		events = append(events, ev)
	}
	return events
}

func (r *reader) readExpect(n *yamlfile.Node, start time.Time) []Expectation {
	var expect []Expectation
	for _, item := range r.readList(n, "expect") {
		x := Expectation{at: item.At}
		before := len(r.problems())
		pairs := r.Pairs(item, "an expectation", expectKeys)
		for _, p := range pairs {
			switch p.Key.Text {
			case "at":
				x.At = r.readInstant(p.Value, "at", start)
			case "reason":
				x.Reason = engine.Reason(r.readText(p.Value, "reason"))
			case "rule":
				x.Rule = r.readText(p.Value, "rule")
			case "text_contains":
				x.Texts = r.readTexts(p.Value)
			case "value":
				x.Value = p.Value.JSON()
				x.HasValue = true
			default:
				if x.Kind != "" {
					r.Fail(p.Key.At, "write a line for each", "%s and %s in one expectation", x.Kind, p.Key.Text)
					continue
				}
				x.Kind = engine.Kind(p.Key.Text)
				x.What = r.readText(p.Value, p.Key.Text)
				x.whatAt = p.Value.At
			}
		}
		if len(r.problems()) == before {
			r.checkNeeded(item, pairs, "an expectation", "at")
			if x.Kind == "" {
				r.Fail(item.At, "write for example {at: +2h, sent: MESSAGE}", "the expectation does not say what happens")
			} else if x.Kind != engine.KindSent && len(x.Texts) > 0 {
				r.Fail(item.At, "take text_contains out, or expect sent:", "only a message that is sent has a text")
			} else if x.Kind != engine.KindSet && x.HasValue {
				r.Fail(item.At, "take value out, or expect set:", "only a trait that is set has a value")
			}
		}
		expect = append(expect, x)
	}
	r.checkOrder(expect)
	return expect
}

// readTexts reads one text or a list of them.
func (r *reader) readTexts(n *yamlfile.Node) []string {
	items := []*yamlfile.Node{n}
	if n.Kind == yamlfile.Sequence {
		items = n.Items
	}
	var texts []string
	for _, item := range items {
		if text, ok := r.Text(item, "text_contains"); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// checkOrder adds a problem for a message that is expected before the one listed above it: messages are compared in order.
func (r *reader) checkOrder(expect []Expectation) {
	var last time.Time
	for _, x := range expect {
		if !isMessage(x.Kind) || x.At.IsZero() {
			continue
		}
		if x.At.Before(last) {
			r.Fail(x.at, "list messages in the order of time", "this message is earlier than the one above it")
		}
		last = x.At
	}
}

// checkNeeded adds a problem for each required key that is missing. It is asked only when all else is well: a misspelled
// key is a problem already.
func (r *reader) checkNeeded(n *yamlfile.Node, pairs []yamlfile.Pair, what string, keys ...string) {
	for _, key := range keys {
		if !hasKey(pairs, key) {
			r.Fail(n.At, "", "%s needs %s", what, key)
		}
	}
}
