package ruletest

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
)

// compareTimeline sets what was expected against what was decided. Messages (sent and withheld) must be equal in full and in
// order; the other kinds are looked for where they are listed. texts are what the sent messages say, by send.
func compareTimeline(t *Test, decisions []engine.Decision, texts map[string]string) ([]Line, bool) {
	marks := make([]DiffMark, len(decisions))
	for i := range marks {
		marks[i] = Same
	}
	var got, want []int // positions of messages
	for i := range decisions {
		if isMessage(decisions[i].Kind) {
			got = append(got, i)
		}
	}
	missing := make([]bool, len(t.Expect))
	used := make([]bool, len(decisions))
	for i := range t.Expect {
		x := &t.Expect[i]
		if isMessage(x.Kind) {
			want = append(want, i)
			continue
		}
		missing[i] = true
		for j := range decisions {
			if !used[j] && x.matchesDecision(&decisions[j]) {
				used[j] = true
				missing[i] = false
				break
			}
		}
	}
	gotCommon, wantCommon := longestCommonSubsequence(len(got), len(want), func(i, j int) bool {
		return t.Expect[want[j]].matchesDecision(&decisions[got[i]])
	})
	for i, j := range got {
		if !gotCommon[i] {
			marks[j] = Unexpected
		}
	}
	for i, j := range want {
		missing[j] = !wantCommon[i]
	}
	passed := !slices.Contains(missing, true) && !slices.Contains(marks, Unexpected)
	lines := timelineLines(t, decisions, marks, missing)
	for i, j := range pairCommon(gotCommon, wantCommon) {
		d := &decisions[got[i]]
		for _, text := range t.Expect[want[j]].missingTexts(texts[d.Send]) {
			passed = false
			lines = append(lines, Line{Mark: Missing, At: d.At, Kind: "text", What: d.Message, Why: fmt.Sprintf("does not contain %q", text), rank: 3})
		}
	}
	sortLines(lines)
	return lines, passed
}

// pairCommon returns which item of one sequence is which of the other, given those that belong to a common subsequence.
func pairCommon(a, b []bool) map[int]int {
	pairs := map[int]int{}
	j := 0
	for i, common := range a {
		if !common {
			continue
		}
		for !b[j] {
			j++
		}
		pairs[i] = j
		j++
	}
	return pairs
}

// missingTexts returns those of the expected texts that a message does not contain. White space counts as one space: plain text is
// broken into lines.
func (x *Expectation) missingTexts(message string) []string {
	flat := strings.Join(strings.Fields(message), " ")
	var missing []string
	for _, text := range x.Texts {
		if !strings.Contains(flat, strings.Join(strings.Fields(text), " ")) {
			missing = append(missing, text)
		}
	}
	return missing
}

func isMessage(k engine.Kind) bool { return k == engine.KindSent || k == engine.KindWithheld }

// matchesDecision reports whether the decision is what was expected, to the second.
func (x *Expectation) matchesDecision(d *engine.Decision) bool {
	if x.Kind != d.Kind || !sameSecond(x.At, d.At) {
		return false
	}
	if x.Reason != "" && x.Reason != d.Reason || x.Rule != "" && x.Rule != d.Rule {
		return false
	}
	if isMessage(x.Kind) {
		return x.What == d.Message
	}
	if x.Kind == engine.KindSet {
		return d.Set != nil && x.What == d.Set.Trait && (!x.HasValue || reflect.DeepEqual(x.Value, d.Set.Value))
	}
	return x.What == d.Message || x.What == d.Rule
}

// valueWords says what a trait is expected to be set to; empty: the test does not say.
func (x *Expectation) valueWords() string {
	if !x.HasValue {
		return ""
	}
	change := engine.TraitChange{Trait: x.What, Value: x.Value}
	return change.String()
}

func sameSecond(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) }

// longestCommonSubsequence finds a longest common subsequence of two sequences and returns which of their items belong to it.
func longestCommonSubsequence(n, m int, same func(i, j int) bool) (a, b []bool) {
	longest := make([][]int, n+1)
	for i := range longest {
		longest[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if same(i, j) {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	a = make([]bool, n)
	b = make([]bool, m)
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case same(i, j):
			a[i] = true
			b[j] = true
			i = i + 1
			j = j + 1
		case longest[i+1][j] >= longest[i][j+1]:
			i++
		default:
			j++
		}
	}
	return a, b
}

// timelineLines lists events, missing expectations and decisions. Within an instant they are shown in that order.
func timelineLines(t *Test, decisions []engine.Decision, marks []DiffMark, missing []bool) []Line {
	var lines []Line
	for i := range t.Events {
		ev := &t.Events[i]
		if !ev.At.After(t.Until) {
			why := propertyWords(ev.Properties)
			if ev.Name == engine.EventAliased {
				why += " (a test is about one id, so nothing is merged)"
			}
			lines = append(lines, Line{Mark: Same, At: ev.At, Kind: "event", What: ev.Name, Why: why, rank: 0})
		}
	}
	for i := range t.Expect {
		if x := &t.Expect[i]; missing[i] {
			var why []string
			for _, part := range []string{string(x.Reason), x.Rule, x.valueWords()} {
				if part != "" {
					why = append(why, part)
				}
			}
			lines = append(lines, Line{Mark: Missing, At: x.At, Kind: string(x.Kind), What: x.What, Why: strings.Join(why, " · "), rank: 1})
		}
	}
	for i := range decisions {
		d := &decisions[i]
		what, why := narrate.Summary(d)
		lines = append(lines, Line{Mark: marks[i], At: d.At, Kind: string(d.Kind), What: what, Why: why, rank: 2})
	}
	return lines
}

func sortLines(lines []Line) {
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.rank, b.rank)) })
}

// propertyWords writes an event's properties in one line, by name.
func propertyWords(all map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, fmt.Sprintf("%s=%v", name, all[name]))
	}
	return strings.Join(parts, " ")
}
