package rules

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"homeroom/engine"
)

// partCompiler takes an expression apart for people who ask why it came out as it did. It is made when it is asked for first: most
// expressions of most processes are never asked.
type partCompiler struct {
	env     *cel.Env
	checked *cel.Ast
	once    sync.Once
	root    *partProgram
	err     error
}

// partProgram evaluates a part of an expression on its own.
type partProgram struct {
	text  string
	join  engine.PartJoin
	parts []*partProgram
	// Of a part without parts:
	program cel.Program
	reads   []readProgram
}

// readProgram evaluates something that a part reads.
type readProgram struct {
	name    string
	program cel.Program
	// workedOut reports that it is one side of a comparison, which cannot be absent itself.
	workedOut bool
}

// maxPartText is how many characters of a text value a part says.
const maxPartText = 200

// Parts implements engine.PartedExpr.
func (e *expr) Parts(v *engine.Vars) engine.Part {
	if e.parts == nil {
		return e.wholePart(v)
	}
	e.parts.once.Do(func() { e.parts.root, e.parts.err = e.parts.compileParts(e.source) })
	if e.parts.err != nil {
		return e.wholePart(v)
	}
	return e.parts.root.evaluate(e.bindVars(v))
}

// wholePart is an expression as its only part.
func (e *expr) wholePart(v *engine.Vars) engine.Part {
	part := engine.Part{Text: e.source}
	value, err := e.Eval(v)
	switch {
	case err != nil:
		part.Value = engine.PartError
		part.Error = err.Error()
	case value == true:
		part.Value = engine.PartTrue
	default:
		part.Value = engine.PartFalse
	}
	return part
}

// compileParts prepares the parts of an expression. Their texts come from the source: what was checked has been rewritten.
func (a *partCompiler) compileParts(source string) (*partProgram, error) {
	written, issues := a.env.Parse(source)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	return a.newPart(a.checked.NativeRep().Expr(), written)
}

// newPart prepares a part and its own parts.
func (a *partCompiler) newPart(e ast.Expr, written *cel.Ast) (*partProgram, error) {
	part := &partProgram{}
	var err error
	if part.text, err = textOf(e, written); err != nil {
		return nil, err
	}
	var inner []ast.Expr
	if part.join, inner = joinOf(e); part.join == "" {
		if part.program, err = a.planPart(e); err == nil {
			part.reads, err = a.newReads(e, written)
		}
		return part, err
	}
	for _, one := range inner {
		sub, err := a.newPart(one, written)
		if err != nil {
			return nil, err
		}
		part.parts = append(part.parts, sub)
	}
	return part, nil
}

// textOf returns a part as it was written.
func textOf(e ast.Expr, written *cel.Ast) (string, error) {
	rep := written.NativeRep()
	original := byID(rep.Expr(), e.ID())
	if original == nil {
		return "", errors.New("a part of the expression was not written by a person")
	}
	text, err := cel.ExprToString(original, rep.SourceInfo())
	if inner, negated := strings.CutPrefix(text, "!(has("); negated { // as a person writes it
		text = "!has(" + strings.TrimSuffix(inner, ")")
	}
	return text, err
}

// joinOf returns the parts of which an expression is made, and how.
func joinOf(e ast.Expr) (engine.PartJoin, []ast.Expr) {
	if e.Kind() != ast.CallKind {
		return "", nil
	}
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd:
		return engine.JoinAnd, splitConjuncts(e, nil)
	case operators.LogicalOr:
		return engine.JoinOr, splitAlternatives(e, nil)
	case operators.LogicalNot: // without parts inside it is a part itself
		if join, _ := joinOf(e.AsCall().Args()[0]); join != "" {
			return engine.JoinNot, e.AsCall().Args()
		}
	}
	return "", nil
}

func splitAlternatives(e ast.Expr, into []ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalOr {
		for _, arg := range e.AsCall().Args() {
			into = splitAlternatives(arg, into)
		}
		return into
	}
	return append(into, e)
}

// planPart makes a program of a part of the checked expression.
func (a *partCompiler) planPart(e ast.Expr) (cel.Program, error) {
	rep := a.checked.NativeRep()
	part := ast.NewCheckedAST(ast.NewAST(e, rep.SourceInfo()), rep.TypeMap(), rep.ReferenceMap())
	return a.env.PlanProgram(part, cel.CostLimit(maxExprCost))
}

// newReads prepares what a part reads: fields of variables, what is asked of the past, and what a comparison works out. has(x) reads x.
func (a *partCompiler) newReads(root ast.Expr, written *cel.Ast) ([]readProgram, error) {
	workedOut := comparedCalls(root)
	var reads []readProgram
	seen := map[string]bool{}
	inner := map[int64]bool{} // parts of what is read already
	var failed error
	factory := ast.NewExprFactory()
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if failed != nil || inner[e.ID()] || !workedOut[e.ID()] && !isRead(e) {
			return
		}
		if !workedOut[e.ID()] {
			ast.PreOrderVisit(e, ast.NewExprVisitor(func(below ast.Expr) { inner[below.ID()] = true }))
		}
		name := pathOf(e)
		if name == "" {
			if name, failed = textOf(e, written); failed != nil {
				return
			}
		}
		if seen[name] {
			return
		}
		seen[name] = true
		if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
			e = factory.NewSelect(e.ID(), e.AsSelect().Operand(), e.AsSelect().FieldName())
		}
		var program cel.Program
		program, failed = a.planPart(e)
		reads = append(reads, readProgram{name: name, program: program, workedOut: workedOut[e.ID()]})
	}))
	return reads, failed
}

// isRead reports whether an expression is the value of a field, or an answer about the past.
func isRead(e ast.Expr) bool {
	if e.Kind() == ast.CallKind {
		switch e.AsCall().FunctionName() {
		case pastCount, pastCountSame, pastSent:
			return true
		}
	}
	_, _, isField := fieldOf(e)
	return isField
}

// comparedCalls returns the ids of the calls on the sides of a comparison, such as now - days(3).
func comparedCalls(e ast.Expr) map[int64]bool {
	calls := map[int64]bool{}
	if e.Kind() != ast.CallKind {
		return calls
	}
	switch e.AsCall().FunctionName() {
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		for _, side := range e.AsCall().Args() {
			if side.Kind() == ast.CallKind && !isRead(side) {
				calls[side.ID()] = true
			}
		}
	}
	return calls
}

// evaluate returns what a part is with these variables.
func (p *partProgram) evaluate(vars cel.Activation) engine.Part {
	part := engine.Part{Text: p.text, Join: p.join}
	for _, one := range p.parts {
		part.Parts = append(part.Parts, one.evaluate(vars))
	}
	if p.join != "" {
		part.Value = joinValues(p.join, part.Parts)
		return part
	}
	absent := false
	for _, read := range p.reads {
		value, there := read.evaluate(vars)
		if read.workedOut && !there {
			continue
		}
		absent = absent || !there
		if read.name != p.text || !there { // a part that is nothing but a field has its value
			part.Reads = append(part.Reads, engine.PartRead{Name: read.name, Value: value})
		}
	}
	out, _, err := p.program.Eval(vars)
	switch {
	case err != nil && absent:
		part.Value = engine.PartAbsent
	case err != nil:
		part.Value = engine.PartError
		part.Error = err.Error()
	case out == types.True:
		part.Value = engine.PartTrue
	case out == types.False:
		part.Value = engine.PartFalse
	default:
		part.Value = engine.PartError
		part.Error = "it gives " + typeName(out.Type().TypeName()) + " instead of true or false"
	}
	return part
}

// joinValues is what a part is whose own parts are these. As in CEL, one false decides an "and", and one true an "or", whatever the others are.
func joinValues(join engine.PartJoin, parts []engine.Part) engine.PartValue {
	if join == engine.JoinNot {
		switch parts[0].Value {
		case engine.PartTrue:
			return engine.PartFalse
		case engine.PartFalse:
			return engine.PartTrue
		case engine.PartAbsent, engine.PartError:
		}
		return parts[0].Value
	}
	decides := engine.PartFalse
	otherwise := engine.PartTrue
	if join == engine.JoinOr {
		decides, otherwise = otherwise, decides
	}
	value := otherwise
	for _, part := range parts {
		switch part.Value {
		case decides:
			return decides
		case engine.PartAbsent, engine.PartError:
			value = part.Value
		}
	}
	return value
}

// evaluate returns a value that is read; false: it is not there.
func (r *readProgram) evaluate(vars cel.Activation) (any, bool) {
	out, _, err := r.program.Eval(vars)
	if err != nil {
		return nil, false
	}
	return describeValue(out)
}

// describeValue returns a value as a part says it; false: it is none.
func describeValue(v ref.Val) (any, bool) {
	switch v := v.(type) {
	case types.Bool:
		return bool(v), true
	case types.Double:
		return float64(v), true
	case types.Int:
		return float64(v), true
	case types.Timestamp:
		return v.Time.UTC(), true
	case types.Duration:
		return engine.FormatDuration(v.Duration.Round(time.Second)), true
	case types.String:
		if text := []rune(string(v)); len(text) > maxPartText {
			return string(text[:maxPartText]) + "…", true
		}
		return string(v), true
	case types.Null:
		return nil, false
	case traits.Lister:
		return describeList(v), true
	}
	return typeName(v.Type().TypeName()), true
}

// describeList returns the texts of a list, the first few of them.
func describeList(list traits.Lister) string {
	text := "["
	n := 0
	for it := list.Iterator(); it.HasNext() == types.True && len(text) < maxPartText; n++ {
		if n > 0 {
			text += ", "
		}
		value, _ := describeValue(it.Next())
		text += fmt.Sprint(value)
	}
	if size, ok := list.Size().(types.Int); ok && int(size) > n {
		text += ", …"
	}
	return text + "]"
}
