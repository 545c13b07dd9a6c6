package rules

import (
	"fmt"
	"slices"
	"strings"
)

// decoder reads the tree of one file and collects what is wrong with it.
type decoder struct {
	src  *source
	rule string // named in problems, if the file is a rule
	out  *Problems
}

func (d *decoder) report(p Problem, at pos) {
	p.File, p.Line, p.Col, p.Source = d.src.file, at.line, at.col, d.src.line(at.line)
	if p.Rule == "" {
		p.Rule = d.rule
	}
	*d.out = append(*d.out, p)
}

func (d *decoder) fail(at pos, fix, format string, args ...any) {
	d.report(Problem{Message: fmt.Sprintf(format, args...), Fix: fix}, at)
}

// warn reports a lint, unless the line's comment allows it by name: `# allow: wakes-on-high-volume`.
func (d *decoder) warn(at pos, lint, fix, format string, args ...any) {
	_, allowed, _ := strings.Cut(d.src.line(at.line), "# allow:")
	if slices.Contains(strings.Fields(strings.ReplaceAll(allowed, ",", " ")), lint) {
		return
	}
	d.report(Problem{Message: fmt.Sprintf(format, args...), Fix: fix, Warning: true, Lint: lint}, at)
}

// root reads the file as YAML. ok is false if it is broken; an empty file gives nil.
func (d *decoder) root() (root *node, ok bool) {
	if f := d.src.textFlaw(); f != nil {
		d.fail(f.at, f.fix, "%s", f.message)
		return nil, false
	}
	root, err := parseYAML(d.src)
	if err != nil {
		if broken, is := err.(*errYAML); is {
			d.fail(broken.at, broken.fix, "%s", broken.message)
		} else {
			d.fail(pos{}, "", "%v", err)
		}
		return nil, false
	}
	return root, true
}

// key is a row of a decoder table: a key that may stand in a mapping and how its value is read into a T.
type key[T any] struct {
	name string
	// read is called once, with a value that is not null. nil: the key is known but not supported yet.
	read func(d *decoder, into *T, key, value *node)
	// empty tells that the key may stand without a value, which is then not read.
	empty bool
}

// readKeys reads a mapping by a table. what names the mapping in problems ("the rule", "wait_for").
func readKeys[T any](d *decoder, n *node, what string, table []key[T], into *T) bool {
	if n.kind != mapping {
		d.fail(n.at, "write it as keys: "+strings.Join(names(table), ", "), "%s must be a block of keys, not %s", what, n.kind)
		return false
	}
	seen := map[string]pos{}
	for _, p := range n.pairs {
		name := p.key.text
		if first, again := seen[name]; again {
			d.fail(p.key.at, "keep one of them", "the key %s stands twice, first in line %d", name, first.line)
			continue
		}
		seen[name] = p.key.at
		row := find(table, name)
		switch {
		case row == nil:
			d.fail(p.key.at, unknownKeyFix(name, names(table)), "%s has no key %q", what, name)
		case row.read == nil:
			d.fail(p.key.at, "take it out for now", "%s is not supported yet", name)
		case p.value.kind == null:
			if !row.empty {
				d.fail(p.key.at, "give it a value or take it out", "%s has no value", name)
			}
		default:
			row.read(d, into, p.key, p.value)
		}
	}
	return true
}

func find[T any](table []key[T], name string) *key[T] {
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}

// names lists the keys of a table that can be used.
func names[T any](table []key[T]) []string {
	var out []string
	for _, row := range table {
		if row.read != nil {
			out = append(out, row.name)
		}
	}
	return out
}

func unknownKeyFix(name string, known []string) string {
	if name == "on" {
		return "no key is called on, because YAML may read it as true"
	}
	return didYouMean(name, known)
}

// readList reads a list item by item.
func (d *decoder) readList(n *node, what string, item func(*node)) bool {
	if n.kind != sequence {
		d.fail(n.at, "begin each entry with \"- \"", "%s must be a list, not %s", what, n.kind)
		return false
	}
	if len(n.items) == 0 {
		d.fail(n.at, "add an entry or take the key out", "%s is an empty list", what)
		return false
	}
	for _, it := range n.items {
		if it.kind == null {
			d.fail(it.at, "fill it in or take it out", "an entry of %s is empty", what)
			continue
		}
		item(it)
	}
	return true
}

// text reads a single value as it is written.
func (d *decoder) text(n *node, what string) (string, bool) {
	if n.kind != scalar {
		d.fail(n.at, "", "%s must be a single value, not %s", what, n.kind)
		return "", false
	}
	if strings.TrimSpace(n.text) == "" {
		d.fail(n.at, "give it a value or take it out", "%s is empty", what)
		return "", false
	}
	return n.text, true
}
