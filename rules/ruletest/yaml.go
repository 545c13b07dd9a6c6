package ruletest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/rfc3339"
	"homeroom/internal/yamlfile"
	"homeroom/rules"
)

// reader collects the problems of one file while it is taken apart.
type reader struct {
	yamlfile.Reader
	test string // name of the test being read
}

// newReader returns a reader of a file; test is named in problems.
func newReader(src *yamlfile.Source, test string) *reader {
	return &reader{Reader: yamlfile.Reader{Source: src, Problems: &rules.Problems{}}, test: test}
}

// problems returns what was found so far.
func (r *reader) problems() rules.Problems { return *r.Problems }

// nameTest puts the test's name before the problems from index first on.
func (r *reader) nameTest(first int) {
	if r.test == "" {
		return
	}
	for i := range r.problems()[first:] {
		p := &(*r.Problems)[first+i]
		p.Message = fmt.Sprintf("test %q: %s", r.test, p.Message)
	}
}

// readText returns a text that is not empty, or "".
func (r *reader) readText(n *yamlfile.Node, what string) string {
	text, ok := n.TextValue()
	if !ok || text == "" {
		r.Fail(n.At, "", "%s must be text", what)
	}
	return text
}

// readInstant returns an absolute time, or start plus an offset such as +2h; zero if it is neither, with a problem.
func (r *reader) readInstant(n *yamlfile.Node, what string, start time.Time) time.Time {
	text, ok := n.TextValue()
	if offset, isOffset := strings.CutPrefix(text, "+"); ok && isOffset {
		d, err := engine.ParseDuration(offset)
		switch {
		case err != nil:
			r.Fail(n.At, "", "%s: %s", what, err)
		case start.IsZero():
			r.Fail(n.At, "add for example start: 2026-03-02T10:00:00Z", "%s is an offset, and the test has no start", what)
		default:
			return start.Add(d)
		}
		return time.Time{}
	}
	t, err := rfc3339.Parse(text)
	if err != nil || !ok {
		r.Fail(n.At, "write an offset from start such as +2h, or a time such as 2026-03-02T10:00:00Z", "%s must be a time", what)
		return time.Time{}
	}
	return t.UTC()
}

// readObject returns a mapping as JSON values.
func (r *reader) readObject(n *yamlfile.Node, what string) map[string]any {
	values := map[string]any{}
	for _, p := range r.Pairs(n, what, nil) {
		values[p.Key.Text] = p.Value.JSON()
	}
	return values
}

// readList returns the items of a list that may be empty.
func (r *reader) readList(n *yamlfile.Node, what string) []*yamlfile.Node {
	if n.Kind == yamlfile.Null {
		return nil
	}
	items, _ := r.Items(n, what)
	return items
}

// hasKey reports whether one of the pairs has the key.
func hasKey(pairs []yamlfile.Pair, key string) bool {
	return slices.ContainsFunc(pairs, func(p yamlfile.Pair) bool { return p.Key.Text == key })
}
