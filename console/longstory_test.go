package console_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/console"
	"homeroom/engine"
)

// TestAVeryLongStory: the page of a learner about whom very much was decided begins with the newest, says how much it leaves out, and leads further back.
func TestAVeryLongStory(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	var decisions []engine.Decision
	began := time.Now().Add(-48 * time.Hour).UTC()
	for n := range 2_100 {
		decisions = append(decisions, engine.Decision{
			ID:      fmt.Sprint(n),
			Kind:    engine.KindStarted,
			Rule:    "quiz-retry",
			Learner: "u_1",
			Run:     fmt.Sprint("r", n),
			Scope:   fmt.Sprintf("quiz-%04d", n),
			At:      began.Add(time.Duration(n) * time.Second),
		})
	}
	if err := s.store.Decisions.Publish(t.Context(), decisions); err != nil {
		t.Fatal(err)
	}
	b := s.browser("")
	page := b.get("/learners/u_1")
	wantParts(t, page, "100 older events and decisions were not read", "1,900 earlier runs are not shown", "/learners/u_1?events=10000", "quiz-2099", "quiz-2000")
	if strings.Contains(page, "quiz-1999") {
		t.Error("it shows more than the newest runs")
	}
	page = b.get("/learners/u_1?events=10000")
	wantParts(t, page, "1,600 earlier runs are not shown", "?events=50000", "quiz-1600")
	if strings.Contains(page, "were not read") || strings.Contains(page, "quiz-1599") {
		t.Error("it does not read everything, or shows more than it says")
	}
	for _, events := range []string{"-1", "x", "99999999999999999999", "999999999"} {
		b.get("/learners/u_1?events=" + events)
	}
	if page = b.get("/learners/u_1?events=100000"); strings.Contains(page, "not shown") || !strings.Contains(page, "quiz-0000") {
		t.Error("there is a way to see everything, and it does not")
	}
}
