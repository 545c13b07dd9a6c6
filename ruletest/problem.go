package ruletest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"homeroom/rules"
)

// problem notes a mistake; its line shows where.
func (r *reader) problem(at position, message, fix string) {
	p := rules.Problem{File: r.file, Line: at.line, Col: at.col, Message: message, Fix: fix}
	if r.test != "" {
		p.Message = fmt.Sprintf("test %q: %s", r.test, message)
	}
	if at.line >= 1 && at.line <= len(r.lines) {
		p.Source = strings.TrimRight(r.lines[at.line-1], "\r")
	}
	r.problems = append(r.problems, p)
}

func sorted(ps rules.Problems) rules.Problems {
	slices.SortStableFunc(ps, func(a, b rules.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return ps
}

// maxNamed is how many names a fix lists when none is near.
const maxNamed = 16

// didYouMean is a fix that names the nearest name, or all of them if none is near and they are few.
func didYouMean(word string, names []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(names) == 0 || len(names) > maxNamed:
		return ""
	}
	return "one of " + strings.Join(names, ", ")
}

// distance counts the insertions, deletions and replacements between two words (Levenshtein).
func distance(a, b string) int {
	if len(a) > 128 || len(b) > 128 {
		return 128
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
