package sources

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// optionalPath is body.a.?b.c: what follows the first question mark need not be there.
type optionalPath struct {
	path []string
	rest []string
}

// optionalPathOf returns the path of an expression that has a question mark; ok is false if it is anything else.
func optionalPathOf(e ast.Expr) (p optionalPath, ok bool) {
	switch {
	case e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly():
		p, ok = optionalPathOf(e.AsSelect().Operand())
		p.rest = append(p.rest, e.AsSelect().FieldName())
		return p, ok
	case e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.OptSelect:
		return optionalPath{}, false
	}
	args := e.AsCall().Args()
	name, isText := literalText(args[1])
	if !isText {
		return optionalPath{}, false
	}
	if p.path = pathOf(args[0]); p.path == nil {
		if p, ok = optionalPathOf(args[0]); !ok {
			return optionalPath{}, false
		}
	}
	p.rest = append(p.rest, name)
	return p, true
}

// valueIn returns the part of a body, and whether it is there.
func (p *optionalPath) valueIn(body map[string]any) (value any, there bool, got outcome) {
	value, got = followQuickly(body, p.path)
	if got != known {
		return nil, false, got
	}
	for _, name := range p.rest {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil, false, unclear
		}
		if value, there = object[name]; !there {
			return nil, false, known
		}
	}
	return value, true, outcomeOf(value)
}

// quickOrValue is body.?a.orValue("text").
func quickOrValue(call ast.CallExpr) quick {
	if !call.IsMemberFunction() || len(call.Args()) != 1 || call.Args()[0].Kind() != ast.LiteralKind {
		return nil
	}
	path, ok := optionalPathOf(call.Target())
	otherwise := quickLiteral(call.Args()[0])
	if !ok || otherwise == nil {
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		value, there, got := path.valueIn(body)
		if got == known && !there {
			return otherwise(body)
		}
		return value, got
	}
}

// quickHasValue is body.?a.hasValue().
func quickHasValue(call ast.CallExpr) quick {
	if !call.IsMemberFunction() {
		return nil
	}
	path, ok := optionalPathOf(call.Target())
	if !ok {
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		_, there, got := path.valueIn(body)
		return there, got
	}
}

// quickOptionalIs is body.?a == optional.of("text"), and with true or false.
func quickOptionalIs(args []ast.Expr) quick {
	path, ok := optionalPathOf(args[0])
	other := args[1]
	if !ok || other.Kind() != ast.CallKind || other.AsCall().FunctionName() != "optional.of" || len(other.AsCall().Args()) != 1 {
		return nil
	}
	var wanted any
	switch literal := literalOf(other.AsCall().Args()[0]).(type) {
	case string, bool:
		wanted = literal
	default:
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		value, there, got := path.valueIn(body)
		if got != known || !there {
			return false, got
		}
		return areEqual(value, wanted)
	}
}

// quickIsText is type(x) == string.
func quickIsText(args []ast.Expr) quick {
	operand := operandOfType(args)
	if operand == nil {
		return nil
	}
	value := compileQuick(operand)
	if value == nil {
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		value, got := value(body)
		_, isText := value.(string)
		return isText, got
	}
}

// operandOfIsText returns the x of type(x) == string; nil: the expression is another.
func operandOfIsText(e ast.Expr) ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Equals {
		return nil
	}
	return operandOfType(e.AsCall().Args())
}

// operandOfType returns the x of the operands type(x) and string; nil: they are others.
func operandOfType(args []ast.Expr) ast.Expr {
	if args[0].Kind() != ast.CallKind || args[0].AsCall().FunctionName() != "type" || args[1].Kind() != ast.IdentKind || args[1].AsIdent() != "string" {
		return nil
	}
	return args[0].AsCall().Args()[0]
}
