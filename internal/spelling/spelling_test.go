package spelling_test

import (
	"strings"
	"testing"

	"homeroom/internal/spelling"
)

func TestNearest(t *testing.T) {
	words := []string{"passed", "wait", "wait_for", "lesson.completed", "lesson.started", "x"}
	for _, c := range []struct {
		word string
		want string
	}{
		{"passed", "passed"},
		{"pased", "passed"},   // a letter missing
		{"passde", "passed"},  // neighbors swapped
		{"passsed", "passed"}, // a letter too many
		{"psd", ""},
		{"Wait", "wait"},
		{"waitFor", "wait_for"},
		{"Lesson Completed", "lesson.completed"},
		{"lesson.complete", "lesson.completed"},
		{"y", "x"}, // one edit is always near
		{"weather", ""},
		{"", ""},
		{"...", ""},
		{strings.Repeat("lesson.completed", 1000), ""},
	} {
		if got := spelling.Nearest(c.word, words); got != c.want {
			t.Errorf("Nearest(%.40q) = %q, want %q", c.word, got, c.want)
		}
	}
	if got := spelling.Nearest("passed", []string{strings.Repeat("passed", 1000)}); got != "" {
		t.Errorf("a very long candidate is near: %.40q", got)
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		word  string
		known []string
		want  string
	}{
		{"weit", []string{"wait", "send"}, "did you mean wait?"},
		{"teleport", []string{"wait", "send"}, "one of wait, send"},
		{"teleport", nil, ""},
		{"teleport", strings.Fields(strings.Repeat("w ", 100)), ""},
	} {
		if got := spelling.Suggest(c.word, c.known); got != c.want {
			t.Errorf("Suggest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}
