package sources

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// quickText is quick for an expression that stands where only a text can: what is none is unclear. A text within an expression is not put into an interface,
// which would be an allocation.
type quickText func(body map[string]any) (string, outcome)

// argumentsOf returns what a function is applied to: x.f(y) is f(x, y).
func argumentsOf(call ast.CallExpr) []ast.Expr {
	if call.IsMemberFunction() {
		return append([]ast.Expr{call.Target()}, call.Args()...)
	}
	return call.Args()
}

// quickOfTexts is a function of two texts; nil: the call is another, or has no quick evaluation.
func quickOfTexts(call ast.CallExpr) quick {
	if text := compileTextCall(call); text != nil {
		return func(body map[string]any) (any, outcome) {
			value, is := text(body)
			if is != known {
				return nil, is
			}
			return value, known
		}
	}
	var test func(a, b string) bool
	switch call.FunctionName() {
	case "startsWith":
		test = strings.HasPrefix
	case "endsWith":
		test = strings.HasSuffix
	case "contains":
		test = strings.Contains
	default:
		return nil
	}
	both := compileTexts(argumentsOf(call))
	if both == nil {
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		a, b, is := both(body)
		if is != known {
			return nil, is
		}
		return test(a, b), known
	}
}

// compileText returns a quick evaluation of an expression that stands where only a text can; nil: it has none.
func compileText(e ast.Expr) quickText {
	if e.Kind() == ast.CallKind {
		if text := compileTextCall(e.AsCall()); text != nil {
			return text
		}
	}
	value := compileQuick(e)
	if value == nil {
		return nil
	}
	return func(body map[string]any) (string, outcome) {
		value, is := value(body)
		text, isText := value.(string)
		if is == known && !isText {
			return "", unclear
		}
		return text, is
	}
}

// compileTextCall is compileText for a function that makes a text of two; nil: it is another.
func compileTextCall(call ast.CallExpr) quickText {
	var join func(a, b string) string
	switch call.FunctionName() {
	case "last":
		join = afterLast
	case "without":
		join = strings.TrimSuffix
	case operators.Add:
		if !givesText(call.Args()[0]) && !givesText(call.Args()[1]) {
			return nil
		}
		join = func(a, b string) string { return a + b }
	default:
		return nil
	}
	both := compileTexts(argumentsOf(call))
	if both == nil {
		return nil
	}
	return func(body map[string]any) (string, outcome) {
		a, b, is := both(body)
		if is != known {
			return "", is
		}
		return join(a, b), known
	}
}

// givesText reports whether an expression gives a text if it gives anything.
func givesText(e ast.Expr) bool {
	if _, isText := literalText(e); isText {
		return true
	}
	if e.Kind() != ast.CallKind {
		return false
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case "last", "without", "lower":
		return !call.IsMemberFunction()
	case operators.Add:
		return givesText(call.Args()[0]) || givesText(call.Args()[1])
	}
	return false
}

// compileTexts returns an evaluation of two texts; nil: there are not two, or one has no quick evaluation.
func compileTexts(args []ast.Expr) func(body map[string]any) (a, b string, is outcome) {
	if len(args) != 2 {
		return nil
	}
	first := compileText(args[0])
	second := compileText(args[1])
	if first == nil || second == nil {
		return nil
	}
	return func(body map[string]any) (string, string, outcome) {
		a, isA := first(body)
		if isA == unclear {
			return "", "", unclear
		}
		b, isB := second(body)
		switch {
		case isB == unclear:
			return "", "", unclear
		case isA != known || isB != known:
			return "", "", missing
		}
		return a, b, known
	}
}
