// Package cells lays text out in the columns of a terminal, where some characters take two cells and some none.
package cells

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// maxMarks is how many characters without a width may follow one another; more would be drawn over the lines above and below.
const maxMarks = 3

// Width returns how many cells a text takes on one line.
func Width(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r < 0x7f { // most are
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// Cut returns as much of a text as takes at most so many cells, with "…" at the end if something was left out.
func Cut(text string, most int) string {
	var kept []rune
	used := 0
	fits := 0 // how much of kept leaves room for the …
	marks := 0
	for _, r := range text {
		w := runeWidth(r)
		if w == 0 {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if used+w > most {
			return string(kept[:fits]) + "…"
		}
		kept = append(kept, r)
		if used += w; used < most {
			fits = len(kept)
		}
	}
	return string(kept)
}

// Wrap breaks a text between words into lines of at most so many cells. A word that is longer is broken.
func Wrap(text string, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && Width(line)+1+Width(word) > most {
			lines = append(lines, line)
			line = ""
		}
		for line == "" && Width(word) > most {
			head := prefixOf(word, most)
			lines = append(lines, head)
			word = word[len(head):]
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// prefixOf returns the longest beginning of a word that takes at most so many cells, one character at least.
func prefixOf(word string, most int) string {
	used := 0
	for i, r := range word {
		if used += runeWidth(r); used > most && i > 0 {
			return word[:i]
		}
	}
	return word
}

// Table lines columns up, two cells between them, a row a line.
func Table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 { // the last cell of a row needs no room beside it
				widths[i] = max(widths[i], Width(cell))
			}
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-Width(cell)+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
