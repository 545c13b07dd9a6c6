package ruletest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"homeroom/internal/spelling"
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
	best := ""
	least := max(2, len(word)/3) + 1
	for _, name := range names {
		if d := spelling.Distance(word, name); d < least {
			best = name
			least = d
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
