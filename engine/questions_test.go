package engine_test

import (
	"os"
	"strings"
	"testing"

	"homeroom/engine"
)

// TestQuestionsAreDocumented holds the table of docs/rules.md to the questions: the same names in the same order, each
// with all of its reasons.
func TestQuestionsAreDocumented(t *testing.T) {
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(data), "\n## Sending\n")
	if !found {
		t.Fatal("docs/rules.md has no section Sending")
	}
	_, table, found := strings.Cut(section, "|---|---|---|\n")
	if !found {
		t.Fatal("the section Sending of docs/rules.md has no table of questions")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	questions := engine.SendQuestions()
	if len(rows) != len(questions) {
		t.Fatalf("docs/rules.md lists %d questions, the engine asks %d", len(rows), len(questions))
	}
	for i, q := range questions {
		name, text, _ := strings.Cut(strings.TrimPrefix(rows[i], "| "), " |")
		if name != q.Name {
			t.Errorf("question %d is %q in docs/rules.md and %q in the engine", i+1, name, q.Name)
		}
		for _, reason := range q.Reasons {
			if !strings.Contains(text, "`"+string(reason)+"`") && !strings.Contains(text, ": "+string(reason)+"`") {
				t.Errorf("the row %q of docs/rules.md does not name the reason %q", name, reason)
			}
		}
	}
}
