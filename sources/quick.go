package sources

import (
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// quick evaluates an expression of the plain kind, as most of the shipped sources are, without CEL. plain is false if a part is absent or has another type than
// the expression expects: then CEL says what the expression is. Where quick answers, it answers as CEL does; TestQuickIsCEL holds it to that.
type quick func(body map[string]any) (value any, plain bool)

// compileQuick returns a quick evaluation of an expression; nil: it has none.
func compileQuick(e ast.Expr) quick {
	if path := pathOf(e); path != nil {
		return func(body map[string]any) (any, bool) {
			value, err := followPath(body, path)
			return value, err == nil && isPlain(value)
		}
	}
	switch e.Kind() {
	case ast.LiteralKind:
		return quickLiteral(e)
	case ast.SelectKind:
		return quickPresence(e)
	case ast.ListKind:
		return quickList(e)
	case ast.CallKind:
		return quickCall(e.AsCall())
	}
	return nil
}

// isPlain reports whether a value is one of JSON. A body that was brought into another form may have others.
func isPlain(value any) bool {
	switch value := value.(type) {
	case string, bool, nil, map[string]any, []any:
		return true
	case float64:
		return !math.IsNaN(value) && !math.IsInf(value, 0)
	}
	return false
}

func quickLiteral(e ast.Expr) quick {
	var value any
	switch literal := e.AsLiteral().(type) {
	case types.String:
		value = string(literal)
	case types.Bool:
		value = bool(literal)
	case types.Null:
	default:
		return nil
	}
	return func(map[string]any) (any, bool) { return value, true }
}

// quickPresence is has(body.a.b).
func quickPresence(e ast.Expr) quick {
	path := pathOf(e.AsSelect().Operand())
	if !e.AsSelect().IsTestOnly() || path == nil {
		return nil
	}
	name := e.AsSelect().FieldName()
	return func(body map[string]any) (any, bool) {
		holder, err := followPath(body, path)
		object, isObject := holder.(map[string]any)
		if err != nil || !isObject {
			return nil, false
		}
		_, has := object[name]
		return has, true
	}
}

func quickList(e ast.Expr) quick {
	if len(e.AsList().OptionalIndices()) > 0 {
		return nil
	}
	items, all := compileQuicks(e.AsList().Elements())
	if !all {
		return nil
	}
	return func(body map[string]any) (any, bool) {
		list := make([]any, len(items))
		for i, item := range items {
			value, plain := item(body)
			if !plain {
				return nil, false
			}
			list[i] = value
		}
		return list, true
	}
}

func compileQuicks(list []ast.Expr) (compiled []quick, all bool) {
	for _, e := range list {
		one := compileQuick(e)
		if one == nil {
			return nil, false
		}
		compiled = append(compiled, one)
	}
	return compiled, true
}

func quickCall(call ast.CallExpr) quick {
	switch call.FunctionName() {
	case "orValue":
		return quickOrValue(call)
	case operators.Equals:
		if q := quickOptionalIs(call); q != nil {
			return q
		}
	}
	parts := call.Args()
	if call.IsMemberFunction() {
		parts = append([]ast.Expr{call.Target()}, parts...)
	}
	args, all := compileQuicks(parts)
	if !all {
		return nil
	}
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return quickLogic(args, false)
	case operators.LogicalOr:
		return quickLogic(args, true)
	case operators.LogicalNot:
		return func(body map[string]any) (any, bool) {
			yes, plain := args[0].isTrue(body)
			return !yes, plain
		}
	case operators.Conditional:
		return func(body map[string]any) (any, bool) {
			yes, plain := args[0].isTrue(body)
			switch {
			case !plain:
				return nil, false
			case yes:
				return args[1](body)
			}
			return args[2](body)
		}
	case operators.Equals:
		return quickTexts(args, func(a, b string) any { return a == b })
	case operators.NotEquals:
		return quickTexts(args, func(a, b string) any { return a != b })
	case operators.Add:
		return quickTexts(args, func(a, b string) any { return a + b })
	case "startsWith":
		return quickTexts(args, func(a, b string) any { return strings.HasPrefix(a, b) })
	case "contains":
		return quickTexts(args, func(a, b string) any { return strings.Contains(a, b) })
	case "last":
		return quickTexts(args, func(a, b string) any { return string(lastPart(types.String(a), types.String(b)).(types.String)) })
	case operators.In:
		return quickMember(args, call.Args()[1])
	}
	return nil
}

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
	name, isText := args[1].AsLiteral().(types.String)
	if !isText {
		return optionalPath{}, false
	}
	if p.path = pathOf(args[0]); p.path == nil {
		if p, ok = optionalPathOf(args[0]); !ok {
			return optionalPath{}, false
		}
	}
	p.rest = append(p.rest, string(name))
	return p, true
}

// follow returns the part of a body, and whether it is there.
func (p *optionalPath) follow(body map[string]any) (value any, there, plain bool) {
	value, err := followPath(body, p.path)
	if err != nil {
		return nil, false, false
	}
	for _, name := range p.rest {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil, false, false
		}
		if value, there = object[name]; !there {
			return nil, false, true
		}
	}
	return value, true, isPlain(value)
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
	return func(body map[string]any) (any, bool) {
		value, there, plain := path.follow(body)
		if plain && !there {
			return otherwise(body)
		}
		return value, plain
	}
}

// quickOptionalIs is body.?a == optional.of("text").
func quickOptionalIs(call ast.CallExpr) quick {
	path, ok := optionalPathOf(call.Args()[0])
	other := call.Args()[1]
	if !ok || other.Kind() != ast.CallKind || other.AsCall().FunctionName() != "optional.of" {
		return nil
	}
	if len(other.AsCall().Args()) != 1 || other.AsCall().Args()[0].Kind() != ast.LiteralKind {
		return nil
	}
	wanted, isText := other.AsCall().Args()[0].AsLiteral().(types.String)
	if !isText {
		return nil
	}
	return func(body map[string]any) (any, bool) {
		value, there, plain := path.follow(body)
		text, isText := value.(string)
		return text == string(wanted) && there, plain && (isText || !there)
	}
}

func (q quick) isTrue(body map[string]any) (yes, plain bool) {
	value, plain := q(body)
	yes, isBool := value.(bool)
	return yes, plain && isBool
}

// quickLogic is && (decides is false) or || (decides is true): the first operand that equals decides is the result; if there is none, the result is !decides.
func quickLogic(args []quick, decides bool) quick {
	return func(body map[string]any) (any, bool) {
		for _, arg := range args {
			if yes, plain := arg.isTrue(body); !plain || yes == decides {
				return yes, plain
			}
		}
		return !decides, true
	}
}

// quickTexts is a function of two texts.
func quickTexts(args []quick, f func(a, b string) any) quick {
	if len(args) != 2 {
		return nil
	}
	return func(body map[string]any) (any, bool) {
		first, plain := args[0](body)
		a, isText := first.(string)
		if !plain || !isText {
			return nil, false
		}
		second, plain := args[1](body)
		b, isText := second.(string)
		if !plain || !isText {
			return nil, false
		}
		return f(a, b), true
	}
}

// quickMember is text in ["text", …].
func quickMember(args []quick, list ast.Expr) quick {
	if list.Kind() != ast.ListKind {
		return nil
	}
	var items []string
	for _, e := range list.AsList().Elements() {
		text, isText := e.AsLiteral().(types.String)
		if e.Kind() != ast.LiteralKind || !isText {
			return nil
		}
		items = append(items, string(text))
	}
	return func(body map[string]any) (any, bool) {
		value, plain := args[0](body)
		text, isText := value.(string)
		return slices.Contains(items, text), plain && isText
	}
}
