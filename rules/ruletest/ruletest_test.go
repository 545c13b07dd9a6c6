package ruletest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/rules/ruletest"
)

// A folder with two rules: a failed quiz gets a message after two hours and another after three days unless it is
// retried; an enrolment gets a welcome. Quiet hours are 21:00 to 08:00.
func folder(t *testing.T) ruletest.Folder {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	send := func(id, message string) engine.Instr {
		return engine.Instr{Op: engine.OpSend, ID: id, Send: &engine.SendStep{Message: message, Channel: "email"}}
	}
	return ruletest.Folder{
		Catalog: c,
		Ruleset: &engine.Ruleset{
			Hash: "r1",
			Keys: c.Keys(),
			Settings: engine.Settings{
				Control:    2,
				Patience:   24 * time.Hour,
				Resolution: time.Minute,
				Quiet:      &engine.QuietHours{From: 21 * 60, To: 8 * 60},
			},
			Rules: []*engine.Rule{
				{
					Name: "retry",
					Per:  []string{"assessment_id"},
					When: engine.Trigger{Match: engine.Match{Event: "assessment.graded", If: failed{}}},
					Program: []engine.Instr{
						{Op: engine.OpWait, ID: "1", Dur: 2 * time.Hour},
						send("2", "try-again"),
						{Op: engine.OpWaitFor, ID: "3", Dur: 72 * time.Hour, Match: &engine.Match{Event: "assessment.retried"}, Else: 4},
						{Op: engine.OpStop, ID: "3.then", Reason: "retried"},
						send("4", "study-plan"),
					},
				},
				{
					Name:    "welcome",
					Per:     []string{"course_id"},
					When:    engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
					Goal:    &engine.Goal{Match: engine.Match{Event: "course.completed"}, Within: 7 * 24 * time.Hour},
					Program: []engine.Instr{send("1", "welcome")},
				},
			},
		},
	}
}

// failed is the condition event.passed == false.
type failed struct{}

func (failed) Eval(v *engine.Vars) (any, error) { return v.Event.Properties["passed"] == false, nil }
func (failed) Source() string                   { return "event.passed == false" }

const failedQuiz = `
test: a failed quiz gets one nudge after two hours
start: 2026-03-02T10:00:00Z
events:
  - at: +0s
    event: assessment.graded
    properties: {assessment_id: a1, score_pct: 40, passed: false, grader_type: auto}
`

// runOne runs the only test of a file and fails if it cannot be run.
func runOne(t *testing.T, src string) ruletest.Result {
	t.Helper()
	tests, problems := ruletest.Parse("tests/t.yaml", []byte(src))
	if len(problems) > 0 || len(tests) != 1 {
		t.Fatalf("got %d tests, %v", len(tests), problems)
	}
	c, problems := tests[0].Prepare(folder(t))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	res := c.Run(nil)
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	return res
}

func TestTestsThatPass(t *testing.T) {
	cases := []struct{ name, src string }{
		{"offsets and absolute times", failedQuiz + `
expect:
  - {at: +2h, sent: try-again}
  - {at: "2026-03-05T12:00:00Z", sent: study-plan}
`},
		{"a way out, listed", failedQuiz + `
  - {at: +1d, event: assessment.retried, properties: {assessment_id: a1, attempt_number: 2}}
expect:
  - {at: +2h, sent: try-again, rule: retry}
  - {at: +1d, exited: retry, reason: stop}
`},
		{"quiet hours in the learner's zone", `
test: nobody is woken in Berlin
learner: {timezone: Europe/Berlin, traits: {email: ada@example.org}}
start: 2026-03-02T18:30:00Z
events:
  - {at: +0s, event: assessment.graded, properties: {assessment_id: a1, passed: false}}
until: +1d
expect:
  - {at: +2h, deferred: try-again, reason: quiet_hours}
  - {at: "2026-03-03T07:00:00Z", sent: try-again}
`},
		{"a learner without an address", `
test: nobody to write to
learner: {timezone: Europe/Berlin}
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: enrollment.created, properties: {course_id: go}}
expect:
  - {at: +0s, skipped: welcome, reason: no_address}
`},
		{"traits that come with an event", `
test: an address arrives
learner: {timezone: Europe/Berlin}
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: enrollment.created, properties: {course_id: go}, traits: {email: ada@example.org}}
expect:
  - {at: +0s, sent: welcome}
`},
		{"chosen rules only", `
test: the welcome is not looked at
rules: [retry]
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: enrollment.created, properties: {course_id: go}}
expect: []
`},
		{"the same id twice is the same event", `
test: a publisher's repeat
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, id: x, event: enrollment.created, properties: {course_id: go}}
  - {at: +1h, id: x, event: enrollment.created, properties: {course_id: rust}}
expect:
  - {at: +0s, sent: welcome}
`},
		{"held out of the control group", `
test: nobody writes, at the same moment
held_out: true
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: enrollment.created, properties: {course_id: go}}
expect:
  - {at: +0s, withheld: welcome, reason: control}
`},
		{"a goal, reached after the message", `
test: a review
start: 2026-03-02T10:00:00Z
events:
  - {at: +0s, event: enrollment.created, properties: {course_id: go}}
  - {at: +2d, event: course.completed, properties: {course_id: go}}
expect:
  - {at: +0s, sent: welcome}
  - {at: +2d, converted: welcome, rule: welcome}
`},
		{"until is inclusive, and events after it are not heard", failedQuiz + `
  - {at: +2h1s, event: enrollment.created, properties: {course_id: go}}
until: +2h
expect:
  - {at: +2h, sent: try-again}
`},
		{"an event that happened before it arrived", `
test: the delay is not added up
start: 2026-03-02T10:00:00Z
events:
  - {at: +1h, time: +0s, event: assessment.graded, properties: {assessment_id: a1, passed: false}}
until: +1d
expect:
  - {at: +2h, sent: try-again}
`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if res := runOne(t, c.src); !res.Passed {
				t.Error(diff(t, res))
			}
		})
	}
}

func diff(t *testing.T, res ruletest.Result) string {
	t.Helper()
	var b strings.Builder
	if err := res.Write(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAFailureReadsLikeATimeline(t *testing.T) {
	res := runOne(t, `
test: nobody is woken in Berlin
learner: {timezone: Europe/Berlin, traits: {email: ada@example.org}}
start: 2026-03-02T18:30:00Z
events:
  - {at: +0s, event: assessment.graded, properties: {assessment_id: a1, passed: false}}
until: +4d
expect:
  - {at: +2h, sent: try-again}
  - {at: +2h, exited: retry, reason: until}
`)
	want := strings.TrimLeft(`
tests/t.yaml:2: nobody is woken in Berlin
  - expected   + got
    2026-03-02 18:30:00  +0s        event     assessment.graded  assessment_id=a1 passed=false
    2026-03-02 18:30:00  +0s        started   retry              assessment_id=a1 · assessment.graded
  - 2026-03-02 20:30:00  +2h        sent      try-again
  - 2026-03-02 20:30:00  +2h        exited    retry              until
    2026-03-02 20:30:00  +2h        deferred  try-again          quiet_hours until 2026-03-03 07:00:00 · retry · assessment_id=a1
  + 2026-03-03 07:00:00  +12h30m    sent      try-again          retry · assessment_id=a1
  + 2026-03-06 07:00:00  +3d12h30m  sent      study-plan         retry · assessment_id=a1
`, "\n")
	if d := cmp.Diff(want, diff(t, res)); d != "" || res.Passed {
		t.Errorf("passed: %v; diff (-want +got):\n%s", res.Passed, d)
	}
}

func TestTestsThatFail(t *testing.T) {
	cases := []struct{ name, expect string }{
		{"a message one second early", "[{at: +1h59m59s, sent: try-again}, {at: +3d2h, sent: study-plan}]"},
		{"a message too few", "[{at: +2h, sent: try-again}]"},
		{"a message too many", "[{at: +2h, sent: try-again}, {at: +2h, sent: try-again}, {at: +3d2h, sent: study-plan}]"},
		{"no message expected", "[]"},
		{"another kind", "[{at: +2h, withheld: try-again}, {at: +3d2h, sent: study-plan}]"},
		{"another reason", "[{at: +0s, started: retry, reason: again}, {at: +2h, sent: try-again}, {at: +3d2h, sent: study-plan}]"},
		{"something that never came", "[{at: +1h, skipped: retry}, {at: +2h, sent: try-again}, {at: +3d2h, sent: study-plan}]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if res := runOne(t, failedQuiz+"expect: "+c.expect+"\n"); res.Passed {
				t.Errorf("passed:\n%s", diff(t, res))
			}
		})
	}
}

func TestNobodyCanBeHeldOut(t *testing.T) {
	f := folder(t)
	f.Ruleset.Settings.Control = 0
	tests, _ := ruletest.Parse("tests/t.yaml", []byte("test: x\nheld_out: true\nstart: 2026-03-02T10:00:00Z\nexpect: []\n"))
	if _, problems := tests[0].Prepare(f); !strings.Contains(problems.Error(), `2:1: test "x": none of the rules has a holdout`) {
		t.Errorf("got %v", problems)
	}
}
