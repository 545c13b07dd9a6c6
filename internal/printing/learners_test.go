package printing

import (
	"strings"
	"testing"
	"time"

	"homeroom/admin"
)

// TestWhoseWorkflowGetsNowhereIsPrinted: with what Temporal tells, and without what it does not.
func TestWhoseWorkflowGetsNowhereIsPrinted(t *testing.T) {
	got := FailingText([]admin.LearnerFailing{
		{Learner: "ada", Step: "deciding", Error: "1 input waiting, and deciding fails: the rules read 3 MB"},
		{Learner: "linus\u202e", Step: "the workflow task", Since: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Attempts: 7},
	}, 3)
	want := []string{
		"Handed over, and getting nowhere: 3 learners.",
		"ada            –                     –      deciding: 1 input waiting, and deciding fails: the rules read 3 MB",
		"2026-03-02T10:00:00Z  7×     the workflow task\n",
	}
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
	if strings.Contains(got, "\u202e") {
		t.Errorf("printed %q", got)
	}
	if got := FailingText(nil, 0); got != "" {
		t.Errorf("of nobody it prints %q", got)
	}
}
