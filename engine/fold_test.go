package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// skipAt is a skip of a rule at so many seconds.
func skipAt(second int, rule string, reason Reason) Decision {
	return Decision{ID: fmt.Sprintf("%s-%s-%d", rule, reason, second), At: time.Unix(int64(second), 0).UTC(), Rule: rule, Kind: KindSkipped, Reason: reason}
}

func TestRepeatedSkipsAreFolded(t *testing.T) {
	var decisions []Decision
	for i := range 40 {
		decisions = append(decisions, skipAt(i, "a", ReasonRunning))
		if i < 16 {
			decisions = append(decisions, skipAt(i, "a", ReasonAgain), Decision{ID: fmt.Sprint("exit", i), Kind: KindExited, Rule: "a"})
		}
		if i >= 20 {
			decisions = append(decisions, skipAt(i, "b", ReasonRunning))
		}
	}
	var lines []string
	total := 0
	for _, d := range FoldSkips(slices.Clone(decisions)) {
		total += d.Times()
		if d.Count > 0 {
			lines = append(lines, fmt.Sprintf("%s %s %d..%d ×%d", d.Rule, d.Reason, d.At.Unix(), d.Last.Unix(), d.Count))
		}
	}
	want := []string{"a running 0..39 ×40", "b running 20..39 ×20"}
	if !slices.Equal(lines, want) || total != len(decisions) {
		t.Errorf("folded %q, %d in all; want %q and %d", lines, total, want, len(decisions))
	}
}

// TestFoldingDoesNotDependOnBatches: however a burst is cut into steps, the sums per rule and reason are the same.
func TestFoldingDoesNotDependOnBatches(t *testing.T) {
	var decisions []Decision
	for i := range 500 {
		decisions = append(decisions, skipAt(i, string('a'+rune(i%3)), ReasonRunning))
	}
	sums := func(batch int) map[string]int {
		sum := map[string]int{}
		for part := range slices.Chunk(slices.Clone(decisions), batch) {
			for _, d := range FoldSkips(slices.Clone(part)) {
				sum[d.Rule+" "+string(d.Reason)] += d.Times()
			}
		}
		return sum
	}
	want := sums(1)
	for _, batch := range []int{7, 16, 17, 100, 500} {
		if got := sums(batch); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("in batches of %d: %v, want %v", batch, got, want)
		}
	}
}

func TestFoldingOfFewSkipsChangesNothing(t *testing.T) {
	var decisions []Decision
	for i := range 16 {
		decisions = append(decisions, skipAt(i, "a", ReasonRunning), skipAt(i, "b", ReasonRunning))
	}
	if got := FoldSkips(slices.Clone(decisions)); !slices.Equal(got, decisions) {
		t.Errorf("%d of %d decisions are left", len(got), len(decisions))
	}
}
