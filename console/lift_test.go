package console_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"homeroom/console"
	"homeroom/engine"
)

// TestTheLiftAndItsGrowthLoop: the page says what was shared and who came by it, and the figures come as CSV.
func TestTheLiftAndItsGrowthLoop(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	s.decide(engine.Decision{ID: "1", Kind: engine.KindStarted, Run: "r1"})
	s.decide(engine.Decision{ID: "2", Kind: engine.KindSent, Run: "r1", Step: "2", Send: "s1", Message: "quiz-retry"})
	for n, certificate := range []string{"c1", "c2"} {
		if err := s.store.Events.Publish(t.Context(), "u_1", "certificate.shared", certificate, time.Now().AddDate(0, 0, n-2), map[string]any{"certificate_id": certificate}); err != nil {
			t.Fatal(err)
		}
	}
	b := s.browser("")
	b.get("/lift.csv") // waits longer until all is counted
	page := b.get("/lift")
	for _, want := range []string{"certificates shared</td><td class=\"n\">2", "quiz-retry", "/homeroom/lift.csv", "Counted "} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(b.get("/lift.csv"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "quiz-retry" || rows[2][0] != "total" {
		t.Errorf("%v, %v", rows, err)
	}
}
