package ruletest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"homeroom/rules"
	"homeroom/rules/ruletest"
)

func TestMistakesAreFoundAllAtOnce(t *testing.T) {
	cases := []struct{ name, src, want string }{
		{
			"unknown keys and missing ones", `
test: sloppy
start: 2026-03-02T10:00:00Z
evnts: []
events:
  - {at: +0s, event: x, propertes: {a: 1}}
expect:
  - {at: +2h, send: try-again}
  - {at: +2h, reason: cap}
  - {sent: try-again}
`,
			`tests/t.yaml:4:1: test "sloppy": a test has no key "evnts" | did you mean events?
tests/t.yaml:6:25: test "sloppy": an event has no key "propertes" | did you mean properties?
tests/t.yaml:8:15: test "sloppy": an expectation has no key "send" | did you mean sent?
tests/t.yaml:9:5: test "sloppy": the expectation does not say what happens | write for example {at: +2h, sent: MESSAGE}
tests/t.yaml:10:5: test "sloppy": an expectation needs at`,
		},
		{
			"traits that are set", `
test: traits
start: 2026-03-02T10:00:00Z
expect:
  - {at: +2h, set: stage, value: null}
  - {at: +2h, sent: try-again, value: asleep}
  - {at: +2h, set: stage, sent: try-again}
`,
			`tests/t.yaml:6:5: test "traits": only a trait that is set has a value | take value out, or expect set:
tests/t.yaml:7:27: test "traits": set and sent in one expectation | write a line for each`,
		},
		{
			"times", `
test: when
start: yesterday
learner: {timezone: Berlin}
events:
  - {at: 2h, event: x}
  - {at: +2x, event: x}
expect: []
`,
			`tests/t.yaml:3:8: test "when": start must be a time | write an offset from start such as +2h, or a time such as 2026-03-02T10:00:00Z
tests/t.yaml:4:21: test "when": unknown timezone "Berlin" | write an IANA name such as Europe/Berlin
tests/t.yaml:6:10: test "when": at must be a time | write an offset from start such as +2h, or a time such as 2026-03-02T10:00:00Z
tests/t.yaml:7:10: test "when": at: "2x" is no duration; write for example 90s, 15m, 2h, 3d, 2w or 1d12h`,
		},
		{
			"the order of events", `
test: order
start: 2026-03-02T10:00:00Z
events:
  - {at: +2h, event: x}
  - {at: +1h, event: x}
expect: [{at: +3h, sent: a}, {at: +2h, sent: b}]
`,
			`tests/t.yaml:6:5: test "order": this event arrives before the one above it | list events in the order of their arrival; time: says when something happened if that was earlier
tests/t.yaml:7:30: test "order": this message is earlier than the one above it | list messages in the order of time`,
		},
		{"no expectation", "test: hm\nstart: 2026-03-02T10:00:00Z\n",
			`tests/t.yaml:1:1: test "hm": the test expects nothing | list every message under expect:, or write expect: []`},
		{"no name", "start: 2026-03-02T10:00:00Z\nexpect: []\n", `tests/t.yaml:1:1: the test has no name | add test: what it shows`},
		{"not YAML", "test: [1, 2\nexpect: []", `tests/t.yaml:2:1: not readable as YAML: ',' or ']' must be specified`},
		{"empty", "# nothing yet\n", `tests/t.yaml:1:1: no test in this file | begin one with test: what it shows`},
		{"no mapping", "- a\n", `tests/t.yaml:1:1: a test must be a block of keys, not a list | write it as keys: test, rules, learner, start, events, until, expect, held_out, paths, course_paths`},
		{"too deep", strings.Repeat("[", 5000), `tests/t.yaml:1:65: nested too deeply | write it flatter`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, problems := ruletest.Parse("tests/t.yaml", []byte(c.src))
			if d := cmp.Diff(c.want, brief(problems)); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

// brief is one line a problem: place, message and fix.
func brief(problems rules.Problems) string {
	var lines []string
	for _, p := range problems {
		line := p.Head()
		if p.Fix != "" {
			line += " | " + p.Fix
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestMistakesThatOnlyTheFolderShows(t *testing.T) {
	src := `
test: names
rules: [rety]
held_out: true
learner: {traits: {email: not an address}}
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: assessment.grade, properties: {assessment_id: a1}}
  - {at: +1h, event: assessment.graded, properties: {passed: no-idea}}
expect:
  - {at: +2h, sent: try-agian}
  - {at: +2h, exited: try-again}
  - {at: +2h, deferred: try-again, rule: nope}
`
	tests, problems := ruletest.Parse("tests/t.yaml", []byte(src))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c, problems := tests[0].Prepare(folder(t))
	if c != nil {
		t.Error("got a case that can run")
	}
	var places []string
	for _, p := range problems {
		places = append(places, strings.TrimPrefix(rules.Problems{p}.Error(), "tests/t.yaml:"))
	}
	got := strings.Join(places, "\n")
	for _, want := range []string{
		`3:9: test "names": there is no rule rety`,
		`5:1: test "names": trait email is not an address`,
		`8:22: test "names": unknown event`,
		`9:22: test "names": `,
		`11:21: test "names": no rule sends try-agian`,
		`12:23: test "names": there is no rule try-again`,
		`13:5: test "names": there is no rule nope`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
}

func TestParseDir(t *testing.T) {
	fsys := fstest.MapFS{
		"tests/b.yaml":    {Data: []byte("test: two\nstart: 2026-03-02T10:00:00Z\nexpect: []\n---\ntest: three\nstart: 2026-03-02T10:00:00Z\nexpect: []\n")},
		"tests/a.yml":     {Data: []byte("test: one\nstart: 2026-03-02T10:00:00Z\nexpect: []\n")},
		"tests/notes.txt": {Data: []byte("not a test")},
	}
	tests, problems, err := ruletest.ParseDir(fsys, "academy")
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	var got []string
	for _, test := range tests {
		got = append(got, test.File+" "+test.Name)
	}
	want := []string{"academy/tests/a.yml one", "academy/tests/b.yaml two", "academy/tests/b.yaml three"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tests (-want +got):\n%s", d)
	}
}
