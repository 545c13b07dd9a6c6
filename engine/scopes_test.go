package engine

import (
	"fmt"
	"testing"
)

// The scopes that a Stepper keeps are those that a step makes, and they are not more than it may keep.
func TestKeptScopes(t *testing.T) {
	s := &stepper{}
	s.keepScopes()
	for round := range 2 {
		for n := range 2*maxScopes + 10 {
			course := fmt.Sprintf("crs %d", n%(maxScopes+5))
			if got, want := s.courseScope(course), courseScope(course); got != want {
				t.Fatalf("round %d: the scope of %s is %s, want %s", round, course, got, want)
			}
		}
	}
	if n := len(s.spare.scopes); n == 0 || n > maxScopes {
		t.Errorf("%d scopes are kept", n)
	}
	if got := s.courseScope(""); got != "" {
		t.Errorf("the scope of the platform is %q", got)
	}
}
