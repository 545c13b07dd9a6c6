package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// history answers with what it was told.
type history struct {
	sent  map[string]time.Duration // message → how long ago
	count map[string]int           // event → how often each day
}

func (h history) Sent(message string, d time.Duration) bool {
	ago, ever := h.sent[message]
	return ever && ago <= d
}

func (h history) Count(event string, days int) int { return h.count[event] * days }

func (h history) CountSame(event string, days int, key string) (int, error) {
	n, known := h.count[event+" "+key]
	if !known {
		return 0, fmt.Errorf("same.%s is a secret", key)
	}
	return n * days, nil
}

func TestThePast(t *testing.T) {
	vars := graded()
	vars.Past = history{map[string]time.Duration{"hello": 36 * time.Hour}, map[string]int{"lesson.completed": 2, "lesson.completed course_id": 1}}
	for condition, want := range map[string]string{
		`sent("hello", "36h")`:                                                                    "true",
		`sent('hello', "1d")`:                                                                     "false",
		`!sent("hello", "1d") && event.score_pct < 50`:                                            "true",
		`count("lesson.completed", "7d") == 14`:                                                   "true",
		`count("lesson.completed", "2w") / 2 + 0.5 > 14`:                                          "true",
		`count("lesson.completed", "7d", same.course_id) == 7`:                                    "true",
		`count("lesson.completed", "7d") - count("lesson.completed", "2d", same.course_id) == 12`: "true",
		`count("lesson.started", "90d") == 0`:                                                     "true",
		`(sent("hello", "1d") ? 1 : count("lesson.completed", "1d")) == 2`:                        "true",
	} {
		got, err := compileIf(t, condition).If.Eval(vars)
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, %v; want %s", condition, got, err, want)
		}
	}
	if _, err := compileIf(t, `count("lesson.started", "7d", same.course_id) > 0`).If.Eval(vars); err == nil || !strings.Contains(err.Error(), "same.course_id is a secret") {
		t.Errorf("got %v", err)
	}
	if m := compileIf(t, `event.passed == false && count("lesson.completed", "1d", same.course_id) > 0`); m.Gate == nil || m.Gate.Source() != "(event.passed == false)" {
		t.Errorf("the gate asks about the past: %v", m.Gate)
	}
	for condition, want := range map[string]string{
		`event.passed == false && count("lesson.completed", "1d", same.course_id) > 0`:                      `(count("lesson.completed", "1d", same.course_id) > 0)`,
		`count("lesson.completed", "7d") == 1 && event.score_pct < 50 && count("lesson.started", "7d") > 1`: `(count("lesson.completed", "7d") == 1) && (count("lesson.started", "7d") > 1)`,
		`count("lesson.completed", "7d") == 1 || event.passed`:                                              `(count("lesson.completed", "7d") == 1 || event.passed)`,
		`count("lesson.completed", "7d") == 1 || sent("hello", "1d")`:                                       "",
		`count("lesson.completed", "7d") == 1 || has(course.completed_at)`:                                  "",
		`event.passed == false`: "",
	} {
		got := ""
		if counts := compileIf(t, condition).Counts; counts != nil {
			got = counts.Source()
		}
		if got != want {
			t.Errorf("%s: hosts ask of counts %q, want %q", condition, got, want)
		}
	}
	m := compileIf(t, `event.passed == false && sent("hello", "1d")`)
	if m.Gate == nil || m.Gate.Source() != "(event.passed == false)" {
		t.Errorf("the gate asks about the past: %v", m.Gate)
	}
	vars.Past = nil
	if _, err := m.If.Eval(vars); err == nil || !strings.Contains(err.Error(), "the past is not known here") {
		t.Errorf("got %v", err)
	}
}

// TestWhereNothingMayHaveBeenDone: a rule about silence whose condition holds only before anything was done is known as such, and no other is.
func TestWhereNothingMayHaveBeenDone(t *testing.T) {
	for _, c := range []struct {
		in, condition string
		want          engine.ActivityPlace
	}{
		{"course", "!has(course.last_active_at)", engine.PlaceCourse},
		{"course", "!has(course.last_active_at) && learner.courses_completed < 2", engine.PlaceCourse},
		{"course", "!has(course.last_active_at) && !has(learner.last_active_at)", engine.PlacePlatform},
		{"platform", "!has(learner.last_active_at)", engine.PlacePlatform},
		{"course", "!has(course.last_active_at) || learner.courses_completed < 2", ""},
		{"course", "!(has(course.last_active_at) && learner.courses_completed < 2)", ""},
		{"course", "!has(course.completed_at)", ""},
		{"course", "has(course.last_active_at)", ""},
	} {
		academy := mustLoad(t, map[string]string{"rules/x.yaml": fmt.Sprintf(
			"rule: x\nwhen:\n  inactive: 3d\n  in: %s\n  if: %q\nagain: after 30d\ndo:\n  - send: hello\n", c.in, c.condition)})
		if got := academy.Ruleset.Rule("x").When.BeforeActivity; got != c.want {
			t.Errorf("in %s, %s: got %q, want %q", c.in, c.condition, got, c.want)
		}
	}
}

// TestWhatMustBeRemembered: the longest look back wins, wherever it stands.
func TestWhatMustBeRemembered(t *testing.T) {
	academy := mustLoad(t, map[string]string{"rules/x.yaml": `
rule: x
when: {event: trial.started, if: 'count("lesson.completed", "7d") < 3'}
do:
  - if: count("lesson.completed", "30d") > 3 || sent("hello", "3d")
    then:
      - send: hello
        if: '!sent("hello", "12h")'
`})
	if rs := academy.Ruleset; rs.Counted["lesson.completed"] != 30 || len(rs.Counted) != 1 || rs.SentWindow != 72*time.Hour {
		t.Errorf("count %v, remember %s", rs.Counted, rs.SentWindow)
	}
}
