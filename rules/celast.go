package rules

import (
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"homeroom/engine"
)

// wholesToDecimals turns whole numbers into decimals, because every number of an event is one: 40 compares with 40.5 and adds
// to it. The index of a list stays whole.
func wholesToDecimals(root ast.Expr) {
	factory := ast.NewExprFactory()
	keep := map[int64]bool{}
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index {
			keep[e.AsCall().Args()[1].ID()] = true
		}
		if e.Kind() != ast.LiteralKind || keep[e.ID()] {
			return
		}
		switch n := e.AsLiteral().(type) {
		case types.Int:
			e.SetKindCase(factory.NewLiteral(e.ID(), types.Double(n)))
		case types.Uint:
			e.SetKindCase(factory.NewLiteral(e.ID(), types.Double(n)))
		}
	}))
}

// findInexact returns the id of a whole number that a decimal cannot hold, or 0; more are variables besides the usual ones.
func findInexact(root ast.Expr) (id int64) {
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.LiteralKind {
			if n, ok := e.AsLiteral().(types.Int); ok && math.Abs(float64(n)) > 1<<53 {
				id = e.ID()
			}
		}
	}))
	return id
}

// reads collects which fields of which variables an expression reads: "event" → ["passed", "score_pct"].
type reads map[string][]string

func (r reads) add(variable, field string) {
	if !slices.Contains(r[variable], field) {
		r[variable] = append(r[variable], field)
	}
}

// readsOf walks an expression. bare is the id of a variable with fields that is used whole, or 0.
func readsOf(root ast.Expr, more ...string) (found reads, bare int64) {
	variables := append([]string{"event", "trigger", "learner", "course"}, more...)
	found = reads{}
	fields := map[int64]bool{} // ids of variables of which a field is read
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if of := e.AsSelect().Operand(); of.Kind() == ast.IdentKind {
				fields[of.ID()] = true
				found.add(of.AsIdent(), e.AsSelect().FieldName())
			}
		case ast.IdentKind:
			name := e.AsIdent()
			if !fields[e.ID()] && slices.Contains(variables, name) {
				bare = e.ID()
			}
			if name == "now" || name == pastName || name == calendarName {
				found.add(name, "")
			}
		}
	}))
	return found, bare
}

// gateText returns the conjuncts of a condition that look at nothing but the event, as text. It is empty if there are none,
// and whole reports that it is all of the condition.
func gateText(parsed *cel.Ast) (text string, whole bool) {
	rep := parsed.NativeRep()
	var parts []string
	whole = true
	for _, c := range splitConjuncts(rep.Expr(), nil) {
		found, _ := readsOf(c)
		if _, looks := found["event"]; !looks || len(found) > 1 {
			whole = false
			continue
		}
		one, err := cel.ExprToString(c, rep.SourceInfo())
		if err != nil {
			return "", false
		}
		parts = append(parts, "("+one+")")
	}
	return strings.Join(parts, " && "), whole
}

// looksAtCounts reports whether a part of a condition asks how often events happened, and looks at nothing else but the event.
func looksAtCounts(e ast.Expr) bool {
	found, _ := readsOf(e)
	for variable := range found {
		if variable != "event" && variable != pastName {
			return false
		}
	}
	_, past := found[pastName]
	sent := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		sent = sent || e.Kind() == ast.CallKind && e.AsCall().FunctionName() == pastSent
	}))
	return past && !sent
}

// activityBefore returns where nothing may have been done yet for a condition to hold, because a conjunct of it is !has(course.last_active_at) or
// !has(learner.last_active_at); empty: nowhere.
func activityBefore(root ast.Expr) engine.ActivityPlace {
	place := engine.ActivityPlace("")
	for _, c := range splitConjuncts(root, nil) {
		if c.Kind() != ast.CallKind || c.AsCall().FunctionName() != operators.LogicalNot {
			continue
		}
		inner := c.AsCall().Args()[0]
		if inner.Kind() != ast.SelectKind || !inner.AsSelect().IsTestOnly() {
			continue
		}
		switch pathOf(inner) {
		case "learner.last_active_at":
			return engine.PlacePlatform
		case "course.last_active_at":
			place = engine.PlaceCourse
		}
	}
	return place
}

func splitConjuncts(e ast.Expr, into []ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		for _, arg := range e.AsCall().Args() {
			into = splitConjuncts(arg, into)
		}
		return into
	}
	return append(into, e)
}

// byID finds a part of an expression, or nil.
func byID(root ast.Expr, id int64) (found ast.Expr) {
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id {
			found = e
		}
	}))
	return found
}
