package sources

import (
	"math"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// quick evaluates an expression, or the usual way through it, without CEL: a tenth of the time. Where quick answers, it answers as CEL does; TestQuickIsCEL holds
// it to that.
type quick func(body map[string]any) (any, outcome)

// outcome says what a quick evaluation came to.
type outcome int

const (
	// unclear: a part has another type than usual, or is nothing that quick knows; CEL says what the expression is.
	unclear outcome = iota
	// known: the value is that of the expression. Texts, float64, bool, nil, objects and lists are those of JSON. An int64 is an int of CEL, which counts as a number
	// of JSON only when the expression is done, and a time.Time is a timestamp.
	known
	// missing: a part is not there, which is the error errAbsent.
	missing
	// none: an optional value is none, which is the error errNone. Only a whole expression can be that.
	none
)

// result returns what [expression.eval] does for an outcome that is not unclear.
func (o outcome) result(value any) (any, error) {
	switch o {
	case missing:
		return nil, errAbsent
	case none:
		return nil, errNone
	case known, unclear:
	}
	if n, isInt := value.(int64); isInt {
		return float64(n), nil
	}
	return value, nil
}

// unclearQuick stands for a part that has no quick evaluation, where another part may decide.
func unclearQuick(map[string]any) (any, outcome) { return nil, unclear }

// compileWhole returns a quick evaluation of a whole expression, which may be an optional value; nil: it has none.
func compileWhole(e ast.Expr) quick {
	if e.Kind() == ast.CallKind {
		call := e.AsCall()
		args := call.Args()
		switch call.FunctionName() {
		case operators.Conditional:
			return quickConditional(compileQuick(args[0]), compileWhole(args[1]), compileWhole(args[2]))
		case "optional.of":
			return compileQuick(args[0])
		case "optional.none":
			return func(map[string]any) (any, outcome) { return nil, none }
		}
	}
	if path, ok := optionalPathOf(e); ok {
		return func(body map[string]any) (any, outcome) {
			value, there, got := path.valueIn(body)
			if got == known && !there {
				return nil, none
			}
			return value, got
		}
	}
	return compileQuick(e)
}

// compileQuick returns a quick evaluation of an expression; nil: it has none.
func compileQuick(e ast.Expr) quick {
	if path := pathOf(e); path != nil {
		return func(body map[string]any) (any, outcome) { return followQuickly(body, path) }
	}
	switch e.Kind() {
	case ast.LiteralKind:
		return quickLiteral(e)
	case ast.SelectKind:
		return quickSelect(e.AsSelect())
	case ast.ListKind:
		return quickList(e.AsList())
	case ast.MapKind:
		return quickMap(e.AsMap())
	case ast.CallKind:
		return quickCall(e.AsCall())
	}
	return nil
}

// compileQuicks compiles all of a list; nil: one of them has no quick evaluation.
func compileQuicks(list []ast.Expr) []quick {
	compiled := make([]quick, 0, len(list))
	for _, e := range list {
		one := compileQuick(e)
		if one == nil {
			return nil
		}
		compiled = append(compiled, one)
	}
	return compiled
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

// outcomeOf is what a part of the body comes to that is there.
func outcomeOf(value any) outcome {
	if isPlain(value) {
		return known
	}
	return unclear
}

// followQuickly returns the part of a value that a path leads to. What is looked for in anything but an object is unclear.
func followQuickly(value any, path []string) (any, outcome) {
	for _, name := range path {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil, unclear
		}
		part, has := object[name]
		if !has {
			return nil, missing
		}
		value = part
	}
	return value, outcomeOf(value)
}

// literalOf returns the value that an expression writes out: a text, true or false, a float64, or an int64. nil: it is none of these.
func literalOf(e ast.Expr) any {
	if e.Kind() != ast.LiteralKind {
		return nil
	}
	switch literal := e.AsLiteral().(type) {
	case types.String:
		return string(literal)
	case types.Bool:
		return bool(literal)
	case types.Double:
		return float64(literal)
	case types.Int:
		return int64(literal)
	}
	return nil
}

func quickLiteral(e ast.Expr) quick {
	value := literalOf(e)
	if _, isNull := e.AsLiteral().(types.Null); value == nil && !isNull {
		return nil
	}
	return func(map[string]any) (any, outcome) { return value, known }
}

// quickSelect is has(x.name) and x.name of an x that is more than a path.
func quickSelect(e ast.SelectExpr) quick {
	holder := compileQuick(e.Operand())
	if holder == nil {
		return nil
	}
	name := e.FieldName()
	if !e.IsTestOnly() {
		return quickPart(holder, name)
	}
	return func(body map[string]any) (any, outcome) {
		value, got := holder(body)
		object, isObject := value.(map[string]any)
		if got != known || !isObject {
			return nil, unclearUnless(got, missing)
		}
		_, has := object[name]
		return has, known
	}
}

// unclearUnless returns the outcome if it is the given one, and unclear otherwise.
func unclearUnless(got, given outcome) outcome {
	if got == given {
		return got
	}
	return unclear
}

// quickPart is the part of an object that has a name.
func quickPart(holder quick, name string) quick {
	path := []string{name}
	return func(body map[string]any) (any, outcome) {
		value, got := holder(body)
		if got != known {
			return nil, got
		}
		return followQuickly(value, path)
	}
}

func quickList(e ast.ListExpr) quick {
	items := compileQuicks(e.Elements())
	if items == nil || len(e.OptionalIndices()) > 0 {
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		list := make([]any, len(items))
		for i, item := range items {
			value, got := item(body)
			if got != known {
				return nil, got
			}
			if !isPlain(value) {
				return nil, unclear
			}
			list[i] = value
		}
		return list, known
	}
}

// quickMap is an object whose keys are written out.
func quickMap(e ast.MapExpr) quick {
	var names []string
	var values []quick
	for _, entry := range e.Entries() {
		part := entry.AsMapEntry()
		name, isText := literalText(part.Key())
		value := compileQuick(part.Value())
		if !isText || value == nil || part.IsOptional() || slices.Contains(names, name) {
			return nil
		}
		names = append(names, name)
		values = append(values, value)
	}
	return func(body map[string]any) (any, outcome) {
		object := make(map[string]any, len(names))
		for i, name := range names {
			value, got := values[i](body)
			if got != known {
				return nil, got
			}
			if !isPlain(value) {
				return nil, unclear
			}
			object[name] = value
		}
		return object, known
	}
}

// literalText returns the text that an expression writes out.
func literalText(e ast.Expr) (text string, ok bool) {
	text, ok = literalOf(e).(string)
	return text, ok
}

// quickConditional is condition ? then : otherwise. An arm may be nil.
func quickConditional(condition, then, otherwise quick) quick {
	if condition == nil || then == nil && otherwise == nil {
		return nil
	}
	if then == nil {
		then = unclearQuick
	}
	if otherwise == nil {
		otherwise = unclearQuick
	}
	return func(body map[string]any) (any, outcome) {
		yes, got := condition.isTrue(body)
		switch {
		case got != known:
			return nil, got
		case yes:
			return then(body)
		}
		return otherwise(body)
	}
}

// isTrue evaluates a condition. One that is neither true nor false is unclear.
func (q quick) isTrue(body map[string]any) (bool, outcome) {
	value, got := q(body)
	yes, isBool := value.(bool)
	if got == known && !isBool {
		return false, unclear
	}
	return yes, got
}

// quickLogic is && (decides is false) or || (decides is true): an operand that equals decides is the result, whatever the other is. Either may be nil.
func quickLogic(args []ast.Expr, decides bool) quick {
	var operands []quick
	some := false
	for _, arg := range args {
		operand := compileQuick(arg)
		some = some || operand != nil
		if operand == nil {
			operand = unclearQuick
		}
		operands = append(operands, operand)
	}
	if !some {
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		all := known
		for _, operand := range operands {
			yes, got := operand.isTrue(body)
			switch {
			case got == known && yes == decides:
				return decides, known
			case got == unclear, got == missing && all == known:
				all = got
			}
		}
		return !decides, all
	}
}
