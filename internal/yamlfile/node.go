package yamlfile

// Kind is what a node of a YAML file is.
type Kind int

// The kinds of node.
const (
	Scalar Kind = iota
	Mapping
	Sequence
	Null
)

func (k Kind) String() string {
	return [...]string{"a single value", "a block of keys", "a list", "nothing"}[k]
}

// Style is how a scalar is written, which says where its characters stand in the file.
type Style int

// The styles of a scalar.
const (
	Plain  Style = iota
	Quoted       // in single or double quotes
	Block        // after | or >
)

// Node is a piece of a YAML file and where it stands. Readers of files know nodes, and no YAML library.
type Node struct {
	Kind  Kind
	At    Position
	Text  string // a scalar as it is written, without its quotes
	Value any    // a scalar as YAML reads it: a string, float64 or bool
	Style Style  // a scalar's
	Pairs []Pair // a mapping's, in the order of the file, repeated keys included
	Items []*Node
}

// Pair is one key of a mapping with its value.
type Pair struct {
	Key   *Node
	Value *Node
}

// Get returns the value of a mapping's key, or nil.
func (n *Node) Get(key string) *Node {
	for _, p := range n.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// TextValue returns the value of a scalar that YAML reads as text; ok is false for any other node.
func (n *Node) TextValue() (text string, ok bool) {
	text, ok = n.Value.(string)
	return text, ok
}

// JSON returns the node as a JSON value: string, float64, bool, nil, []any or map[string]any. Of a repeated key the
// last counts.
func (n *Node) JSON() any {
	switch n.Kind {
	case Mapping:
		values := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			values[p.Key.Text] = p.Value.JSON()
		}
		return values
	case Sequence:
		items := make([]any, len(n.Items))
		for i, item := range n.Items {
			items[i] = item.JSON()
		}
		return items
	case Scalar, Null:
	}
	return n.Value
}
