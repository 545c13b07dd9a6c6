package ruletest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/ruletest"
)

func TestJUnit(t *testing.T) {
	passed := runOne(t, failedQuiz+"expect: [{at: +2h, sent: try-again}, {at: +3d2h, sent: study-plan}]\n")
	failed := runOne(t, failedQuiz+"expect: [{at: +3d2h, sent: study-plan}]\n")
	_, problems := ruletest.Parse("tests/broken.yaml", []byte("- a\n"))
	var b strings.Builder
	if err := ruletest.WriteJUnit(&b, []ruletest.Result{passed, failed}, problems); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<testsuites tests="3" failures="1" errors="1">`,
		`<testsuite name="tests/t.yaml" tests="2" failures="1" errors="0">`,
		`<testcase name="a failed quiz gets one nudge after two hours" classname="tests/t.yaml" file="tests/t.yaml" line="2"></testcase>`,
		`+ 2026-03-02 12:00:00`,
		`<error message="a test must be a mapping, key: value">`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("missing %s in\n%s", want, b.String())
		}
	}
}

func TestCoverage(t *testing.T) {
	f := folder(t)
	cases := []struct{ name, src, want string }{
		{"one test", failedQuiz + "until: +1d\nexpect: [{at: +2h, sent: try-again}]\n",
			`coverage: 3 of 6 steps, 0 of 2 branches, 0 of 0 until
reached by no test:
  retry: step 3 (wait_for assessment.retried): the event never came
  retry: step 3 (wait_for assessment.retried): never timed out
  retry: step 3.then (stop retried)
  retry: step 4 (send study-plan)
  welcome: step 1 (send welcome)
`},
		{"and its timeout", failedQuiz + "expect: []\n",
			`coverage: 4 of 6 steps, 1 of 2 branches, 0 of 0 until
reached by no test:
  retry: step 3 (wait_for assessment.retried): the event never came
  retry: step 3.then (stop retried)
  welcome: step 1 (send welcome)
`},
		{"and the event, and the other rule", failedQuiz + `
  - {at: +1d, event: assessment.retried, properties: {assessment_id: a1}}
  - {at: +1d, event: enrollment.created, properties: {course_id: go}}
expect: []
`, "coverage: 6 of 6 steps, 2 of 2 branches, 0 of 0 until\n"},
	}
	coverage := ruletest.NewCoverage(f.Ruleset)
	for _, c := range cases {
		tests, problems := ruletest.Parse("tests/t.yaml", []byte(c.src))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		ready, problems := tests[0].Prepare(f)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		ready.Run(coverage)
		var b strings.Builder
		if err := coverage.Write(&b); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, b.String()); d != "" {
			t.Errorf("%s: coverage (-want +got):\n%s", c.name, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(failedQuiz + "expect:\n  - {at: +2h, sent: try-again}\n---\ntest: two\nexpect: []\n")
	f.Add("test: &a x\nrules: *a\nstart: !!str 1\nexpect:\n- ? a\n  : b\n")
	f.Add("learner: {traits: {a: [1, 2.5, ~, true, {b: |\n  c\n}]}}")
	f.Fuzz(func(t *testing.T, src string) {
		tests, problems := ruletest.Parse("f.yaml", []byte(src))
		if len(tests) == 0 && len(problems) == 0 {
			t.Error("neither a test nor a problem")
		}
		for _, p := range problems {
			if p.Line < 1 || p.Col < 1 || p.Message == "" {
				t.Errorf("a problem without a place or a message: %+v", p)
			}
		}
	})
}
