package content

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing that is wrong with a message, found when it was parsed, checked or rendered.
type Error struct {
	File    string
	Line    int    // 1-based; 0: the whole file
	Message string // what is wrong
	Hint    string // what to do; may be empty
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors are all the things that are wrong, in the order of file and line. It is the error that Parse and NewLibrary
// return; errors.As finds the first *Error in it.
type Errors []*Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single errors.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// err returns es sorted as an error, or nil if there is none.
func (es Errors) err() error {
	if len(es) == 0 {
		return nil
	}
	slices.SortStableFunc(es, func(a, b *Error) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return es
}

// ErrNoMessage says that a library has no message of that name.
var ErrNoMessage = errors.New("no such message")

// nearest returns the known name closest to name, or "" if none is close.
func nearest(name string, known []string) string {
	best := ""
	bestDist := len(name)/2 + 1
	for _, k := range known {
		if d := distance(name, k); d < bestDist {
			best = k
			bestDist = d
		}
	}
	return best
}

// didYouMean is the hint for a mistyped name, or fallback if nothing known is close.
func didYouMean(name string, known []string, fallback string) string {
	if n := nearest(name, known); n != "" {
		return fmt.Sprintf("did you mean %s?", n)
	}
	return fallback
}

// distance is the Levenshtein distance, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diag+cost)
		}
	}
	return row[len(b)]
}
