package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const welcomeTests = `test: greeted an hour later
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: enrollment.created, properties: {course_id: go}}
expect:
  - {at: +1h, sent: welcome}
---
test: nothing happens
start: 2026-03-02T10:00:00Z
expect: []
`

func TestRulesTest(t *testing.T) {
	cases := []struct {
		name, tests string
		args        []string
		code        int
		want        []string
	}{
		{"all is well", welcomeTests, nil, 0, []string{"tests/welcome.yaml  2 tests", "2 tests passed"}},
		{"one of them only", welcomeTests, []string{"--run", "^greeted"}, 0, []string{"1 test passed"}},
		{"a name that no test has", welcomeTests, []string{"--run", "nope"}, 2, []string{"no test has such a name, of 2 tests"}},
		{"coverage", welcomeTests, []string{"--run", "nothing", "--coverage"}, 0,
			[]string{"coverage: 0 of 2 steps", "welcome: step 2 (send welcome)"}},
		{"a wrong hour", strings.Replace(welcomeTests, "+1h", "+2h", 1), nil, 1,
			[]string{"FAIL", "1 of 2 tests", "+ 2026-03-02 11:00:00", "- 2026-03-02 12:00:00", "1 of 2 tests failed"}},
		{"a mistake in the file", strings.Replace(welcomeTests, "expect: []", "expcet: []", 1), nil, 1,
			[]string{"tests/welcome.yaml:10:1:", "did you mean expect?", "0 of 1 test failed, 1 problem in test files"}},
		{"an unknown message", strings.Replace(welcomeTests, "sent: welcome", "sent: welcom", 1), nil, 1,
			[]string{"no rule sends welcom", "did you mean welcome?"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := academy(t, map[string]string{"tests/welcome.yaml": c.tests})
			code, out, err := homeroom(t, "", append([]string{"rules", "test", dir}, c.args...)...)
			if code != c.code {
				t.Errorf("exit %d, want %d\n%s%s", code, c.code, out, err)
			}
			for _, want := range c.want {
				if !strings.Contains(out+err, want) {
					t.Errorf("missing %q in\n%s%s", want, out, err)
				}
			}
		})
	}
}

func TestRulesTestUsage(t *testing.T) {
	dir := academy(t, nil)
	if code, _, err := homeroom(t, "", "rules", "test", dir); code != 1 || !strings.Contains(err, "tests/*.yaml") {
		t.Errorf("without tests: exit %d, %q", code, err)
	}
	if code, _, err := homeroom(t, "", "rules", "test", dir, "--run", "("); code != 2 || !strings.Contains(err, "--run") {
		t.Errorf("with a broken pattern: exit %d, %q", code, err)
	}
}

func TestRulesTestJUnit(t *testing.T) {
	dir := academy(t, map[string]string{"tests/welcome.yaml": welcomeTests})
	file := filepath.Join(t.TempDir(), "junit.xml")
	if code, out, err := homeroom(t, "", "rules", "test", dir, "--junit", file); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, err)
	}
	got, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(got), `<testsuites tests="2" failures="0" errors="0">`) {
		t.Errorf("got %s, %v", got, err)
	}
}

// The example academy is what people copy from.
func TestExampleAcademy(t *testing.T) {
	if code, out, err := homeroom(t, "", "rules", "test", "../../examples/academy"); code != 0 {
		t.Errorf("exit %d\n%s%s", code, out, err)
	}
}

// TestSourceTests: the tests of tests/sources run with the rule tests, and one that fails fails the run.
func TestSourceTests(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../examples/academy")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "tests", "sources", "lms.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		filepath.Join(folder, "sources.yaml"): "sources: {thinkific: }\n",
		file: `{test: a lead, body: {id: "1", resource: lead, action: created, created_at: "2026-03-02T10:00:00Z", payload: {id: 7}}, expect: {event: lead.captured, learner: "7"}}
---
{test: a course, body: {id: "2", resource: course, action: updated, created_at: "2026-03-02T10:00:00Z", payload: {}}, expect: {event: lead.captured}}
`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, _ := run(t, "rules", "test", folder)
	for _, want := range []string{"lms.yaml  1 of 2 tests", "an event is expected, and it is ignored", "1 of "} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	if code, out, _ := run(t, "rules", "test", folder, "--run", "a lead"); code != 0 || !strings.Contains(out, "1 test passed") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
