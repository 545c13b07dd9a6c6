package judge_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/fstest"

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
