package rules

import (
	"strings"

	"cel.dev/cel-go/cel"

	"homeroom/engine"
)

// compileGate compiles the part of a condition that looks at nothing but the event.
func (l *language) compileGate(e *cel.Env, s exprView, checked *cel.Ast, all engine.Expr) engine.Expr {
	text, whole := gateText(checked)
	if whole {
		return all
	}
	if text == "" {
		return nil
	}
	part, issues := e.Compile(text)
	if issues.Err() != nil {
		return nil // no gate is always right: the event then wakes the learner, who looks closer
	}
	program, err := e.Program(part, cel.CostLimit(maxExprCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil
	}
	return &expr{source: text, want: wantBool, program: program, quick: l.quickOf(s, wantBool, part)}
}

// compileCounting prepares the conjuncts of a condition that look at counts, and besides at nothing but the event; nil: there are none.
func compileCounting(all *expr) engine.Expr {
	written, issues := all.parts.env.Parse(all.source)
	if issues.Err() != nil {
		return nil
	}
	var parts conjunction
	for _, c := range splitConjuncts(all.parts.checked.NativeRep().Expr(), nil) {
		if !looksAtCounts(c) {
			continue
		}
		text, err := textOf(c, written)
		if err != nil {
			return nil // no such part is always right: the event then wakes the learner
		}
		program, err := all.parts.planPart(c)
		if err != nil {
			return nil
		}
		parts = append(parts, &expr{source: text, want: wantBool, program: program})
	}
	if len(parts) == 0 {
		return nil
	}
	return parts
}

// conjunction is a condition that holds if all its parts do.
type conjunction []*expr

// Eval implements engine.Expr.
func (c conjunction) Eval(v *engine.Vars) (any, error) {
	for _, part := range c {
		if yes, err := part.Eval(v); err != nil || yes != true {
			return false, err
		}
	}
	return true, nil
}

// Source implements engine.Expr.
func (c conjunction) Source() string {
	texts := make([]string, 0, len(c))
	for _, part := range c {
		texts = append(texts, "("+part.source+")")
	}
	return strings.Join(texts, " && ")
}
