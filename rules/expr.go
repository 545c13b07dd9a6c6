package rules

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"homeroom/engine"
)

// expr is a compiled expression. It implements engine.Expr and may be used by many goroutines at once.
type expr struct {
	source  string
	want    want
	program cel.Program
	quick   quick    // nil: it is evaluated by CEL
	awaited []string // names of awaited events that it may read
	counts  []countUse
	parts   *partCompiler // how it is taken apart; nil: it is not
}

// want is what an expression must give at its position.
type want int

const (
	wantBool want = iota
	wantTime
	wantValue // of a variable for a message; learner.traits are not for it, they would be stored with the run
)

func (w want) String() string {
	return [...]string{"true or false", "a time", "a text, a number, true or false, or a time"}[w]
}

func (e *expr) Source() string { return e.source }

// Eval implements engine.Expr: a bool, a time.Time in UTC, or whatever a variable may be.
func (e *expr) Eval(v *engine.Vars) (any, error) {
	if e.quick != nil {
		if yes, isClear := e.quick(v); isClear {
			return yes, nil
		}
	}
	return e.evalByCEL(v)
}

func (e *expr) evalByCEL(v *engine.Vars) (any, error) {
	out, _, err := e.program.Eval(e.bindVars(v))
	if err != nil {
		var cancelled interpreter.EvalCancelledError
		if errors.As(err, &cancelled) {
			return nil, fmt.Errorf("%s: takes too much work to answer", e.source)
		}
		return nil, fmt.Errorf("%s: %w", e.source, err)
	}
	switch out := out.(type) {
	case types.Bool:
		if e.want != wantTime {
			return bool(out), nil
		}
	case types.Timestamp:
		if e.want != wantBool {
			return out.Time.UTC(), nil
		}
	case types.String:
		if e.want == wantValue {
			return string(out), nil
		}
	case types.Double:
		if e.want == wantValue {
			return float64(out), nil
		}
	}
	return nil, fmt.Errorf("%s: gives %s instead of %s", e.source, typeName(out.Type().TypeName()), e.want)
}

// bindVars shows variables to the expression.
func (e *expr) bindVars(v *engine.Vars) cel.Activation {
	if len(e.awaited) > 0 {
		return &awaitedActivation{activation: (*activation)(v), names: e.awaited}
	}
	return (*activation)(v)
}

// activation shows engine.Vars to CEL without copying them.
type activation engine.Vars

func (a *activation) Parent() cel.Activation { return nil }

func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case "event":
		return a.Event, a.Event != nil
	case "trigger":
		return a.Trigger, a.Trigger != nil
	case "learner":
		return &a.Learner, true
	case "course":
		if a.Course == nil {
			return noCourse, true
		}
		return a.Course, true
	case pastName:
		return past{a.Past}, true
	case calendarName:
		return calendar{a.Calendar}, true
	case "now":
		return types.Timestamp{Time: time.Time(a.Now)}, true
	}
	return nil, false
}

// noCourse stands for the course of a run that has none: nothing about it is known.
var noCourse = &engine.CourseView{}

// awaitedActivation shows awaited events, too.
type awaitedActivation struct {
	*activation
	names []string
}

func (a *awaitedActivation) ResolveName(name string) (any, bool) {
	if !slices.Contains(a.names, name) {
		return a.activation.ResolveName(name)
	}
	if ev := (*engine.Vars)(a.activation).AwaitedEvent(name); ev != nil {
		return ev, true
	}
	return notCome, true
}

// notCome stands for an awaited event that has not come: nothing about it is known.
var notCome = &engine.Event{}
