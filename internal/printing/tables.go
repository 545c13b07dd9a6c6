package printing

import (
	"fmt"
	"strings"
	"time"

	"homeroom/internal/cells"
)

// Table lines columns up by the cells that they take on a terminal, each of them printable whoever wrote it.
func Table(fill func(row func(...any))) string {
	var rows [][]string
	fill(func(columns ...any) {
		texts := make([]string, len(columns))
		for i, column := range columns {
			texts[i] = fmt.Sprint(column)
		}
		rows = append(rows, texts)
	})
	return cells.Table(rows)
}

// leastNameColumns is how many columns are left to names in the widest table.
const leastNameColumns = 12

// writeColumns writes a table whose first column is text and whose others are numbers, lined up on the right. Each cell is made printable; a text that leaves no room for the numbers is
// cut.
func writeColumns(o IO, b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], cells.Width(cells.Printable(cell)))
		}
	}
	numbers := 0
	for _, width := range widths[1:] {
		numbers += 2 + width
	}
	widths[0] = min(widths[0], max(lineWidth-numbers, leastNameColumns))
	write := func(row []string) string {
		var line strings.Builder
		for i, cell := range row {
			cell = cells.Cut(cells.Printable(cell), widths[i])
			if i == 0 {
				line.WriteString(cells.Pad(cell, widths[i]))
			} else {
				line.WriteString("  " + strings.Repeat(" ", widths[i]-cells.Width(cell)) + cell)
			}
		}
		return strings.TrimRight(line.String(), " ")
	}
	fmt.Fprintf(b, "\n%s\n", o.paint("1", write(head)))
	for _, row := range rows {
		fmt.Fprintln(b, write(row))
	}
}

// writeWrapped writes a sentence in lines of at most lineWidth, each indented by so many columns. It is made printable.
func writeWrapped(b *strings.Builder, indent int, text string) {
	for _, line := range cells.Wrap(cells.Printable(text), lineWidth-indent) {
		b.WriteString(strings.Repeat(" ", indent) + line + "\n")
	}
}

// notKnown stands where nobody reports a figure.
const notKnown = "–"

// wrapLines breaks each line of a text between words into lines of at most so many columns. Each line is made printable.
func wrapLines(text string, most int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, cells.Wrap(cells.Printable(line), most)...)
	}
	return lines
}

// indentLines puts two spaces before each line.
func indentLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		b.WriteString("  " + line)
	}
	return b.String()
}

// The widths of lines and of what publishers wrote, in cells of a terminal. A line of a list with a sequence of seven digits is within 80 if ids and names are short, and within
// lineWidth whatever they are.
const (
	lineWidth       = 100
	maxLearnerCells = 24
	maxEventCells   = 28
	maxReasonCells  = 16
)

func minuteText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// oneLine writes a text without its line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// EndSentence returns a text with a full stop at its end, unless it ends in a question.
func EndSentence(text string) string {
	if strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}
