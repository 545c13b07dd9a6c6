package rules

import (
	"regexp"
	"slices"
	"strings"
)

// outlineNode is a key of a YAML file, an entry of a list, or a word that may become one, as far as the text can be made out while somebody
// is typing. Offsets are in bytes.
type outlineNode struct {
	parent   *outlineNode
	children []*outlineNode
	key      string // empty: an entry of a list, or the root
	entry    bool   // of a list
	bare     bool   // a word without a colon: a key that is being typed, or a value of a list
	inFlow   bool   // between braces or brackets
	column   int    // where it begins in its line, from 0
	from     int    // of the key or word
	end      int    // behind the key or word
	// valueFrom and valueEnd are where the value stands, if it is a single value; both are 0 for none.
	valueFrom, valueEnd int
	folded              bool // the value stands in the lines below, after > or |
}

// outline is a YAML file as a tree of keys. Unlike the trees of package yamlfile it comes from any text, also from one that is no YAML yet.
type outline struct {
	text   string
	cursor int
	root   *outlineNode // of the document with the cursor
	// at is what the cursor is in or behind; nil: nothing, such as a comment. If it has a colon, inKey says on which side the cursor is.
	at    *outlineNode
	inKey bool

	open   []*outlineNode // from the root down to the line being read
	skipTo int            // what was read already
}

var outlineKey = regexp.MustCompile(`^("[^"]*"|'[^']*'|[^\s:#{}\[\],"'-][^:#{}\[\],"']*?) *:(?: |$)`)

// readOutline reads a text with a cursor in it.
func readOutline(text string, cursor int) *outline {
	o := &outline{text: text, cursor: cursor, root: &outlineNode{column: -1}}
	start := 0
	for line := range strings.SplitSeq(text, "\n") {
		if start >= o.skipTo && !o.readLine(line, start) {
			break
		}
		start += len(line) + 1
	}
	return o
}

// readLine reads a line that begins at an offset. It reports whether the document goes on.
func (o *outline) readLine(line string, start int) bool {
	content := strings.TrimLeft(line, " ")
	column := len(line) - len(content)
	end := start + len(line)
	here := start <= o.cursor && o.cursor <= end
	if strings.HasPrefix(line, "---") {
		if o.cursor <= start {
			return false
		}
		o.root = &outlineNode{column: -1}
		o.open = nil
		return true
	}
	if content == "" {
		if here {
			o.addBlank(o.enclosing(o.cursor-start, false), o.cursor, o.cursor-start)
		}
		return true
	}
	parent := o.enclosing(column, isDash(content))
	switch {
	case parent.holdsText():
		parent.valueEnd = end
		if here {
			o.at = parent
			o.inKey = false
		}
	case strings.HasPrefix(content, "#"):
	default:
		o.readContent(start+column, end, column, parent)
	}
	return true
}

func isDash(content string) bool { return content == "-" || strings.HasPrefix(content, "- ") }

// holdsText reports whether deeper lines below a key go on with its value.
func (n *outlineNode) holdsText() bool { return n.folded || n.valueEnd > n.valueFrom }

// enclosing returns the node in which something at a column stands, and leaves those that end before it. A dash may stand right below the
// key of its list.
func (o *outline) enclosing(column int, dash bool) *outlineNode {
	for len(o.open) > 0 {
		top := o.open[len(o.open)-1]
		if top.column < column || top.column == column && dash && top.key != "" && !top.bare {
			return top
		}
		o.open = o.open[:len(o.open)-1]
	}
	return o.root
}

func (o *outline) add(parent, n *outlineNode) *outlineNode {
	n.parent = parent
	parent.children = append(parent.children, n)
	return n
}

// addBlank adds a word that is not typed yet.
func (o *outline) addBlank(parent *outlineNode, at, column int) {
	if parent.holdsText() {
		return
	}
	o.at = o.add(parent, &outlineNode{bare: true, column: column, from: at, end: at})
	o.inKey = true
}

// readContent reads what stands from pos to the end of a line.
func (o *outline) readContent(pos, end, column int, parent *outlineNode) {
	for isDash(o.text[pos:end]) {
		parent = o.add(parent, &outlineNode{entry: true, column: column, from: pos, end: pos + 1})
		o.open = append(o.open, parent)
		rest := strings.TrimLeft(o.text[pos+1:end], " ")
		if rest == "" {
			if pos < o.cursor && o.cursor <= end {
				o.addBlank(parent, o.cursor, column+o.cursor-pos)
			}
			return
		}
		next := end - len(rest)
		column += next - pos
		pos = next
	}
	if first := o.text[pos]; first == '{' || first == '[' {
		o.skipTo = o.readFlow(pos, o.flowLimit(pos, parent.column), parent)
		return
	}
	m := outlineKey.FindStringSubmatch(o.text[pos:end])
	if m == nil {
		n := o.add(parent, &outlineNode{key: o.text[pos:end], bare: true, column: column, from: pos, end: pos + len(withoutComment(o.text[pos:end]))})
		n.key = strings.Trim(o.text[n.from:n.end], `"'`)
		o.enter(n, n.from, n.end, true)
		return
	}
	n := o.add(parent, &outlineNode{key: strings.Trim(m[1], `"'`), column: column, from: pos, end: pos + len(m[1])})
	o.open = append(o.open, n)
	o.enter(n, n.from, n.end, true)
	colon := pos + strings.IndexByte(o.text[n.end:end], ':') + len(m[1])
	o.readValue(n, colon+1, end)
}

// withoutComment returns a text without a comment and blanks at its end.
func withoutComment(text string) string {
	if at := strings.Index(text, " #"); at >= 0 && strings.Count(text[:at], `"`)%2 == 0 && strings.Count(text[:at], "'")%2 == 0 {
		text = text[:at]
	}
	return strings.TrimRight(text, " ")
}

// enter notes that the cursor is in a node, if it is.
func (o *outline) enter(n *outlineNode, from, end int, inKey bool) {
	if from <= o.cursor && o.cursor <= end {
		o.at = n
		o.inKey = inKey
	}
}

// readValue reads the value of a key from behind its colon to the end of the line, and further if it stands in brackets.
func (o *outline) readValue(n *outlineNode, from, end int) {
	rest := withoutComment(o.text[from:end])
	text := strings.TrimLeft(rest, " ")
	start := from + len(rest) - len(text)
	switch {
	case text == "":
	case text[0] == '{' || text[0] == '[':
		o.skipTo = o.readFlow(start, o.flowLimit(start, n.column), n)
		return
	case text[0] == '>' || text[0] == '|':
		n.folded = true
		n.valueFrom = min(end+1, len(o.text))
		n.valueEnd = n.valueFrom
		return
	default:
		n.valueFrom = start
		n.valueEnd = start + len(text)
	}
	if commented := len(o.text[from:end]) > len(rest) && strings.Contains(o.text[from+len(rest):end], "#"); commented {
		end = from + len(rest)
	}
	if from < o.cursor {
		o.enter(n, from, end, false)
	}
}

// flowLimit returns where a flow that begins at pos ends at the latest: before the first line that is not deeper than its key.
func (o *outline) flowLimit(pos, column int) int {
	at := pos
	for {
		next := strings.IndexByte(o.text[at:], '\n')
		if next < 0 {
			return len(o.text)
		}
		at += next + 1
		line, _, _ := strings.Cut(o.text[at:], "\n")
		content := strings.TrimLeft(line, " ")
		if content != "" && len(line)-len(content) <= max(column, 0) && !strings.HasPrefix(content, "}") && !strings.HasPrefix(content, "]") {
			return at
		}
	}
}

// readFlow reads {key: value, …} or [value, …] that begins at pos and ends before limit. It returns the offset behind it.
func (o *outline) readFlow(pos, limit int, parent *outlineNode) int {
	list := o.text[pos] == '['
	pos++
	for first := true; ; first = false {
		gap := pos
		for pos < limit && strings.IndexByte(" \n,", o.text[pos]) >= 0 {
			pos++
		}
		if gap <= o.cursor && o.cursor <= pos && (first || strings.Contains(o.text[gap:o.cursor], ",")) &&
			(pos >= limit || o.cursor < pos || o.text[pos] == '}' || o.text[pos] == ']') {
			o.addFlowBlank(parent, list)
		}
		if pos >= limit {
			return pos
		}
		if o.text[pos] == '}' || o.text[pos] == ']' {
			return pos + 1
		}
		owner := parent
		if list {
			owner = o.add(parent, &outlineNode{entry: true, inFlow: true, from: pos, end: pos})
		}
		pos = o.readFlowItem(pos, limit, owner, list)
	}
}

func (o *outline) addFlowBlank(parent *outlineNode, list bool) {
	if list {
		parent = o.add(parent, &outlineNode{entry: true, inFlow: true, from: o.cursor, end: o.cursor})
	}
	o.addBlank(parent, o.cursor, 0)
	if o.at != nil {
		o.at.inFlow = true
	}
}

// readFlowItem reads one pair, or one value of a list, and returns the offset behind it.
func (o *outline) readFlowItem(pos, limit int, parent *outlineNode, list bool) int {
	if first := o.text[pos]; first == '{' || first == '[' {
		return o.readFlow(pos, limit, parent)
	}
	end := o.flowWordEnd(pos, limit, !list)
	n := o.add(parent, &outlineNode{key: strings.Trim(strings.TrimSpace(o.text[pos:end]), `"'`), inFlow: true, from: pos, end: end})
	n.bare = list || end >= limit || o.text[end] != ':'
	o.enter(n, n.from, n.end, true)
	if n.bare {
		return end
	}
	start := end + 1
	for start < limit && o.text[start] == ' ' {
		start++
	}
	if start < limit && (o.text[start] == '{' || o.text[start] == '[') {
		return o.readFlow(start, limit, n)
	}
	stop := o.flowWordEnd(start, limit, false)
	if text := strings.TrimRight(o.text[start:stop], " \n"); text != "" {
		n.valueFrom = start
		n.valueEnd = start + len(text)
	}
	if o.cursor > end {
		o.enter(n, end+1, stop, false)
	}
	return stop
}

// flowWordEnd returns where a word of a flow ends: before a comma or a bracket, of a key before its colon. Quotes protect all of them.
func (o *outline) flowWordEnd(pos, limit int, isKey bool) int {
	var quote byte
	for ; pos < limit; pos++ {
		c := o.text[pos]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ',' || c == '}' || c == ']' || c == '{' || c == '[', isKey && c == ':':
			return pos
		}
	}
	return pos
}

// child returns the child with a key, or nil.
func (n *outlineNode) child(key string) *outlineNode {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.key == key && !c.bare {
			return c
		}
	}
	return nil
}

// value returns the single value of a node without its quotes; empty if there is none.
func (o *outline) value(n *outlineNode) string {
	if n == nil || n.valueFrom >= n.valueEnd {
		return ""
	}
	return strings.Trim(strings.TrimSpace(o.text[n.valueFrom:n.valueEnd]), `"'`)
}

// keys returns the keys of the children, without words that are being typed.
func (n *outlineNode) keys() []string {
	var keys []string
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if !c.entry && !c.bare {
			keys = append(keys, c.key)
		}
	}
	return keys
}

// path returns the nodes from below the root down to n.
func (n *outlineNode) path() []*outlineNode {
	var path []*outlineNode
	for ; n != nil && n.parent != nil; n = n.parent {
		path = append(path, n)
	}
	slices.Reverse(path)
	return path
}

// walk calls visit for n and everything below it.
func (n *outlineNode) walk(visit func(*outlineNode)) {
	visit(n)
	for _, c := range n.children {
		c.walk(visit)
	}
}
