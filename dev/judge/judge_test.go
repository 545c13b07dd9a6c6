package judge_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"homeroom/dev/judge"
	"homeroom/rules"
)

// TestEventsThatCannotBeReadAgain: a ranking that is missing is an error, not a table without rows.
func TestEventsThatCannotBeReadAgain(t *testing.T) {
	academy, problems := rules.Load(fstest.MapFS{
		"a/rules/hello.yaml":  {Data: []byte("rule: hello\nwhen: {event: enrollment.created}\ndo: [send: hello]\n")},
		"a/messages/hello.md": {Data: []byte("---\nsubject: Hello\n---\nHello.\n")},
	}, "a")
	if academy == nil {
		t.Fatal(problems)
	}
	events := `{"id":"e1","event":"enrollment.created","learner_id":"u1","time":"2026-03-02T09:00:00Z","properties":{"course_id":"go"}}
{"id":"e2","event":"lesson.started","learner_id":"u1","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go","lesson_id":"l1"}}
`
	opened := 0
	open := func() (io.ReadCloser, error) {
		if opened++; opened == 3 {
			return nil, os.ErrNotExist
		}
		return io.NopCloser(strings.NewReader(events)), nil
	}
	_, err := judge.Run(t.Context(), judge.Options{Academy: academy, Open: open, Days: []int{7}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the third reading fails, and the result is: %v", err)
	}
}

// TestMissingWorkRanksLearners: who has handed in less of what the others have is ranked as lost; who completes the course is not.
func TestMissingWorkRanksLearners(t *testing.T) {
	academy, problems := rules.Load(fstest.MapFS{
		"a/rules/hello.yaml":  {Data: []byte("rule: hello\nwhen: {event: enrollment.created}\ndo: [send: hello]\n")},
		"a/messages/hello.md": {Data: []byte("---\nsubject: Hello\n---\nHello.\n")},
	}, "a")
	if academy == nil {
		t.Fatal(problems)
	}
	var events strings.Builder
	event := func(day int, learner, name, more string) {
		at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, day).Format(time.RFC3339)
		fmt.Fprintf(&events, `{"id":"%s-%d-%s%s","event":"%s","learner_id":"%s","time":"%s","properties":{"course_id":"go"%s}}`+"\n", name, day, learner, strings.Map(func(r rune) rune {
			if r == '"' {
				return -1
			}
			return r
		}, more), name, learner, at, more)
	}
	for _, learner := range []string{"good", "fair", "lost"} {
		event(0, learner, "enrollment.created", "")
		event(1, learner, "assessment.graded", `,"assessment_id":"a1"`)
	}
	event(30, "good", "assessment.graded", `,"assessment_id":"a2"`)
	event(31, "fair", "assessment.graded", `,"assessment_id":"a2"`)
	event(100, "good", "course.completed", "")
	event(100, "fair", "course.completed", "")
	event(120, "good", "assessment.graded", `,"assessment_id":"a3"`)
	found, err := judge.Run(t.Context(), judge.Options{
		Academy: academy,
		Open:    func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(events.String())), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Work) != 2 {
		t.Fatalf("missing work was measured on %d days, want 2: %+v", len(found.Work), found.Work)
	}
	for _, k := range found.Work {
		if k.People != 3 || k.Lost != 1 || k.Missing != 1 {
			t.Errorf("on day %d: %+v, want 3 people, 1 lost, ranked perfectly", k.Day, k)
		}
	}
}
