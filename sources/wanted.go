package sources

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"homeroom/catalog"
)

// What an expression may need of a value.
var (
	wantAll = &catalog.Wanted{All: true}
	// wantScalar: all that a text, a number or a comparison with one can use: whatever is in an object makes no difference.
	wantScalar = &catalog.Wanted{Scalar: true}
)

// Wanted implements [catalog.Translator]: the parts of a body that some expression of some source can reach. Reading the rest is most of what a foreign body
// costs, and most of it reaches nobody.
func (s *Set) Wanted() *catalog.Wanted {
	all := &catalog.Wanted{Scalar: true}
	unique := &catalog.Wanted{}
	for _, source := range s.Sources() {
		source.addWanted(all)
		source.addUnique(unique)
	}
	markUnique(all, unique)
	return all
}

// addWanted adds what the expressions of the source can reach.
func (s *Source) addWanted(body *catalog.Wanted) {
	one := &catalog.Wanted{Scalar: true}
	s.addReshaped(one, func(reshaped *catalog.Wanted) {
		s.event.addWanted(reshaped, wantScalar)
		s.addWhole((*mapping).addWanted, reshaped)
	})
	if s.noNulls {
		wantScalars(one)
	}
	mergeWanted(body, one)
	s.recognise.addWanted(body, wantScalar)
	s.items.addWanted(body, one) // each item is read as a body
}

// wantScalars wants of each part that is wanted at all that it is read, because what is wanted only to be there is null in a body that is read by its parts.
func wantScalars(of *catalog.Wanted) {
	of.Scalar = true
	for _, part := range of.Members {
		wantScalars(part)
	}
}

// addUnique adds what the expressions can reach that tell who a learner is, which event it is, or when it was.
func (s *Source) addUnique(body *catalog.Wanted) {
	one := &catalog.Wanted{}
	s.addReshaped(one, func(reshaped *catalog.Wanted) { s.addWhole((*mapping).addUnique, reshaped) })
	mergeWanted(body, one)
	s.items.addWanted(body, one)
}

// addReshaped adds to body what is wanted of it if add adds what is wanted of it in the form that the expressions read.
func (s *Source) addReshaped(body *catalog.Wanted, add func(reshaped *catalog.Wanted)) {
	reshaped := &catalog.Wanted{Scalar: true}
	add(reshaped)
	mergeWanted(body, reshaped) // without a reshape, and where that cannot be evaluated
	s.reshape.addWanted(body, reshaped)
}

// addWhole adds for what holds for every event, and for each mapping.
func (s *Source) addWhole(add func(m *mapping, body *catalog.Wanted), body *catalog.Wanted) {
	add(&s.whole, body)
	for _, m := range s.mappings() {
		add(m, body)
	}
}

func (m *mapping) addWanted(body *catalog.Wanted) {
	m.addUnique(body)
	m.condition.addWanted(body, wantScalar)
	m.object.addWanted(body, wantAll)
	for _, f := range m.properties {
		f.value.addWanted(body, wantAll)
	}
}

func (m *mapping) addUnique(body *catalog.Wanted) {
	for _, e := range []*expression{m.learner, m.id, m.at} {
		e.addWanted(body, wantScalar)
	}
	m.person.addWanted(body, wantAll)
	for _, f := range m.traits {
		f.value.addWanted(body, wantAll)
	}
}

// markUnique marks the parts that are unique in what is wanted, and those that lead to them.
func markUnique(wanted, unique *catalog.Wanted) {
	wanted.Unique = true
	for name, part := range wanted.Members {
		switch {
		case unique.All:
			markUnique(part, unique)
		case unique.Members[name] != nil:
			markUnique(part, unique.Members[name])
		}
	}
}

// addWanted adds to body what the expression, which may be nil, needs of it, if of its value no more than a part is needed.
func (e *expression) addWanted(body, part *catalog.Wanted) {
	if e != nil {
		addWanted(body, e.tree, part)
	}
}

// mergeWanted adds what another wants.
func mergeWanted(into, other *catalog.Wanted) {
	into.All = into.All || other.All
	into.Scalar = into.Scalar || other.Scalar
	for name, part := range other.Members {
		mergeWanted(wantMember(into, name), part)
	}
}

// wantMember returns what is wanted of a member, which is wanted from now on.
func wantMember(of *catalog.Wanted, name string) *catalog.Wanted {
	of.Scalar = true // whether there is an object at all
	if of.Members == nil {
		of.Members = map[string]*catalog.Wanted{}
	}
	if of.Members[name] == nil {
		of.Members[name] = &catalog.Wanted{}
	}
	return of.Members[name]
}

// onlyMember wants a part of a member and nothing else.
func onlyMember(name string, part *catalog.Wanted) *catalog.Wanted {
	return onlyMembers(map[string]*catalog.Wanted{name: part})
}

func onlyMembers(parts map[string]*catalog.Wanted) *catalog.Wanted {
	return &catalog.Wanted{Scalar: true, Members: parts}
}

// addWanted adds to body what an expression needs of it, if of the expression's value no more than a part is needed. What it does not know needs everything.
func addWanted(body *catalog.Wanted, e ast.Expr, part *catalog.Wanted) {
	switch e.Kind() {
	case ast.LiteralKind:
	case ast.IdentKind:
		if e.AsIdent() == variableBody {
			mergeWanted(body, part)
		}
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			part = &catalog.Wanted{}
		}
		addWanted(body, e.AsSelect().Operand(), onlyMember(e.AsSelect().FieldName(), part))
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			addWanted(body, item, part)
		}
	case ast.MapKind:
		addWantedOfMap(body, e.AsMap(), part)
	case ast.CallKind:
		addWantedOfCall(body, e.AsCall(), part)
	default:
		body.All = true
	}
}

// addWantedOfMap is addWanted for an object that is written out.
func addWantedOfMap(body *catalog.Wanted, e ast.MapExpr, part *catalog.Wanted) {
	for _, entry := range e.Entries() {
		key := entry.AsMapEntry().Key()
		addWanted(body, key, wantScalar)
		name, isText := literalText(key)
		ofValue := part.Members[name]
		switch {
		case part.All || !isText:
			ofValue = wantAll
		case ofValue == nil:
			ofValue = wantScalar // whether it is there decides whether the object is
		}
		addWanted(body, entry.AsMapEntry().Value(), ofValue)
	}
}

// addWantedOfCall is addWanted for a function or an operator.
func addWantedOfCall(body *catalog.Wanted, call ast.CallExpr, part *catalog.Wanted) {
	args := argumentsOf(call)
	switch name := call.FunctionName(); {
	case name == operators.Conditional:
		addWantedOfConditional(body, args, part)
	case name == operators.Index, name == operators.OptIndex, name == operators.OptSelect:
		addWantedOfIndex(body, args, part)
	case name == operators.In:
		addWantedOfMember(body, args)
	case slices.Contains(passingFunctions(), name):
		addWantedOfAll(body, args, part)
	case name == "activity":
		addWanted(body, args[0], activitiesWanted())
		addWanted(body, args[1], wantScalar)
	case name == "score_pct":
		addWanted(body, args[0], scoreWanted())
	case readsPlainValues(call):
		addWantedOfAll(body, args, wantScalar)
	default:
		addWantedOfAll(body, args, wantAll)
	}
}

// addWantedOfConditional is addWanted for condition ? then : otherwise. Where the condition is that a part of the body is a text, nothing below it is there for then.
func addWantedOfConditional(body *catalog.Wanted, args []ast.Expr, part *catalog.Wanted) {
	addWanted(body, args[0], wantScalar)
	then := &catalog.Wanted{}
	addWanted(then, args[1], part)
	if path := pathOfText(args[0]); len(path) > 0 {
		text := then
		for _, name := range path {
			text = wantMember(text, name)
		}
		*text = *wantScalar
	}
	mergeWanted(body, then)
	addWanted(body, args[2], part)
}

// pathOfText returns the path into the body of which a condition says that it leads to a text; nil: it says something else.
func pathOfText(condition ast.Expr) []string {
	if value := operandOfIsText(condition); value != nil {
		return pathOf(value)
	}
	return nil
}

func addWantedOfAll(body *catalog.Wanted, list []ast.Expr, part *catalog.Wanted) {
	for _, e := range list {
		addWanted(body, e, part)
	}
}

// addWantedOfIndex is addWanted for x["name"], x[?"name"], x.?name and x[0].
func addWantedOfIndex(body *catalog.Wanted, args []ast.Expr, part *catalog.Wanted) {
	switch index := literalOf(args[1]).(type) {
	case string:
		addWanted(body, args[0], onlyMember(index, part))
	case int64:
		addWanted(body, args[0], part) // what is wanted of an array is wanted of its items
	default:
		addWantedOfAll(body, args, wantAll)
	}
}

// addWantedOfMember is addWanted for a in b.
func addWantedOfMember(body *catalog.Wanted, args []ast.Expr) {
	name, isText := literalText(args[0])
	switch {
	case isText: // b may be an object that has the name, or an array that holds the text
		addWanted(body, args[1], onlyMember(name, &catalog.Wanted{}))
	case args[1].Kind() == ast.ListKind && !slices.ContainsFunc(args[1].AsList().Elements(), isNotLiteral):
		addWanted(body, args[0], wantScalar)
	default:
		addWantedOfAll(body, args, wantAll)
	}
}

func isNotLiteral(e ast.Expr) bool { return e.Kind() != ast.LiteralKind }

// passingFunctions return an argument of theirs, or what its text says.
func passingFunctions() []string {
	return []string{"json", "optional.of", "orValue", "or", "value"}
}

// readsPlainValues reports whether it makes no difference to a function what is in an object that it is given.
func readsPlainValues(call ast.CallExpr) bool {
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals: // an object never equals a literal
		return !isNotLiteral(call.Args()[0]) || !isNotLiteral(call.Args()[1])
	case "last": // CEL has one of its own, which returns an item
		return !call.IsMemberFunction()
	case "hasValue":
		return len(call.Args()) == 0
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, "type", "string", "double", "int", "startsWith", "endsWith", "contains", "matches",
		"without", "lower", "millis", "seconds", "iso_seconds":
		return true
	}
	return false
}

// activitiesWanted is what findActivity looks at.
func activitiesWanted() *catalog.Wanted {
	one := onlyMembers(map[string]*catalog.Wanted{
		"id":         wantScalar,
		"definition": onlyMember("type", wantScalar),
	})
	return onlyMembers(map[string]*catalog.Wanted{
		"grouping": one,
		"parent":   one,
		"category": one,
	})
}

// scoreWanted is what scorePercent looks at.
func scoreWanted() *catalog.Wanted {
	return onlyMembers(map[string]*catalog.Wanted{
		"scaled": wantScalar,
		"raw":    wantScalar,
		"max":    wantScalar,
		"min":    wantScalar,
	})
}
