package sources

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// quickCall returns a quick evaluation of a function or an operator; nil: it has none.
func quickCall(call ast.CallExpr) quick {
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return quickLogic(args, false)
	case operators.LogicalOr:
		return quickLogic(args, true)
	case operators.Conditional:
		return quickConditional(compileQuick(args[0]), compileQuick(args[1]), compileQuick(args[2]))
	case operators.Index:
		return quickIndex(args)
	case operators.In:
		return quickMember(args)
	case "orValue":
		return quickOrValue(call)
	case "hasValue":
		return quickHasValue(call)
	case operators.Equals:
		for _, compile := range []func([]ast.Expr) quick{quickOptionalIs, quickIsText} {
			if q := compile(args); q != nil {
				return q
			}
		}
	}
	if q := quickOfTexts(call); q != nil {
		return q
	}
	compiled := compileQuicks(argumentsOf(call))
	switch len(compiled) {
	case 1:
		return quickUnary(call.FunctionName(), compiled[0])
	case 2:
		return quickBinary(call.FunctionName(), compiled[0], compiled[1])
	}
	return nil
}

// quickUnary is a function of one value.
func quickUnary(name string, arg quick) quick {
	var f func(value any) (any, outcome)
	switch name {
	case operators.LogicalNot:
		f = func(value any) (any, outcome) {
			yes, isBool := value.(bool)
			return !yes, knownIf(isBool)
		}
	case "double":
		f = doubleOf
	case "int":
		f = intOf
	case "string":
		f = textOf
	case "json":
		f = valueOf(parseJSON)
	case "seconds":
		f = func(value any) (any, outcome) { return quickInstant(value, time.Second) }
	case "millis":
		f = func(value any) (any, outcome) { return quickInstant(value, time.Millisecond) }
	case "score_pct":
		f = quickPercent
	case "lower":
		f = valueOfText(lowerCase)
	case "iso_seconds":
		f = valueOfText(isoSeconds)
	default:
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		value, got := arg(body)
		if got != known {
			return nil, got
		}
		return f(value)
	}
}

// quickBinary is a function of two values.
func quickBinary(name string, first, second quick) quick {
	var f func(a, b any) (any, outcome)
	switch name {
	case operators.Equals:
		f = areEqual
	case operators.NotEquals:
		f = func(a, b any) (any, outcome) {
			equal, got := areEqual(a, b)
			return equal == false, got
		}
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		f = func(a, b any) (any, outcome) { return inOrder(name, a, b) }
	case operators.Subtract, operators.Multiply, operators.Divide:
		f = func(a, b any) (any, outcome) { return ofNumbers(name, a, b) }
	case operators.Add:
		f = func(a, b any) (any, outcome) {
			if _, isNumber := a.(float64); isNumber {
				return ofNumbers(name, a, b)
			}
			return joinTexts(a, b)
		}
	case "activity":
		f = quickActivity
	default:
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		a, isA := first(body)
		if isA == unclear {
			return nil, unclear
		}
		b, isB := second(body)
		switch {
		case isB == unclear:
			return nil, unclear
		case isA != known || isB != known:
			return nil, missing
		}
		return f(a, b)
	}
}

func knownIf(yes bool) outcome {
	if yes {
		return known
	}
	return unclear
}

// joinTexts is a + b of two texts.
func joinTexts(first, second any) (any, outcome) {
	a, isText := first.(string)
	b, areTexts := second.(string)
	if !isText || !areTexts {
		return nil, unclear
	}
	return a + b, known
}

// quickInstant is seconds(x) and millis(x).
func quickInstant(value any, unit time.Duration) (any, outcome) {
	n, isNumber := value.(float64)
	if text, isText := value.(string); isText {
		var err error
		n, err = strconv.ParseFloat(text, 64)
		isNumber = err == nil
	}
	at, ok := instantAfter(n, unit)
	if !isNumber || !ok {
		return nil, unclear
	}
	return at, known
}

// ofNumbers calculates with two numbers. What is no number that JSON has is unclear.
func ofNumbers(name string, first, second any) (any, outcome) {
	a, isNumber := first.(float64)
	b, areNumbers := second.(float64)
	if !isNumber || !areNumbers {
		return nil, unclear
	}
	result := 0.0
	switch name {
	case operators.Add:
		result = a + b
	case operators.Subtract:
		result = a - b
	case operators.Multiply:
		result = a * b
	case operators.Divide:
		result = a / b
	}
	return result, outcomeOf(result)
}

// inOrder compares two numbers by size.
func inOrder(name string, first, second any) (any, outcome) {
	a, isNumber := numberOf(first)
	b, areNumbers := numberOf(second)
	if !isNumber || !areNumbers {
		return nil, unclear
	}
	switch name {
	case operators.Less:
		return a < b, known
	case operators.LessEquals:
		return a <= b, known
	case operators.Greater:
		return a > b, known
	case operators.GreaterEquals:
		return a >= b, known
	}
	return nil, unclear
}

// exactInts is below which whole numbers are exact as float64; itself it is what exactInts + 1 is read as, too.
const exactInts = 1 << 53

// numberOf returns a number that may be an int of CEL, which compares ints and doubles by what they are worth.
func numberOf(value any) (n float64, ok bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case int64:
		return float64(value), value > -exactInts && value < exactInts
	}
	return 0, false
}

// areEqual compares two values of which one at least is neither an object nor a list. Values of two kinds are not equal.
func areEqual(a, b any) (any, outcome) {
	_, isInt := a.(int64)
	_, areInts := b.(int64)
	if isInt || areInts {
		n, isNumber := numberOf(a)
		m, areNumbers := numberOf(b)
		return n == m, knownIf(isNumber && areNumbers)
	}
	if !isPlain(a) || !isPlain(b) || !isScalar(a) && !isScalar(b) {
		return nil, unclear
	}
	return a == b, known
}

// isScalar reports whether a value of JSON is neither an object nor a list.
func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// doubleOf is double(x) of a number or of the text of one.
func doubleOf(value any) (any, outcome) {
	switch value := value.(type) {
	case float64:
		return value, known
	case string:
		n, err := strconv.ParseFloat(value, 64)
		if err == nil {
			return n, outcomeOf(n)
		}
	}
	return nil, unclear
}

// intOf is int(x) of a number or of the text of one.
func intOf(value any) (any, outcome) {
	switch value := value.(type) {
	case float64:
		return int64(value), knownIf(math.Abs(value) < exactInts)
	case string:
		n, err := strconv.ParseInt(value, 10, 64)
		return n, knownIf(err == nil)
	}
	return nil, unclear
}

// textOf is string(x) of a text or a number.
func textOf(value any) (any, outcome) {
	switch value := value.(type) {
	case string:
		return value, known
	case float64:
		return fmt.Sprintf("%g", value), knownIf(math.Abs(value) < exactInts) // as CEL writes it
	case int64:
		return strconv.FormatInt(value, 10), known
	}
	return nil, unclear
}

// valueOf makes a quick function of one of CEL that gives no int.
func valueOf(f func(ref.Val) ref.Val) func(any) (any, outcome) {
	return func(value any) (any, outcome) {
		if !isPlain(value) {
			return nil, unclear
		}
		result, err := jsonOf(f(types.DefaultTypeAdapter.NativeToValue(value)))
		switch {
		case errors.Is(err, errAbsent):
			return nil, missing
		case err != nil:
			return nil, unclear
		}
		return result, known
	}
}

// valueOfText is valueOf for a function of a text.
func valueOfText(f func(ref.Val) ref.Val) func(any) (any, outcome) {
	ofAny := valueOf(f)
	return func(value any) (any, outcome) {
		if _, isText := value.(string); !isText {
			return nil, unclear
		}
		return ofAny(value)
	}
}

// quickIndex is x["name"] and x[0].
func quickIndex(args []ast.Expr) quick {
	holder := compileQuick(args[0])
	if holder == nil {
		return nil
	}
	switch index := literalOf(args[1]).(type) {
	case string:
		return quickPart(holder, index)
	case int64:
		return func(body map[string]any) (any, outcome) {
			value, got := holder(body)
			list, isList := value.([]any)
			switch {
			case got != known:
				return nil, got
			case !isList || index < 0 || index >= int64(len(list)):
				return nil, unclear
			}
			return list[index], outcomeOf(list[index])
		}
	}
	return nil
}

// quickMember is text in ["text", …], int in [1, …], and "name" in an object.
func quickMember(args []ast.Expr) quick {
	member := compileQuick(args[0])
	if member == nil {
		return nil
	}
	if args[1].Kind() != ast.ListKind {
		return quickKey(member, compileQuick(args[1]))
	}
	items := map[any]bool{}
	for _, e := range args[1].AsList().Elements() {
		switch literal := literalOf(e).(type) {
		case string, int64:
			items[literal] = true
		default:
			return nil
		}
	}
	return func(body map[string]any) (any, outcome) {
		value, got := member(body)
		switch value.(type) {
		case string, int64:
			return items[value], got
		}
		return nil, unclearUnless(got, missing)
	}
}

// quickKey is "name" in an object.
func quickKey(member, holder quick) quick {
	if holder == nil {
		return nil
	}
	return func(body map[string]any) (any, outcome) {
		value, isMember := member(body)
		name, isText := value.(string)
		container, isHolder := holder(body)
		object, isObject := container.(map[string]any)
		if isMember != known || isHolder != known || !isText || !isObject {
			return nil, unclear
		}
		_, has := object[name]
		return has, known
	}
}
