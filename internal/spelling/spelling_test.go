package spelling_test

import (
	"strings"
	"testing"

	"homeroom/internal/spelling"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"passed", "passed", 0}, {"pased", "passed", 1}, {"passde", "passed", 1}, {"wait", "wait_for", 4}, {"", "abc", 3},
		{"lesson.complete", "lesson.completed", 1}, {strings.Repeat("a", 200), "a", 128},
	} {
		if got := spelling.Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := spelling.Distance(c.b, c.a); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
