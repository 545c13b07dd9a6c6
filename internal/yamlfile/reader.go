package yamlfile

import (
	"fmt"
	"slices"
	"strings"

	"homeroom/internal/spelling"
)

// Reader takes one file apart and collects what is wrong with it.
type Reader struct {
	Source   *Source
	Rule     string // named in problems; empty: none
	Problems *Problems

	scalars map[Position]*Node // of the documents that were read, by where they begin
}

// Report adds a problem at a place of the file. It ends with the value or key that begins there, or with the word there. A replacement
// without a place is for what is wrong.
func (r *Reader) Report(p Problem, at Position) {
	if p.EndCol == 0 && at.Col > 0 {
		p.EndCol = r.endOf(at)
	}
	if p.Replacement != nil && p.Replacement.Start.Line == 0 {
		p.Replacement = r.replacementOf(at, p.EndCol, p.Replacement.Text)
	}
	p.File = r.Source.File
	p.Line = at.Line
	p.Col = at.Col
	p.Source = r.Source.Line(at.Line)
	if p.Rule == "" {
		p.Rule = r.Rule
	}
	*r.Problems = append(*r.Problems, p)
}

// Fail adds a problem that keeps the file from being used. fix may be empty.
func (r *Reader) Fail(at Position, fix, format string, args ...any) {
	r.Report(Problem{Message: fmt.Sprintf(format, args...), Fix: fix}, at)
}

// FailReplace is Fail for a problem that is mended by another text in its place. Without a text there is no such fix.
func (r *Reader) FailReplace(at Position, text, fix, format string, args ...any) {
	r.Report(Problem{Message: fmt.Sprintf(format, args...), Fix: fix, Replacement: replaceBy(text)}, at)
}

// replaceBy returns a replacement whose place Report fills in, or nil if there is no text.
func replaceBy(text string) *Replacement {
	if text == "" {
		return nil
	}
	return &Replacement{Text: text}
}

func (r *Reader) failFlaw(f *flaw) { r.Fail(f.at, f.fix, "%s", f.message) }

// Warn adds a warning, unless the comment of its line allows it by name: `# allow: wakes-on-high-volume`.
func (r *Reader) Warn(at Position, lint, fix, format string, args ...any) {
	r.WarnReplace(at, lint, "", fix, format, args...)
}

// WarnReplace is Warn for something that is mended by another text in its place. Without a text there is no such fix.
func (r *Reader) WarnReplace(at Position, lint, text, fix, format string, args ...any) {
	_, allowed, _ := strings.Cut(r.Source.Line(at.Line), "# allow:")
	if slices.Contains(strings.Fields(strings.ReplaceAll(allowed, ",", " ")), lint) {
		return
	}
	r.Report(Problem{Message: fmt.Sprintf(format, args...), Fix: fix, Warning: true, Lint: lint, Replacement: replaceBy(text)}, at)
}

// Root reads the file's one document. ok is false if the file is broken; an empty file gives nil.
func (r *Reader) Root() (root *Node, ok bool) {
	roots, ok := r.Documents()
	switch {
	case !ok:
		return nil, false
	case len(roots) == 0:
		return nil, true
	case len(roots) > 1:
		r.Fail(roots[1].At, "move what follows the --- into a file of its own", "a second document in one file")
		return nil, false
	}
	return roots[0], true
}

// CheckText reports whether the file can be read as text; if not, the problem is added.
func (r *Reader) CheckText() bool {
	f := r.Source.textFlaw()
	if f != nil {
		r.failFlaw(f)
	}
	return f == nil
}

// Documents reads the documents of the file that are not empty. ok is false if the file is broken.
func (r *Reader) Documents() (roots []*Node, ok bool) {
	if !r.CheckText() {
		return nil, false
	}
	roots, f := parseDocuments(r.Source)
	if f != nil {
		r.failFlaw(f)
		return nil, false
	}
	r.scalars = map[Position]*Node{}
	for _, root := range roots {
		r.indexScalars(root)
	}
	return roots, true
}

// Pairs returns the pairs of a mapping; the problem of anything else is reported. what names the mapping in problems.
// A pair whose key is not among known, or stands twice, is reported and left out; known nil allows every key.
func (r *Reader) Pairs(n *Node, what string, known []string) []Pair {
	if n.Kind != Mapping {
		fix := "write it as key: value"
		if known != nil {
			fix = "write it as keys: " + strings.Join(known, ", ")
		}
		r.Fail(n.At, fix, "%s must be a block of keys, not %s", what, n.Kind)
		return nil
	}
	first := make(map[string]Position, len(n.Pairs))
	var pairs []Pair
	for _, p := range n.Pairs {
		name := p.Key.Text
		if at, again := first[name]; again {
			r.Fail(p.Key.At, "keep one of them", "the key %s stands twice, first in line %d", name, at.Line)
			continue
		}
		first[name] = p.Key.At
		if known != nil && !slices.Contains(known, name) {
			r.FailReplace(p.Key.At, spelling.Nearest(name, known), unknownKeyFix(name, known), "%s has no key %q", what, name)
			continue
		}
		pairs = append(pairs, p)
	}
	return pairs
}

func unknownKeyFix(name string, known []string) string {
	if name == "on" {
		return "no key is called on, because YAML may read it as true"
	}
	return spelling.Suggest(name, known)
}

// Items returns the items of a list; the problem of anything else is reported.
func (r *Reader) Items(n *Node, what string) (items []*Node, ok bool) {
	if n.Kind != Sequence {
		r.Fail(n.At, "begin each entry with \"- \"", "%s must be a list, not %s", what, n.Kind)
		return nil, false
	}
	return n.Items, true
}

// Text returns a single value as it is written; the problem of anything else, and of an empty one, is reported.
func (r *Reader) Text(n *Node, what string) (text string, ok bool) {
	if n.Kind != Scalar {
		r.Fail(n.At, "", "%s must be a single value, not %s", what, n.Kind)
		return "", false
	}
	if strings.TrimSpace(n.Text) == "" {
		r.Fail(n.At, "give it a value or take it out", "%s is empty", what)
		return "", false
	}
	return n.Text, true
}

// Bool returns true or false; the problem of anything else is reported.
func (r *Reader) Bool(n *Node, what string) (value, ok bool) {
	text, ok := r.Text(n, what)
	if !ok {
		return false, false
	}
	if n.Style != Plain || text != "true" && text != "false" {
		r.Fail(n.At, "write true or false", "%s is neither true nor false: %q", what, text)
		return false, false
	}
	return text == "true", true
}
