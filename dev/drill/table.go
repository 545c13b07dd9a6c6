package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteTable writes the drills as one table, and below it what there is to say about each.
func WriteTable(out io.Writer, reports []Report) error {
	lines := [][]string{{"drill", "published", "unneeded", "handed over", "sent", "skipped", "failed", "uncertain", "dead", "waiting", "doubled", "lost", "took"}}
	for _, r := range reports {
		line := []string{r.Drill}
		for _, n := range []int{r.Published, r.Unneeded, r.HandedOver, r.Sent, r.Skipped, r.Failed, r.Uncertain, r.Dead, r.Waiting, r.Doubled, r.Lost} {
			line = append(line, withCommas(n))
		}
		lines = append(lines, append(line, fmt.Sprintf("%.0f s", r.Seconds)))
	}
	var b strings.Builder
	writeColumns(&b, lines)
	for _, r := range reports {
		r.writeFindings(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeColumns aligns cells: the first of a line to the left, the others to the right.
func writeColumns(b *strings.Builder, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, line := range lines {
		fmt.Fprintf(b, "%-*s", widths[0], line[0])
		for i, cell := range line[1:] {
			fmt.Fprintf(b, "  %*s", widths[i+1], cell)
		}
		b.WriteByte('\n')
	}
}

// writeFindings writes the verdict and what the numbers do not say.
func (r Report) writeFindings(b *strings.Builder) {
	verdict := "everything is accounted for"
	if !r.Passed() {
		verdict = "FAILED"
	}
	fmt.Fprintf(b, "\n%s: %s\n", r.Drill, verdict)
	for _, line := range r.Wrong {
		fmt.Fprintf(b, "  wrong: %s\n", line)
	}
	if r.Waiting > 0 {
		fmt.Fprintf(b, "  wrong: %s still waited when patience ended\n", withCommas(r.Waiting))
	}
	for _, line := range r.Notes {
		fmt.Fprintf(b, "  %s\n", line)
	}
	if r.Uncertain > 0 {
		fmt.Fprintf(b, "  %s uncertain, not counted as lost: each has a decision and is never sent again; the provider has %s of them\n",
			withCommas(r.Uncertain), withCommas(r.Uncertain-r.NotTaken))
		for _, line := range r.Doubtful {
			fmt.Fprintf(b, "    %s\n", line)
		}
	}
}

// WriteJSON writes the drills as one array.
func WriteJSON(out io.Writer, reports []Report) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(reports)
}

// withCommas writes 151677 as 151,677.
func withCommas(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
