package rules

import (
	"maps"
	"path"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// maxAwaited is how many names the wait_for and collect steps of a rule may give.
const maxAwaited = 8

// presence says whether an awaited event has come when a run is at a step.
type presence int

const (
	absent  presence = iota // no run has it: this is the way without it
	perhaps                 // it depends on the way that a run took
	present
)

// awaited is what a wait_for calls its event, for it to be read afterwards.
type awaited struct {
	event *catalog.Event
	first yamlfile.Position // where it is named first
	reads map[string]bool   // properties that are read
	used  bool              // something of it is read, its time perhaps
	// gathered are the events of a collect step with this name; nil: it is a wait_for. itemReads are the properties of its items that are read, and
	// mayBeNone says that there may be no items.
	gathered  []*catalog.Event
	itemReads map[string]bool
	mayBeNone bool
	unclear   bool // something is wrong with the step
}

// awaitedNames writes names and their events as one text, by which views can be compared: "answer=nps.answered".
func awaitedNames(known map[string]*awaited) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(known)) {
		parts = append(parts, name+"="+known[name].event.Name)
	}
	return strings.Join(parts, " ")
}

// awaitedEvents returns the events that a view has by the names that wait_for steps give them.
func (s exprView) awaitedEvents() map[string]string {
	out := map[string]string{}
	for _, part := range strings.Fields(s.awaited) {
		name, event, _ := strings.Cut(part, "=")
		out[name] = event
	}
	return out
}

// reservedNames are those that an awaited event cannot have: they mean something in conditions or messages.
func reservedNames() []string {
	return append([]string{"event", "trigger", "learner", "course", "now", "same", "vars", "links", "share", "sender", "referral", "unsubscribe_url", "preferences_url",
		"true", "false", "null", "nil", "and", "or", "not", "in", "contains", "forloop"}, functionNames()...)
}

// readAwaitedName reads what a wait_for calls its event.
func readAwaitedName(d *decoder, m *matchSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "as")
	switch {
	case !ok:
	case !variableForm.MatchString(text) || len(text) > 64:
		d.Fail(v.At, "begin with a small letter; use small letters, digits and _", "%q cannot be an event's name here", text)
	case slices.Contains(reservedNames(), text):
		d.Fail(v.At, "use another, such as answer", "%s means something else already", text)
	default:
		m.as = v
	}
}

// nameAwaited makes a wait_for's event known under its name.
func (b *builder) nameAwaited(n *yamlfile.Node, ev *catalog.Event) {
	if n == nil {
		return
	}
	if known := b.awaited[n.Text]; known != nil {
		if known.event.Name != ev.Name {
			b.d.Fail(n.At, "use another name", "%s is what the step in line %d calls its %s", n.Text, known.first.Line, known.event.Name)
		}
		return
	}
	if len(b.awaited) >= maxAwaited {
		b.d.Fail(n.At, "take the names out that nothing reads", "more than %d events of a rule have names", maxAwaited)
		return
	}
	b.awaited[n.Text] = &awaited{
		event: ev,
		first: n.At,
		reads: map[string]bool{},
	}
}

// noteReads records which properties of an awaited event an expression or a message reads.
func (c *compiler) noteReads(known *awaited, properties ...string) {
	known.used = true
	for _, property := range properties {
		if _, carried := known.event.Property(property); carried {
			known.reads[property] = true
			c.keep.add(known.event.Name, property)
		}
	}
}

// finishAwaited tells the wait_for and collect instructions which properties to keep, and warns of names that nothing reads.
func (b *builder) finishAwaited() {
	for i := range b.out {
		if known := b.awaited[b.out[i].As]; known != nil {
			b.out[i].Reads = sortedKeys(known.reads)
			if b.out[i].Op == engine.OpCollect {
				b.out[i].Reads = sortedKeys(known.itemReads)
			}
		}
	}
	for _, name := range sortedKeys(b.awaited) {
		if known := b.awaited[name]; !known.used {
			b.d.Warn(known.first, LintUnusedVariable, "take it out, or read "+name+".… in a later step", "nothing reads %s", name)
		}
	}
}

// compileExpression compiles an expression of a step: what is read of awaited events is kept for it, and must have come.
func (b *builder) compileExpression(n *yamlfile.Node, w want) compiled {
	done, _ := b.c.compileExpression(b.d, n, b.stepView(), w)
	if b.from.nobody {
		b.c.checkStaffReads(b.d, n, done)
	}
	for _, name := range sortedKeys(b.awaited) {
		if properties, read := done.reads[name]; read {
			b.c.noteReads(b.awaited[name], properties...)
		}
		if at, read := done.unproven[name]; read {
			b.checkPresence(name, at)
		}
	}
	return done
}

// checkPresence reports where an awaited event is read that may not have come.
func (b *builder) checkPresence(name string, at yamlfile.Position) {
	if b.certain.hasAwaited(name) {
		return
	}
	event := b.awaited[name].describe()
	switch b.presence[name] {
	case absent:
		b.d.Fail(at, "read it in then:, or ask has("+name+".…) first", "%s is not there: no run comes here that has waited for %s and got it", name, event)
	case perhaps:
		b.d.Warn(at, LintPerhapsAbsent, "ask has("+name+".…) first, or read it in then:",
			"%s is not there in runs that come here without %s", name, event)
	case present:
	}
}

// joinPresence returns what is known of awaited events where several ways come together.
func joinPresence(ways []map[string]presence) map[string]presence {
	joined := map[string]presence{}
	for _, way := range ways {
		maps.Copy(joined, way)
	}
	for name := range joined {
		joined[name] = ways[0][name]
		for _, way := range ways[1:] {
			if way[name] != joined[name] {
				joined[name] = perhaps
			}
		}
	}
	return joined
}

// awaitedAt is an awaited event as a send finds it.
type awaitedAt struct {
	*awaited
	presence presence
}

// awaitedNow returns the awaited events as a send finds them. certain is what is certain there.
func (b *builder) awaitedNow(certain certainPaths) map[string]awaitedAt {
	out := map[string]awaitedAt{}
	for name, known := range b.awaited {
		now := awaitedAt{awaited: known, presence: b.presence[name]}
		if certain.hasAwaited(name) {
			now.presence = present
		}
		out[name] = now
	}
	return out
}

// hasAwaited reports whether a condition on the way has made sure that an awaited event has come.
func (f certainPaths) hasAwaited(name string) bool {
	for path := range f {
		if strings.HasPrefix(path, name+".") {
			return true
		}
	}
	return false
}

// unprovenRead returns the id of the first place where an expression reads a variable without having asked has() of it; 0: there is none.
func unprovenRead(e ast.Expr, name string, proven bool) int64 {
	switch e.Kind() {
	case ast.SelectKind:
		of := e.AsSelect().Operand()
		if of.Kind() == ast.IdentKind && of.AsIdent() == name {
			if proven || e.AsSelect().IsTestOnly() {
				return 0
			}
			return of.ID()
		}
		return unprovenRead(of, name, proven)
	case ast.ListKind:
		return firstUnproven(e.AsList().Elements(), name, func(int) bool { return proven })
	case ast.CallKind:
		args := e.AsCall().Args()
		if e.AsCall().IsMemberFunction() {
			args = append([]ast.Expr{e.AsCall().Target()}, args...)
		}
		switch function := e.AsCall().FunctionName(); function {
		case operators.LogicalAnd, operators.LogicalOr:
			return firstUnproven(args, name, func(i int) bool { return proven || othersProve(args, i, name, function == operators.LogicalAnd) })
		case operators.Conditional:
			return firstUnproven(args, name, func(i int) bool {
				return proven || i > 0 && proveFrom(args[0], i == 1, false).hasAwaited(name)
			})
		}
		return firstUnproven(args, name, func(int) bool { return proven })
	}
	return 0
}

func firstUnproven(parts []ast.Expr, name string, proven func(part int) bool) int64 {
	for i, part := range parts {
		if id := unprovenRead(part, name, proven(i)); id != 0 {
			return id
		}
	}
	return 0
}

// othersProve reports whether another part of "and", or of "or", asks has() of the variable. Where the variable is absent, that
// part decides the whole, and CEL ignores the error of this one, in whatever order they stand.
func othersProve(parts []ast.Expr, except int, name string, and bool) bool {
	for i, part := range parts {
		if i != except && proveFrom(part, and, false).hasAwaited(name) {
			return true
		}
	}
	return false
}

// scanAwaitedNames returns the names that wait_for steps give their events in any rule of the folder. Messages are read before the rules that send them,
// and must know them by then.
func scanAwaitedNames(sources map[string]*yamlfile.Source) map[string]bool {
	names := map[string]bool{}
	for file, src := range sources {
		if path.Dir(file) != rulesDir {
			continue
		}
		var unread Problems // they are reported when the rule is read
		if root, ok := newDecoder(src, "", &unread).Root(); ok && root != nil {
			scanAwaited(root, names)
		}
	}
	return names
}

func scanAwaited(n *yamlfile.Node, into map[string]bool) {
	for _, word := range []string{"as", "collect"} {
		if named := n.Get(word); named != nil && variableForm.MatchString(named.Text) && !slices.Contains(reservedNames(), named.Text) {
			into[named.Text] = true
		}
	}
	for _, p := range n.Pairs {
		scanAwaited(p.Value, into)
	}
	for _, item := range n.Items {
		scanAwaited(item, into)
	}
}
