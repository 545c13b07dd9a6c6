package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind is what a node of a YAML file is.
type kind int

const (
	scalar kind = iota
	mapping
	sequence
	null
)

func (k kind) String() string {
	return [...]string{"a single value", "a block of keys", "a list", "nothing"}[k]
}

// style is how a scalar is written, which says where its characters stand in the file.
type style int

const (
	plain style = iota
	quoted
	block
)

// node is a piece of a YAML file and where it stands. The rest of the package knows no YAML library.
type node struct {
	kind  kind
	at    pos
	text  string // a scalar's value
	style style
	pairs []pair  // a mapping's, in order of the file, doubles included
	items []*node // a sequence's
}

type pair struct{ key, value *node }

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

// errYAML is what is wrong with a file as YAML.
type errYAML struct{ flaw }

func (e *errYAML) Error() string { return e.message }

// parseYAML reads one document. nil without an error is an empty one. The error is an *errYAML.
func parseYAML(src *source) (root *node, err error) {
	if f := src.nestingFlaw(); f != nil {
		return nil, &errYAML{*f}
	}
	defer func() {
		if r := recover(); r != nil { // a fault of the YAML library must not take the house down
			root = nil
			err = &errYAML{flaw{message: "this is not readable as YAML", fix: "start again from a file that works"}}
		}
	}()
	file, err := parser.ParseBytes([]byte(src.text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxError(src, err)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return nil, &errYAML{flaw{
				at:      place(doc.Body),
				message: "a second document in one file",
				fix:     "move what follows the --- into a file of its own",
			}}
		}
		body = doc.Body
	}
	if body == nil {
		return nil, nil
	}
	return convert(body)
}

// syntaxError words what the YAML library says about a broken file.
func syntaxError(src *source, err error) error {
	e := &errYAML{flaw{message: "not readable as YAML: " + strings.SplitN(err.Error(), "\n", 2)[0]}}
	var se yaml.Error
	if !errors.As(err, &se) {
		return e
	}
	said := se.GetMessage()
	e.message = "not readable as YAML: " + said
	if tk := se.GetToken(); tk != nil && tk.Position != nil {
		e.at = pos{max(1, tk.Position.Line), max(1, tk.Position.Column)}
	}
	line := src.line(e.at.line)
	switch {
	case strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		e.fix = "indent with spaces, not with tabs"
	case strings.Contains(said, "reserved character"), strings.Contains(said, "directive"),
		strings.Contains(said, "tag character"):
		e.fix = "put the value in quotes"
	case strings.Contains(said, "mapping value is not allowed"):
		e.fix = "put a value that contains \": \" in quotes, or correct the indentation"
	case strings.Contains(said, "end character of"):
		e.fix = "close the quotes"
	case strings.Contains(said, "end token"):
		e.fix = "close the bracket"
	case strings.Contains(said, "not allowed in this context"), strings.Contains(said, "non-map value"):
		e.fix = "correct the indentation, or add the missing colon"
	}
	return e
}

func place(n ast.Node) pos {
	tk := n.GetToken()
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return place(n.Values[0])
		}
	case *ast.MappingValueNode:
		return place(n.Key)
	case *ast.LiteralNode:
		tk = n.Start
	}
	if tk == nil || tk.Position == nil {
		return pos{1, 1}
	}
	return pos{tk.Position.Line, max(1, tk.Position.Column)}
}

func refuse(n ast.Node, message, fix string) error {
	return &errYAML{flaw{place(n), message, fix}}
}

// convert turns the library's tree into ours and refuses what a folder has no use for.
func convert(n ast.Node) (*node, error) {
	out := &node{at: place(n)}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.kind = mapping
		for _, v := range n.Values {
			if err := out.add(v); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		out.kind = mapping
		return out, out.add(n)
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range n.Values {
			item, err := convert(v)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
	case *ast.NullNode:
		out.kind = null
	case *ast.LiteralNode:
		out.style = block
		out.text = n.Value.Value
	case *ast.StringNode:
		out.text = n.Value
		if t := n.Token.Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
			out.style = quoted
		}
	case *ast.TagNode:
		return nil, refuse(n, fmt.Sprintf("YAML reads %q as a tag", n.Start.Value), "put the whole value in quotes")
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return nil, refuse(n, "YAML anchors, aliases and merges are not used here",
			"write the value out; put a text that begins with & or * in quotes")
	case ast.ScalarNode: // numbers and booleans, kept as they are written
		out.text = n.GetToken().Value
	default:
		return nil, refuse(n, "this kind of YAML is not used here", "write it as keys, lists and values")
	}
	return out, nil
}

func (n *node) add(v *ast.MappingValueNode) error {
	key, err := convert(v.Key)
	if err != nil {
		return err
	}
	if key.kind != scalar {
		return refuse(v.Key, "a key must be a single word", "write key: value")
	}
	value, err := convert(v.Value)
	if err != nil {
		return err
	}
	if value.kind == null {
		value.at = key.at
	}
	n.pairs = append(n.pairs, pair{key, value})
	return nil
}
