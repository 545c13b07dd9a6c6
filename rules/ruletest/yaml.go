package ruletest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"homeroom/rules"
	"homeroom/simulate"
)

// position is where something stands in its file.
type position struct{ line, col int }

// reader collects the problems of one file while it is taken apart.
type reader struct {
	file     string
	lines    []string
	test     string // name of the test being read
	problems rules.Problems
}

// Limits far above what a person writes, so that a broken file costs no more than a moment.
const (
	maxFile    = 256 << 10
	maxNesting = 64
)

// documents parses the YAML; the second result is false if it is not YAML, which is then noted as a problem.
func (r *reader) documents(src []byte) (docs []*ast.DocumentNode, ok bool) {
	defer func() {
		// A parser that trips over a strange file must not take the command down.
		if v := recover(); v != nil {
			r.problem(position{1, 1}, "this file cannot be read as YAML", "")
			docs = nil
			ok = false
		}
	}()
	if len(src) > maxFile {
		r.problem(position{1, 1}, "the file is larger than 256 KiB", "split it into smaller files")
		return nil, false
	}
	if line := tooDeep(r.lines); line > 0 {
		r.problem(position{line, 1}, "nested too deeply", "write it flatter")
		return nil, false
	}
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		at := position{1, 1}
		message := err.Error()
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			message = syntax.GetMessage()
			if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
				at = position{tk.Position.Line, tk.Position.Column}
			}
		}
		r.problem(at, message, "")
		return nil, false
	}
	return file.Docs, true
}

// tooDeep returns the line at which nesting goes too far, or 0. The YAML library's recursion has no bound of its own.
func tooDeep(lines []string) int {
	open := 0
	for i, line := range lines {
		open = max(0, open+strings.Count(line, "[")+strings.Count(line, "{")-strings.Count(line, "]")-strings.Count(line, "}"))
		marks := strings.Count(line, "- ") + strings.Count(line, "? ") + strings.Count(line, ": ")
		brackets := strings.Count(line, "[") + strings.Count(line, "{")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if open > maxNesting || brackets > 4*maxNesting || marks > 4*maxNesting || indent > 4*maxNesting {
			return i + 1
		}
	}
	return 0
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    position
	value ast.Node
}

// mapping returns the entries of a mapping, with a problem for anything that is none, or a key outside known (nil: all
// are fine).
func (r *reader) mapping(n ast.Node, what string, known []string) []entry {
	var values []*ast.MappingValueNode
	switch m := plain(n).(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.problem(where(n), what+" must be a mapping, key: value", "")
		return nil
	}
	var entries []entry
	for _, v := range values {
		key, ok := v.Key.(ast.ScalarNode)
		if !ok {
			r.problem(where(v.Key), "this is no plain key", "")
			continue
		}
		e := entry{key: fmt.Sprint(key.GetValue()), at: where(v.Key), value: v.Value}
		if known != nil && !slices.Contains(known, e.key) {
			r.problem(e.at, fmt.Sprintf("unknown key %q in %s", e.key, what), didYouMean(e.key, known))
			continue
		}
		entries = append(entries, e)
	}
	return entries
}

// sequence returns the items of a list.
func (r *reader) sequence(n ast.Node, what string) []ast.Node {
	switch s := plain(n).(type) {
	case *ast.SequenceNode:
		return s.Values
	case *ast.NullNode:
		return nil
	}
	r.problem(where(n), what+" must be a list", "")
	return nil
}

// text returns a non-empty string.
func (r *reader) text(n ast.Node, what string) string {
	if s, ok := plainText(n); ok && s != "" {
		return s
	}
	r.problem(where(n), what+" must be text", "")
	return ""
}

func (r *reader) flag(n ast.Node, what string) bool {
	if b, ok := plain(n).(*ast.BoolNode); ok {
		return b.Value
	}
	r.problem(where(n), what+" must be true or false", "")
	return false
}

// instant returns an absolute time, or start plus an offset such as +2h; zero if it is neither, with a problem.
func (r *reader) instant(n ast.Node, what string, start time.Time) time.Time {
	text, ok := plainText(n)
	if offset, isOffset := strings.CutPrefix(text, "+"); ok && isOffset {
		d, err := simulate.ParseDuration(offset)
		switch {
		case err != nil:
			r.problem(where(n), fmt.Sprintf("%s: %s", what, err), "")
		case start.IsZero():
			r.problem(where(n), what+" is an offset, and the test has no start", "add for example start: 2026-03-02T10:00:00Z")
		default:
			return start.Add(d)
		}
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !ok {
		r.problem(where(n), what+" must be a time", "write an offset from start such as +2h, or a time such as 2026-03-02T10:00:00Z")
		return time.Time{}
	}
	return t.UTC()
}

// value turns a node into a JSON value: string, float64, bool, nil, []any or map[string]any.
func (r *reader) value(n ast.Node) any {
	switch v := plain(n).(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return v.Value
	case *ast.IntegerNode:
		switch i := v.Value.(type) {
		case int64:
			return float64(i)
		case uint64:
			return float64(i)
		}
	case *ast.FloatNode:
		return v.Value
	case *ast.StringNode:
		return v.Value
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.SequenceNode:
		items := make([]any, len(v.Values))
		for i, item := range v.Values {
			items[i] = r.value(item)
		}
		return items
	case *ast.MappingNode, *ast.MappingValueNode:
		return r.values(n, "this")
	}
	r.problem(where(n), "this value is not understood", "write text, a number, true, false, null, a list or a mapping")
	return nil
}

// values is value for a mapping.
func (r *reader) values(n ast.Node, what string) map[string]any {
	all := map[string]any{}
	for _, e := range r.mapping(n, what, nil) {
		all[e.key] = r.value(e.value)
	}
	return all
}

// plain strips an anchor or a tag. Aliases and merges are not part of the language: no case above knows them.
func plain(n ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.AnchorNode:
		return plain(v.Value)
	case *ast.TagNode:
		return plain(v.Value)
	}
	return n
}

func plainText(n ast.Node) (string, bool) {
	switch v := plain(n).(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	}
	return "", false
}

func where(n ast.Node) position {
	switch v := plain(n).(type) {
	case *ast.MappingNode:
		// Its own token is the colon after the first key.
		if len(v.Values) > 0 && !v.IsFlowStyle {
			return where(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return where(v.Key)
	}
	if n != nil {
		if tk := n.GetToken(); tk != nil && tk.Position != nil {
			return position{tk.Position.Line, tk.Position.Column}
		}
	}
	return position{1, 1}
}
