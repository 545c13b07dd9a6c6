package sources

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// keySets are sets of names at the top of a body. A condition can only hold for a body that has all names of one of the sets; a set without names says
// nothing. Looking them up is much cheaper than evaluating the condition, and most bodies are those of another source.
type keySets [][]string

// maxKeySets is how many sets are told apart. A condition with more is always evaluated.
const maxKeySets = 16

// keyTree are keySets in the form in which they are looked up: a name that several sets share is looked up once. A body needs one of the names, and what stands
// below it. An empty tree needs nothing.
type keyTree []keyBranch

type keyBranch struct {
	name string
	then keyTree
}

// treeOf returns the tree of sets.
func treeOf(sets keySets) keyTree {
	var tree keyTree
	for len(sets) > 0 {
		name, found := mostNeeded(sets)
		if !found {
			return nil // a set is satisfied
		}
		var with, without keySets
		for _, set := range sets {
			if slices.Contains(set, name) {
				with = append(with, slices.DeleteFunc(slices.Clone(set), func(one string) bool { return one == name }))
			} else {
				without = append(without, set)
			}
		}
		tree = append(tree, keyBranch{name: name, then: treeOf(with)})
		sets = without
	}
	return tree
}

// mostNeeded returns the name that is in most sets, the first of several; found is false if one of the sets is empty.
func mostNeeded(sets keySets) (name string, found bool) {
	most := 0
	for _, set := range sets {
		if len(set) == 0 {
			return "", false
		}
		for _, one := range set {
			count := 0
			for _, other := range sets {
				if slices.Contains(other, one) {
					count++
				}
			}
			if count > most {
				most = count
				name = one
			}
		}
	}
	return name, true
}

// fits reports whether the condition may hold for a body.
func (t keyTree) fits(body map[string]any) bool {
	for i := range t {
		if _, has := body[t[i].name]; has && t[i].then.fits(body) {
			return true
		}
	}
	return len(t) == 0
}

// keysForTrue returns what a body must have for a condition to hold.
func keysForTrue(e ast.Expr) keySets {
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		return keySets{append(keysToEval(e.AsSelect().Operand()), keyAtTop(e)...)}
	}
	if e.Kind() != ast.CallKind {
		return keySets{keysToEval(e)}
	}
	args := e.AsCall().Args()
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd:
		return productOf(keysForTrue(args[0]), keysForTrue(args[1]))
	case operators.LogicalOr:
		return unionOf(keysForTrue(args[0]), keysForTrue(args[1]))
	case operators.Conditional:
		return productOf(keySets{keysToEval(args[0])}, unionOf(keysForTrue(args[1]), keysForTrue(args[2])))
	}
	return keySets{keysToEval(e)}
}

// unionOf returns the sets of a condition that holds where one of two does. If there are too many, it returns one set without names, which says nothing.
func unionOf(a, b keySets) keySets {
	if len(a)+len(b) > maxKeySets {
		return keySets{nil}
	}
	return slices.Concat(a, b)
}

// productOf returns the sets of a condition that holds where both of two do: each set of one with each of the other. Too many are as in unionOf.
func productOf(a, b keySets) keySets {
	if len(a)*len(b) > maxKeySets {
		return keySets{nil}
	}
	var product keySets
	for _, one := range a {
		for _, other := range b {
			product = append(product, slices.Concat(one, other))
		}
	}
	return product
}

// keysToEval returns names that a body must have for an expression to have a value at all, whether or not these are all that it needs.
func keysToEval(e ast.Expr) []string {
	switch e.Kind() {
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			return nil
		}
		return append(keysToEval(e.AsSelect().Operand()), keyAtTop(e)...)
	case ast.CallKind:
		call := e.AsCall()
		args := argumentsOf(call)
		switch {
		case call.FunctionName() == operators.Conditional:
			return keysToEval(args[0])
		case !slices.Contains(strictFunctions(), call.FunctionName()):
			return nil
		}
		names := keyAtTop(e)
		for _, arg := range args {
			names = append(names, keysToEval(arg)...)
		}
		return names
	}
	return nil
}

// keyAtTop returns the name that body.name, has(body.name) and body["name"] read.
func keyAtTop(e ast.Expr) []string {
	isBody := func(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == variableBody }
	switch e.Kind() {
	case ast.SelectKind:
		if isBody(e.AsSelect().Operand()) {
			return []string{e.AsSelect().FieldName()}
		}
	case ast.CallKind:
		args := e.AsCall().Args()
		if e.AsCall().FunctionName() != operators.Index || !isBody(args[0]) || args[1].Kind() != ast.LiteralKind {
			return nil
		}
		if name, isText := args[1].AsLiteral().(types.String); isText {
			return []string{string(name)}
		}
	}
	return nil
}

// strictFunctions are those known to fail if one of their arguments does.
func strictFunctions() []string {
	return []string{
		operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
		operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate,
		operators.In, operators.Index, operators.LogicalNot,
		"startsWith", "endsWith", "contains", "matches", "size", "string", "double", "int", "type", "last", "without", "lower",
	}
}
