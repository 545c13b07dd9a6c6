package ruletest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/rules/ruletest"
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
		`<error message="a test must be a block of keys, not a list">`,
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
			`coverage: 3 of 6 steps, 0 of 2 branches, 0 of 1 ways out
reached by no test:
  retry: step 3 (wait_for assessment.retried): the event never came
  retry: step 3 (wait_for assessment.retried): never timed out
  retry: step 3.then (stop retried)
  retry: step 4 (send study-plan)
  welcome: step 1 (send welcome)
  welcome: goal course.completed
`},
		{"and its timeout", failedQuiz + "expect: []\n",
			`coverage: 4 of 6 steps, 1 of 2 branches, 0 of 1 ways out
reached by no test:
  retry: step 3 (wait_for assessment.retried): the event never came
  retry: step 3.then (stop retried)
  welcome: step 1 (send welcome)
  welcome: goal course.completed
`},
		{"and the event, and the other rule", failedQuiz + `
  - {at: +1d, event: assessment.retried, properties: {assessment_id: a1}}
  - {at: +1d, event: enrollment.created, properties: {course_id: go}}
  - {at: +2d, event: course.completed, properties: {course_id: go}}
expect: []
`, "coverage: 6 of 6 steps, 2 of 2 branches, 1 of 1 ways out\n"},
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

// TestCoverageOfASplit: which arm a learner is in, even where an arm is over at once, is read off what is decided.
func TestCoverageOfASplit(t *testing.T) {
	f := folder(t)
	arm := func(id, message string) engine.Instr {
		return engine.Instr{Op: engine.OpSend, ID: id, Send: &engine.SendStep{Message: message, Channel: "email"}}
	}
	f.Ruleset.Rules = []*engine.Rule{{
		Name: "try",
		When: engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
		Program: []engine.Instr{
			{
				Op: engine.OpSplit,
				ID: "1",
				Split: &engine.Split{
					Name: "tone",
					Arms: []engine.Arm{
						{Name: "cool", Weight: 1, PC: 1}, {Name: "warm", Weight: 1, PC: 3}},
				},
			},
			arm("1.cool.1", "cool"),
			{Op: engine.OpJump, Else: 4},
			arm("1.warm.1", "warm"),
		},
	}}
	coverage := ruletest.NewCoverage(f.Ruleset)
	tests, problems := ruletest.Parse("tests/t.yaml", []byte(`
test: one arm
learner: {id: ada, traits: {email: ada@example.org}}
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: enrollment.created, properties: {course_id: go}}
expect: []
`))
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
	if got := b.String(); !strings.Contains(got, "2 of 3 steps, 1 of 2 branches") || !strings.Contains(got, "step 1 (split tone): no learner in arm ") {
		t.Errorf("got %s", got)
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
