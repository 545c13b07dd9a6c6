package rules

import (
	"errors"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"homeroom/engine"
	"homeroom/internal/rfc3339"
)

// timestamp("2026-03-16") is midnight in the learner's zone. After parsing, a call whose text is such a date, or is known only when it is evaluated, becomes
// @moment(@calendar, text), which a person cannot write.
const (
	calendarName = "@calendar"
	calendarType = "type/calendar"
	momentName   = "@moment"
	timestampOf  = "timestamp"
)

// rewriteDates rewrites the calls of timestamp that need the learner's calendar.
func rewriteDates(root ast.Expr) {
	factory := ast.NewExprFactory()
	last := int64(0)
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) { last = max(last, e.ID()) }))
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().IsMemberFunction() || e.AsCall().FunctionName() != timestampOf || len(e.AsCall().Args()) != 1 {
			return
		}
		text := e.AsCall().Args()[0]
		if written, isText := literalText(text); text.Kind() == ast.LiteralKind && (!isText || !isDay(written)) {
			return
		}
		last++
		e.SetKindCase(factory.NewCall(e.ID(), momentName, factory.NewIdent(last, calendarName), text))
	}))
}

// isDay reports whether a text is a date without a time of day.
func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// calendarLibrary has the function that calls of timestamp become.
type calendarLibrary struct{}

func (calendarLibrary) LibraryName() string { return "homeroom.calendar" }

func (calendarLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (calendarLibrary) CompileOptions() []cel.EnvOption {
	wall := cel.ObjectType(calendarType)
	return []cel.EnvOption{
		cel.Variable(calendarName, wall),
		cel.Function(momentName,
			cel.Overload("moment_of_text", []*cel.Type{wall, cel.StringType}, cel.TimestampType, cel.BinaryBinding(momentOf)),
			cel.Overload("moment_of_time", []*cel.Type{wall, cel.TimestampType}, cel.TimestampType,
				cel.BinaryBinding(func(_, at ref.Val) ref.Val { return at })),
		),
	}
}

// momentOf reads a time, or a date as the midnight with which it begins where the learner lives. The text may be a trait, so no error repeats it.
func momentOf(on, text ref.Val) ref.Val {
	wall, isCalendar := on.(calendar)
	written, isText := text.(types.String)
	if !isCalendar || !isText {
		return types.MaybeNoSuchOverloadErr(text)
	}
	at, err := rfc3339.Parse(string(written))
	if day, noDay := time.Parse(time.DateOnly, string(written)); noDay == nil {
		if wall.Calendar == nil {
			return types.NewErr("when a day begins is not known here")
		}
		err = nil
		at = wall.Midnight(day.Date())
	}
	at = at.UTC()
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		return types.NewErr("timestamp() reads a date such as 2026-03-16 or a time such as 2026-03-16T10:00:00Z, and this is none")
	}
	return types.Timestamp{Time: at}
}

// calendar carries a learner's calendar through an expression. It implements ref.Val.
type calendar struct{ engine.Calendar }

var errCalendar = errors.New("the calendar is no value")

func (c calendar) ConvertToNative(reflect.Type) (any, error) { return nil, errCalendar }

func (c calendar) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errCalendar) }

func (c calendar) Equal(ref.Val) ref.Val { return types.False }

func (c calendar) Type() ref.Type { return types.NewObjectType(calendarType) }

func (c calendar) Value() any { return c.Calendar }
