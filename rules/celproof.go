package rules

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// provenPaths returns the paths of variables ("event.score_pct", "course.title") that have a value if an expression was
// evaluated; of a condition, if it was true, and if it was not. A condition that reads what is not there cannot be
// evaluated, which counts as false: so true proves whatever was read to get there.
func provenPaths(root ast.Expr, isCondition bool) (ifTrue, ifNot certainPaths) {
	if !isCondition {
		return strictPaths(root), certainPaths{}
	}
	return proveFrom(root, true, true), proveFrom(root, false, false)
}

// proveFrom returns what is proven by an expression that came out as the given truth. evaluated says that it did come out;
// otherwise it may have failed instead, which proves nothing but what has() asks.
func proveFrom(e ast.Expr, truth, evaluated bool) certainPaths {
	switch {
	case e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly():
		if path := pathOf(e); truth && path != "" {
			return certainPaths{path: true}
		}
		return certainPaths{}
	case e.Kind() != ast.CallKind:
	case e.AsCall().FunctionName() == operators.LogicalNot:
		return proveFrom(e.AsCall().Args()[0], !truth, evaluated)
	case e.AsCall().FunctionName() == operators.LogicalAnd, e.AsCall().FunctionName() == operators.LogicalOr:
		all := e.AsCall().FunctionName() == operators.LogicalAnd
		return proveFromParts(e.AsCall().Args(), truth, evaluated, truth == all)
	}
	if !evaluated {
		return certainPaths{}
	}
	return strictPaths(e)
}

// proveFromParts joins what the parts of "and" or "or" prove: all of it if every part came out so, else what each of them
// proves.
func proveFromParts(parts []ast.Expr, truth, evaluated, every bool) certainPaths {
	var out certainPaths
	for i, part := range parts {
		proven := proveFrom(part, truth, evaluated)
		switch {
		case every || i == 0:
			out = out.withPaths(proven.sortedPaths()...)
		default:
			for path := range out {
				if !proven[path] {
					delete(out, path)
				}
			}
		}
	}
	return out
}

// strictPaths returns the paths that an expression reads in any case when it is evaluated: none if a part of it may be left
// out.
func strictPaths(e ast.Expr) certainPaths {
	found := certainPaths{}
	lazy := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if path := pathOf(e); path != "" && !e.AsSelect().IsTestOnly() {
				found[path] = true
			}
		case ast.CallKind:
			switch e.AsCall().FunctionName() {
			case operators.Conditional, operators.LogicalAnd, operators.LogicalOr:
				lazy = true
			}
		case ast.ComprehensionKind:
			lazy = true
		}
	}))
	if lazy {
		return certainPaths{}
	}
	return found
}

// pathOf returns the names of a selection from a variable, joined by dots; of anything else "".
func pathOf(e ast.Expr) string {
	if e.Kind() != ast.SelectKind {
		return ""
	}
	operand := e.AsSelect().Operand()
	before := ""
	switch operand.Kind() {
	case ast.IdentKind:
		before = operand.AsIdent()
	case ast.SelectKind:
		before = pathOf(operand)
	}
	if before == "" {
		return ""
	}
	return before + "." + e.AsSelect().FieldName()
}
