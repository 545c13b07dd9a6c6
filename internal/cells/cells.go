// Package cells lays text out in the columns of a terminal, where some characters take two cells and some none.
package cells

import (
	"strconv"
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

// Printable returns a text that a terminal can be given, whoever wrote it: in quotes, with escapes, if something in it does not print, such as a line break, the beginning of an
// escape sequence, or a mark that turns the direction of text.
func Printable(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strings.ReplaceAll(strconv.Quote(text), string(unicode.ReplacementChar), `\ufffd`)
	}
	return text
}

// Pad returns a text with as many spaces behind it as fill so many cells; a wider text is returned as it is.
func Pad(text string, least int) string { return text + strings.Repeat(" ", max(0, least-Width(text))) }

// Table lines columns up, two cells between them, a row a line. Each cell is made printable, see [Printable].
func Table(rows [][]string) string {
	var widths []int
	printable := make([][]string, len(rows))
	for n, row := range rows {
		printable[n] = make([]string, len(row))
		for i, cell := range row {
			cell = Printable(cell)
			printable[n][i] = cell
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 { // the last cell of a row needs no room beside it
				widths[i] = max(widths[i], Width(cell))
			}
		}
	}
	var b strings.Builder
	for _, row := range printable {
		var line strings.Builder
		for i, cell := range row {
			if i < len(row)-1 {
				cell = Pad(cell, widths[i]+2)
			}
			line.WriteString(cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
