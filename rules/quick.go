package rules

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"homeroom/engine"
)

// quick evaluates a condition of the usual kind without CEL, in a tenth of the time: has(), comparisons of fields with what is written out and with times, and, or,
// not. It is unclear where a field is absent or a part is of another kind; then CEL says what the condition is. Where it is clear, it answers as CEL does;
// TestQuickIsCEL holds it to that.
type quick func(v *engine.Vars) (yes, isClear bool)

// operand is a value in a condition: a float64, text, bool or time. isClear is false if it is absent.
type operand func(v *engine.Vars) (value any, isClear bool)

// quickCompiler compiles the conditions of one place in a folder.
type quickCompiler struct {
	l *language
	s exprView
}

// compile returns a quick evaluation of a condition; nil: it has none.
func (c *quickCompiler) compile(e ast.Expr) quick {
	switch e.Kind() {
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			return c.compileHas(e.AsSelect())
		}
		return isTrueOperand(c.compileField(e.AsSelect()))
	case ast.CallKind:
		return c.compileCall(e.AsCall())
	}
	return nil
}

func (c *quickCompiler) compileCall(call ast.CallExpr) quick {
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return quickLogic(c.compile(args[0]), c.compile(args[1]), false)
	case operators.LogicalOr:
		return quickLogic(c.compile(args[0]), c.compile(args[1]), true)
	case operators.LogicalNot:
		condition := c.compile(args[0])
		if condition == nil {
			return nil
		}
		return func(v *engine.Vars) (bool, bool) {
			yes, isClear := condition(v)
			return !yes, isClear
		}
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return quickComparison(call.FunctionName(), c.compileOperand(args[0]), c.compileOperand(args[1]))
	}
	return nil
}

// quickLogic is && (decides is false) or || (decides is true): a condition that equals decides is the result, whatever the other is. Either may be nil, both not.
func quickLogic(first, second quick, decides bool) quick {
	if first == nil && second == nil {
		return nil
	}
	conditions := [...]quick{first, second}
	return func(v *engine.Vars) (bool, bool) {
		all := true
		for _, condition := range conditions {
			var yes, isClear bool
			if condition != nil {
				yes, isClear = condition(v)
			}
			if isClear && yes == decides {
				return decides, true
			}
			all = all && isClear
		}
		return !decides, all
	}
}

// isTrueOperand is a field that is true or false.
func isTrueOperand(of operand) quick {
	if of == nil {
		return nil
	}
	return func(v *engine.Vars) (bool, bool) {
		value, isClear := of(v)
		yes, isBool := value.(bool)
		return yes, isClear && isBool
	}
}

// compileHas is has(event.passed).
func (c *quickCompiler) compileHas(e ast.SelectExpr) quick {
	field, owner := c.findField(e)
	if field == nil {
		return nil
	}
	return func(v *engine.Vars) (bool, bool) {
		of := owner(v)
		return of != nil && field.IsSet(of), of != nil
	}
}

// compileField is event.passed.
func (c *quickCompiler) compileField(e ast.SelectExpr) operand {
	field, owner := c.findField(e)
	if field == nil {
		return nil
	}
	return func(v *engine.Vars) (any, bool) {
		of := owner(v)
		if of == nil || !field.IsSet(of) {
			return nil, false
		}
		value, err := field.GetFrom(of)
		return value, err == nil
	}
}

// findField returns the field of a variable, and what finds the variable; nil: it is something else.
func (c *quickCompiler) findField(e ast.SelectExpr) (*types.FieldType, func(v *engine.Vars) any) {
	if e.Operand().Kind() != ast.IdentKind {
		return nil, nil
	}
	owner, typeName := c.findVariable(e.Operand().AsIdent())
	if owner == nil {
		return nil, nil
	}
	field, known := c.l.types.FindStructFieldType(typeName, e.FieldName())
	if !known {
		return nil, nil
	}
	return field, owner
}

// findVariable returns what finds a variable, and the name of its type. It finds nil if there is none.
func (c *quickCompiler) findVariable(name string) (owner func(v *engine.Vars) any, typeName string) {
	switch name {
	case "event":
		return func(v *engine.Vars) any { return anyEvent(v.Event) }, eventType + c.s.event
	case "trigger":
		return func(v *engine.Vars) any { return anyEvent(v.Trigger) }, eventType + c.s.trigger
	case "learner":
		return func(v *engine.Vars) any { return &v.Learner }, learnerType
	case "course":
		return func(v *engine.Vars) any {
			if v.Course == nil {
				return noCourse
			}
			return v.Course
		}, courseType
	}
	return nil, ""
}

// anyEvent returns an event as a value; nil for none.
func anyEvent(ev *engine.Event) any {
	if ev == nil {
		return nil
	}
	return ev
}

// compileOperand compiles what is written out, a field, now, and a time with a span before or after it; nil: it is something else.
func (c *quickCompiler) compileOperand(e ast.Expr) operand {
	switch e.Kind() {
	case ast.LiteralKind:
		return quickLiteral(e.AsLiteral())
	case ast.SelectKind:
		if !e.AsSelect().IsTestOnly() {
			return c.compileField(e.AsSelect())
		}
	case ast.IdentKind:
		if e.AsIdent() == "now" {
			return func(v *engine.Vars) (any, bool) { return v.Now, true }
		}
	case ast.CallKind:
		call := e.AsCall()
		switch call.FunctionName() {
		case operators.Add:
			return shiftedTime(c.compileOperand(call.Args()[0]), call.Args()[1], 1)
		case operators.Subtract:
			return shiftedTime(c.compileOperand(call.Args()[0]), call.Args()[1], -1)
		}
	}
	return nil
}

func quickLiteral(literal ref.Val) operand {
	var value any
	switch literal := literal.(type) {
	case types.String:
		value = string(literal)
	case types.Double:
		value = float64(literal)
	case types.Bool:
		value = bool(literal)
	default:
		return nil
	}
	return func(*engine.Vars) (any, bool) { return value, true }
}

// shiftedTime is a time plus or minus days(3), hours(3) or minutes(3).
func shiftedTime(of operand, span ast.Expr, sign time.Duration) operand {
	if of == nil || span.Kind() != ast.CallKind || len(span.AsCall().Args()) != 1 || span.AsCall().Args()[0].Kind() != ast.LiteralKind {
		return nil
	}
	units := map[string]time.Duration{
		"days":    24 * time.Hour,
		"hours":   time.Hour,
		"minutes": time.Minute,
	}
	unit, isSpan := units[span.AsCall().FunctionName()]
	n, isNumber := span.AsCall().Args()[0].AsLiteral().(types.Double)
	if !isSpan || !isNumber {
		return nil
	}
	length, isDuration := spanOf(float64(n), unit).(types.Duration)
	if !isDuration {
		return nil
	}
	return func(v *engine.Vars) (any, bool) {
		value, isClear := of(v)
		at, isTime := value.(time.Time)
		if !isClear || !isTime || at.Year() < farPast || at.Year() > farFuture {
			return nil, false
		}
		return at.Add(sign * length.Duration), true
	}
}

// A time between these years plus or minus a span, of two years at most, is one that CEL has.
const (
	farPast   = 10
	farFuture = 9000
)

// quickComparison compares two numbers or times by size, and two values of a kind for equality.
func quickComparison(name string, first, second operand) quick {
	if first == nil || second == nil {
		return nil
	}
	return func(v *engine.Vars) (bool, bool) {
		a, isClear := first(v)
		if !isClear {
			return false, false
		}
		b, isClear := second(v)
		if !isClear {
			return false, false
		}
		switch a := a.(type) {
		case float64:
			if b, isNumber := b.(float64); isNumber {
				return comparisonHolds(name, a < b, a == b), true
			}
		case time.Time:
			if b, isTime := b.(time.Time); isTime {
				return comparisonHolds(name, a.Before(b), a.Equal(b)), true
			}
		case string:
			if b, isText := b.(string); isText && isEquality(name) {
				return comparisonHolds(name, false, a == b), true
			}
		case bool:
			if b, isBool := b.(bool); isBool && isEquality(name) {
				return comparisonHolds(name, false, a == b), true
			}
		}
		return false, false
	}
}

func isEquality(name string) bool { return name == operators.Equals || name == operators.NotEquals }

// comparisonHolds reports whether a comparison holds for two values of which the first is less than the second, or equal to it, or neither.
func comparisonHolds(name string, less, equal bool) bool {
	switch name {
	case operators.Equals:
		return equal
	case operators.NotEquals:
		return !equal
	case operators.Less:
		return less
	case operators.LessEquals:
		return less || equal
	case operators.Greater:
		return !less && !equal
	}
	return !less
}

// quickOf returns a quick evaluation of a checked expression, if it is a condition; nil: there is none.
func (l *language) quickOf(s exprView, w want, checked *cel.Ast) quick {
	if w != wantBool {
		return nil
	}
	c := quickCompiler{l: l, s: s}
	return c.compile(checked.NativeRep().Expr())
}
