package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// mapping returns the entries of a mapping; anything else but nothing is a problem.
func (r *reader) mapping(n ast.Node, what string) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	case nil, *ast.NullNode:
		return nil
	}
	r.problem(n, "write it as key: value", "%s must be a mapping, is %s", what, yamlKind(n))
	return nil
}

// list returns the items of a list; anything else but nothing is a problem.
func (r *reader) list(n ast.Node, what string) []ast.Node {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return n.Values
	case nil, *ast.NullNode:
		return nil
	}
	r.problem(n, "write it as [a, b]", "%s must be a list, is %s", what, yamlKind(n))
	return nil
}

// known reports whether the entry's key is one of those allowed, and says so if it is not.
func (r *reader) known(entry *ast.MappingValueNode, allowed []string) bool {
	key := text(entry.Key)
	if slices.Contains(allowed, key) {
		return true
	}
	r.problem(entry.Key, suggest(key, allowed), "unknown key %q", key)
	return false
}

func (r *reader) word(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return strings.TrimSpace(text(n))
	}
	r.problem(n, "put it in quotes", "must be text, is %s", yamlKind(n))
	return ""
}

func (r *reader) flag(n ast.Node) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.problem(n, "write true or false", "must be true or false, is %s", yamlKind(n))
		return false
	}
	return b.Value
}

func (r *reader) volume(n ast.Node) Volume {
	volumes := []string{string(High), string(Medium), string(Low)}
	word := text(n)
	if !slices.Contains(volumes, word) {
		r.problem(n, suggest(word, volumes), "%q is not a volume", word)
		return Medium
	}
	return Volume(word)
}

// text returns a scalar as it is written, without quotes.
func text(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case nil:
		return ""
	}
	if t := n.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

func yamlKind(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "missing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.AliasNode, *ast.AnchorNode:
		return "an anchor or alias, which catalog files don't use"
	}
	return "something else"
}

func suggest(word string, allowed []string) string {
	if near := nearest(word, allowed); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "use one of " + strings.Join(allowed, ", ")
}
