package ruletest

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"homeroom/engine"
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
	Start   time.Time
	Events  []Event
	Until   time.Time // inclusive
	Expect  []Expectation

	at    map[string]position // of its keys, and of "rules[0]" and so on
	lines []string            // of the file, for problems found later
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
	Properties map[string]any
	Traits     map[string]any

	where position
}

// Expectation is one line of expect.
type Expectation struct {
	At     time.Time
	Kind   engine.Kind
	What   string        // a message, or (not with sent and withheld) a rule
	Reason engine.Reason // empty: any
	Rule   string        // empty: any

	where position // of the entry
	what  position // of What
}

var (
	testKeys    = []string{"test", "rules", "learner", "start", "events", "until", "expect", "held_out"}
	learnerKeys = []string{"id", "timezone", "locale", "traits"}
	eventKeys   = []string{"at", "event", "id", "time", "properties", "traits"}
	expectKeys  = []string{"at", "sent", "withheld", "skipped", "deferred", "exited", "started", "converted", "reason", "rule"}
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
	return tests, sorted(problems), nil
}

// Parse reads the tests of one file, all mistakes at once. A test with mistakes is left out.
func Parse(file string, src []byte) ([]*Test, rules.Problems) {
	r := &reader{file: file, lines: strings.Split(string(src), "\n")}
	docs, ok := r.documents(src)
	if !ok {
		return nil, r.problems
	}
	var tests []*Test
	for _, doc := range docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		before := len(r.problems)
		t := r.readTest(doc.Body)
		if len(r.problems) == before {
			tests = append(tests, t)
		}
	}
	if len(tests) == 0 && len(r.problems) == 0 {
		r.problem(position{1, 1}, "no test in this file", "begin one with test: what it shows")
	}
	return tests, sorted(r.problems)
}

func (r *reader) readTest(n ast.Node) *Test {
	t := &Test{File: r.file, Line: where(n).line, at: map[string]position{}, lines: r.lines}
	r.test = nameOf(n)
	given := map[string]ast.Node{}
	before := len(r.problems)
	entries := r.mapping(n, "a test", testKeys)
	keysFine := len(r.problems) == before // else what seems to be missing is only misspelled
	for _, e := range entries {
		t.at[e.key] = e.at
		given[e.key] = e.value
	}
	if v, ok := given["test"]; ok {
		t.Line = where(v).line
		t.Name = r.text(v, "test")
	} else if keysFine {
		r.problem(where(n), "the test has no name", "add test: what it shows")
	}
	// Offsets count from start, wherever it stands.
	if v, ok := given["start"]; ok {
		t.Start = r.instant(v, "start", time.Time{})
	}
	if v, ok := given["rules"]; ok {
		for i, item := range r.sequence(v, "rules") {
			t.Rules = append(t.Rules, r.text(item, "a rule's name"))
			t.at[fmt.Sprintf("rules[%d]", i)] = where(item)
		}
	}
	if v, ok := given["learner"]; ok {
		t.Learner = r.readLearner(v)
	}
	if v, ok := given["held_out"]; ok {
		t.HeldOut = r.flag(v, "held_out")
	}
	if v, ok := given["events"]; ok {
		t.Events = r.readEvents(v, t.Start)
	}
	t.Until = t.lastInstant().Add(simulate.Horizon)
	if v, ok := given["until"]; ok {
		t.Until = r.instant(v, "until", t.Start)
	} else if given["start"] == nil && given["events"] == nil && keysFine {
		r.problem(where(n), "the test has no start and no event", "add for example start: 2026-03-02T10:00:00Z")
	}
	if v, ok := given["expect"]; ok {
		t.Expect = r.readExpect(v, t.Start)
	} else if keysFine {
		r.problem(where(n), "the test expects nothing", "list every message under expect:, or write expect: []")
	}
	return t
}

// nameOf looks the name up before anything is checked, so that every problem can say it.
func nameOf(n ast.Node) string {
	m, ok := plain(n).(*ast.MappingNode)
	if !ok {
		return ""
	}
	for _, v := range m.Values {
		if key, ok := plainText(v.Key); ok && key == "test" {
			name, _ := plainText(v.Value)
			return name
		}
	}
	return ""
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

func (r *reader) readLearner(n ast.Node) *Learner {
	l := &Learner{}
	for _, e := range r.mapping(n, "learner", learnerKeys) {
		switch e.key {
		case "id":
			l.ID = r.text(e.value, "id")
		case "timezone":
			l.Timezone = r.text(e.value, "timezone")
			if _, err := time.LoadLocation(l.Timezone); err != nil && l.Timezone != "" {
				r.problem(where(e.value), fmt.Sprintf("unknown timezone %q", l.Timezone), "write an IANA name such as Europe/Berlin")
			}
		case "locale":
			l.Locale = r.text(e.value, "locale")
		case "traits":
			l.Traits = r.values(e.value, "traits")
		}
	}
	return l
}

func (r *reader) readEvents(n ast.Node, start time.Time) []Event {
	var events []Event
	for _, item := range r.sequence(n, "events") {
		ev := Event{where: where(item)}
		before := len(r.problems)
		entries := r.mapping(item, "an event", eventKeys)
		for _, e := range entries {
			switch e.key {
			case "at":
				ev.At = r.instant(e.value, "at", start)
			case "time":
				ev.Time = r.instant(e.value, "time", start)
			case "id":
				ev.ID = r.text(e.value, "id")
			case "event":
				ev.Name = r.text(e.value, "event")
				ev.where = where(e.value)
			case "properties":
				ev.Properties = r.values(e.value, "properties")
			case "traits":
				ev.Traits = r.values(e.value, "traits")
			}
		}
		if len(r.problems) == before {
			r.needs(item, entries, "an event", "at", "event")
		}
		if len(events) > 0 && !ev.At.IsZero() && ev.At.Before(events[len(events)-1].At) {
			r.problem(where(item), "this event arrives before the one above it",
				"list events in the order of their arrival; time: says when something happened if that was earlier")
		}
		events = append(events, ev)
	}
	return events
}

func (r *reader) readExpect(n ast.Node, start time.Time) []Expectation {
	var expect []Expectation
	for _, item := range r.sequence(n, "expect") {
		x := Expectation{where: where(item)}
		before := len(r.problems)
		entries := r.mapping(item, "an expectation", expectKeys)
		for _, e := range entries {
			switch e.key {
			case "at":
				x.At = r.instant(e.value, "at", start)
			case "reason":
				x.Reason = engine.Reason(r.text(e.value, "reason"))
			case "rule":
				x.Rule = r.text(e.value, "rule")
			default:
				if x.Kind != "" {
					r.problem(e.at, fmt.Sprintf("%s and %s in one expectation", x.Kind, e.key), "write a line for each")
					continue
				}
				x.Kind, x.What, x.what = engine.Kind(e.key), r.text(e.value, e.key), where(e.value)
			}
		}
		if len(r.problems) == before {
			r.needs(item, entries, "an expectation", "at")
			if x.Kind == "" {
				r.problem(where(item), "the expectation does not say what happens", "write for example {at: +2h, sent: MESSAGE}")
			}
		}
		expect = append(expect, x)
	}
	r.inOrder(expect)
	return expect
}

// inOrder notes a message that is expected before the one listed above it: messages are compared in order.
func (r *reader) inOrder(expect []Expectation) {
	var last time.Time
	for _, x := range expect {
		if !isMessage(x.Kind) || x.At.IsZero() {
			continue
		}
		if x.At.Before(last) {
			r.problem(x.where, "this message is earlier than the one above it", "list messages in the order of time")
		}
		last = x.At
	}
}

// needs notes each required key that is missing. It is asked only when all else is well: a misspelled key has been noted
// already.
func (r *reader) needs(n ast.Node, entries []entry, what string, keys ...string) {
	for _, key := range keys {
		if !slices.ContainsFunc(entries, func(e entry) bool { return e.key == key }) {
			r.problem(where(n), fmt.Sprintf("%s needs %s", what, key), "")
		}
	}
}
