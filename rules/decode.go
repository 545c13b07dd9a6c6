package rules

import (
	"homeroom/internal/yamlfile"
)

// decoder reads the tree of one file, with readers for the words of the language.
type decoder struct {
	*yamlfile.Reader
}

// newDecoder returns a decoder of a file that adds to problems; rule is named in them if the file is one.
func newDecoder(src *yamlfile.Source, rule string, problems *Problems) *decoder {
	return &decoder{&yamlfile.Reader{Source: src, Rule: rule, Problems: problems}}
}

// key is a row of a decoder table: a key that may stand in a mapping and how its value is read into a T.
type key[T any] struct {
	name string
	// read is called once, with a value that is not null.
	read func(d *decoder, into *T, key, value *yamlfile.Node)
	// empty reports that the key may stand without a value, which is then not read.
	empty bool
}

// readKeys reads a mapping by a table. what names the mapping in problems ("the rule", "wait_for"). It reports whether
// there is a mapping.
func readKeys[T any](d *decoder, n *yamlfile.Node, what string, table []key[T], into *T) bool {
	for _, p := range d.Pairs(n, what, keyNames(table)) {
		row := findKey(table, p.Key.Text)
		switch {
		case p.Value.Kind != yamlfile.Null:
			row.read(d, into, p.Key, p.Value)
		case !row.empty:
			d.Fail(p.Key.At, "give it a value or take it out", "%s has no value", row.name)
		}
	}
	return n.Kind == yamlfile.Mapping
}

func findKey[T any](table []key[T], name string) *key[T] {
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}

func keyNames[T any](table []key[T]) []string {
	out := make([]string, len(table))
	for i, row := range table {
		out[i] = row.name
	}
	return out
}

// readList reads a list item by item and reports whether there is one with an item.
func (d *decoder) readList(n *yamlfile.Node, what string, readItem func(*yamlfile.Node)) bool {
	items, ok := d.Items(n, what)
	if !ok {
		return false
	}
	if len(items) == 0 {
		d.Fail(n.At, "add an entry or take the key out", "%s is an empty list", what)
		return false
	}
	for _, item := range items {
		if item.Kind == yamlfile.Null {
			d.Fail(item.At, "fill it in or take it out", "an entry of %s is empty", what)
			continue
		}
		readItem(item)
	}
	return true
}
