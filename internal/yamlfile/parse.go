package yamlfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parseDocuments reads the documents of a file that are not empty.
func parseDocuments(src *Source) (roots []*Node, broken *flaw) {
	if f := src.nestingFlaw(); f != nil {
		return nil, f
	}
	defer func() {
		if r := recover(); r != nil { // a fault of the YAML library must not take the process down
			roots = nil
			broken = &flaw{message: "this is not readable as YAML", fix: "start again from a file that works"}
		}
	}()
	file, err := parser.ParseBytes([]byte(src.Text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxFlaw(src, err)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		root, f := convertNode(doc.Body)
		if f != nil {
			return nil, f
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// syntaxFlaw words what the YAML library says about a broken file.
func syntaxFlaw(src *Source, err error) *flaw {
	e := &flaw{message: "not readable as YAML: " + strings.SplitN(err.Error(), "\n", 2)[0]}
	var se yaml.Error
	if !errors.As(err, &se) {
		return e
	}
	message := se.GetMessage()
	e.message = "not readable as YAML: " + message
	if tk := se.GetToken(); tk != nil && tk.Position != nil {
		e.at = Position{max(1, tk.Position.Line), max(1, tk.Position.Column)}
	}
	line := src.Line(e.at.Line)
	if f := src.innerQuotesFlaw(e.at.Line); f != nil {
		return f
	}
	switch {
	case strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		e.fix = "indent with spaces, not with tabs"
	case strings.Contains(message, "reserved character"), strings.Contains(message, "directive"),
		strings.Contains(message, "tag character"):
		e.fix = "put the value in quotes"
	case strings.Contains(message, "flow map"):
		e.fix = "put a value with {{ }} in quotes, or correct what stands between { and }"
	case strings.Contains(message, "mapping value is not allowed"):
		e.fix = "put a value that contains \": \" in quotes, or correct the indentation"
	case strings.Contains(message, "end character of"):
		e.fix = "close the quotes"
	case strings.Contains(message, "end token"):
		e.fix = "close the bracket"
	case strings.Contains(message, "not allowed in this context"), strings.Contains(message, "non-map value"):
		e.fix = "correct the indentation, or add the missing colon"
	}
	return e
}

func positionOf(n ast.Node) Position {
	tk := n.GetToken()
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return positionOf(n.Values[0])
		}
	case *ast.MappingValueNode:
		return positionOf(n.Key)
	case *ast.LiteralNode:
		tk = n.Start
	}
	if tk == nil || tk.Position == nil {
		return Position{1, 1}
	}
	return Position{tk.Position.Line, max(1, tk.Position.Column)}
}

func refuseNode(n ast.Node, message, fix string) *flaw {
	return &flaw{at: positionOf(n), message: message, fix: fix}
}

// convertNode turns the library's tree into ours and refuses what a folder has no use for.
func convertNode(n ast.Node) (*Node, *flaw) {
	out := &Node{At: positionOf(n)}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.Kind = Mapping
		for _, v := range n.Values {
			if err := out.addPair(v); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		out.Kind = Mapping
		return out, out.addPair(n)
	case *ast.SequenceNode:
		out.Kind = Sequence
		for _, v := range n.Values {
			item, err := convertNode(v)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, item)
		}
	case *ast.NullNode:
		out.Kind = Null
	case *ast.LiteralNode:
		out.Style = Block
		out.Text = n.Value.Value
		out.Value = out.Text
	case *ast.StringNode:
		out.Text = n.Value
		out.Value = n.Value
		if t := n.Token.Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
			out.Style = Quoted
		}
	case *ast.TagNode:
		return nil, refuseNode(n, fmt.Sprintf("YAML reads %q as a tag", n.Start.Value), "put the whole value in quotes")
	case *ast.AnchorNode:
		if isCollection(n.Value) { // a name that nobody uses; an alias for it is refused
			return convertNode(n.Value)
		}
		return nil, refuseAnchor(n)
	case *ast.AliasNode, *ast.MergeKeyNode:
		return nil, refuseAnchor(n)
	case ast.ScalarNode: // numbers and booleans
		out.Text = n.GetToken().Value
		out.Value = scalarValue(n)
	default:
		return nil, refuseNode(n, "this kind of YAML is not used here", "write it as keys, lists and values")
	}
	return out, nil
}

// isCollection reports whether a node is a list or a block of keys.
func isCollection(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return true
	}
	return false
}

func refuseAnchor(n ast.Node) *flaw {
	return refuseNode(n, "YAML anchors, aliases and merges are not used here",
		"write the value out; put a text that begins with & or * in quotes")
}

func (n *Node) addPair(v *ast.MappingValueNode) *flaw {
	key, err := convertNode(v.Key)
	if err != nil {
		return err
	}
	if key.Kind != Scalar {
		return refuseNode(v.Key, "a key must be a single word", "write key: value")
	}
	value, err := convertNode(v.Value)
	if err != nil {
		return err
	}
	if value.Kind == Null {
		value.At = key.At
	}
	n.Pairs = append(n.Pairs, Pair{Key: key, Value: value})
	return nil
}

// scalarValue returns a number or boolean as JSON has it; anything else as it is written.
func scalarValue(n ast.ScalarNode) any {
	switch v := n.GetValue().(type) {
	case bool:
		return v
	case float64:
		if v-v == 0 { // JSON has no infinities, and no NaN
			return v
		}
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return n.GetToken().Value
}
