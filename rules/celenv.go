package rules

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"homeroom/catalog"
)

// Limits of an expression. The cost limit is CEL's own unit, about one per operation; a person's condition costs a few
// dozen.
const (
	maxExprText  = 4096
	maxExprDepth = 32
	maxExprCost  = 10_000
)

// exprView says what an expression may look at. Empty names: nothing of that kind.
type exprView struct {
	event   string // the event being looked at, by its catalog name
	trigger string // the event that started the run, or one of the inactivity names
	course  bool   // whether the run may have a course
	awaited string // the events that wait_for steps have given names; see awaitedNames
}

// language compiles expressions for one catalog. It is used while a folder is compiled and then dropped.
type language struct {
	base  *cel.Env
	types *fieldTypes
	past  pastUse
	envs  map[exprView]*cel.Env
	// stored reports that the expressions are those of a stored revision.
	stored bool
}

func newLanguage(cat *catalog.Catalog, messages map[string]bool) (*language, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("prepare the expression language: %w", err)
	}
	fields := newFieldTypes(registry, cat)
	base, err := cel.NewCustomEnv(
		cel.CustomTypeAdapter(registry),
		cel.CustomTypeProvider(fields),
		cel.StdLib(cel.StdLibSubset(standardFunctions())),
		cel.ClearMacros(),
		cel.Macros(cel.HasMacro),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxExprText),
		cel.ParserRecursionLimit(maxExprDepth),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
		cel.Lib(numbers{}),
		cel.Lib(pastLibrary{}),
		cel.Lib(calendarLibrary{}),
		cel.Variable("now", cel.TimestampType),
		cel.Variable("learner", cel.ObjectType(learnerType)),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the expression language: %w", err)
	}
	past := pastUse{
		cat:       cat,
		messages:  messages,
		linkable:  linkableProperties(cat),
		counted:   map[string]int{},
		countedBy: map[string]map[string]int{},
	}
	return &language{base: base, types: fields, past: past, envs: map[exprView]*cel.Env{}}, nil
}

// envFor returns the environment of a view.
func (l *language) envFor(s exprView) (*cel.Env, error) {
	if e := l.envs[s]; e != nil {
		return e, nil
	}
	var opts []cel.EnvOption
	if s.event != "" {
		opts = append(opts, cel.Variable("event", cel.ObjectType(eventType+s.event)))
	}
	if s.trigger != "" {
		opts = append(opts, cel.Variable("trigger", cel.ObjectType(eventType+s.trigger)))
	}
	for name, event := range s.awaitedEvents() {
		opts = append(opts, cel.Variable(name, cel.ObjectType(eventType+event)))
	}
	if s.course {
		opts = append(opts, cel.Variable("course", cel.ObjectType(courseType)))
	}
	e, err := l.base.Extend(opts...)
	if err != nil {
		return nil, fmt.Errorf("prepare the expression language: %w", err)
	}
	l.envs[s] = e
	return e, nil
}

// variableNames lists what an expression with this view may name.
func (s exprView) variableNames() []string {
	out := []string{"learner", "now"}
	if s.event != "" {
		out = append(out, "event")
	}
	if s.trigger != "" {
		out = append(out, "trigger")
	}
	if s.course {
		out = append(out, "course")
	}
	out = slices.AppendSeq(out, maps.Keys(s.awaitedEvents()))
	slices.Sort(out)
	return out
}

// functionNames lists the functions that an expression can call by name, for suggestions.
func functionNames() []string {
	names := append([]string{"days", "hours", "minutes", "has", "sent", "count", "size", "double", "string", "bool", "timestamp", "duration", "matches",
		"contains", "startsWith", "endsWith"}, slices.Collect(maps.Keys(timeParts()))...)
	slices.Sort(names)
	return names
}

// standardFunctions returns CEL's library without the functions that return whole numbers (every number in a rule is a
// decimal) and without those that no rule needs.
func standardFunctions() *env.LibrarySubset {
	subset := env.NewLibrarySubset()
	for _, name := range []string{"size", "int", "uint", "bytes", "type", "dyn", operators.Modulo} {
		subset.AddExcludedFunctions(env.NewFunction(name))
	}
	for name := range timeParts() {
		subset.AddExcludedFunctions(env.NewFunction(name))
	}
	return subset
}

// timeParts are the functions that take a timestamp apart, with the ids that CEL's own implementation goes by: without
// and with a time zone. Months and days of getMonth, getDayOfMonth, getDayOfYear and getDayOfWeek count from 0.
func timeParts() map[string][2]string {
	return map[string][2]string{
		overloads.TimeGetFullYear:   {overloads.TimestampToYear, overloads.TimestampToYearWithTz},
		overloads.TimeGetMonth:      {overloads.TimestampToMonth, overloads.TimestampToMonthWithTz},
		overloads.TimeGetDayOfYear:  {overloads.TimestampToDayOfYear, overloads.TimestampToDayOfYearWithTz},
		overloads.TimeGetDayOfMonth: {overloads.TimestampToDayOfMonthZeroBased, overloads.TimestampToDayOfMonthZeroBasedWithTz},
		overloads.TimeGetDate:       {overloads.TimestampToDayOfMonthOneBased, overloads.TimestampToDayOfMonthOneBasedWithTz},
		overloads.TimeGetDayOfWeek:  {overloads.TimestampToDayOfWeek, overloads.TimestampToDayOfWeekWithTz},
		overloads.TimeGetHours:      {overloads.TimestampToHours, overloads.TimestampToHoursWithTz},
		overloads.TimeGetMinutes:    {overloads.TimestampToMinutes, overloads.TimestampToMinutesWithTz},
		overloads.TimeGetSeconds:    {overloads.TimestampToSeconds, overloads.TimestampToSecondsWithTz},
	}
}

// durationParts are those of timeParts that take a duration apart, too.
func durationParts() map[string]string {
	return map[string]string{
		overloads.TimeGetHours: overloads.DurationToHours, overloads.TimeGetMinutes: overloads.DurationToMinutes,
		overloads.TimeGetSeconds: overloads.DurationToSeconds,
	}
}

// numbers is the part of the library where rules differ from CEL: every number is a decimal, as in JSON.
type numbers struct{}

func (numbers) LibraryName() string { return "homeroom.numbers" }

func (numbers) ProgramOptions() []cel.ProgramOption { return nil }

func (numbers) CompileOptions() []cel.EnvOption {
	anyList := cel.ListType(cel.TypeParamType("A"))
	anyMap := cel.MapType(cel.TypeParamType("A"), cel.TypeParamType("B"))
	opts := []cel.EnvOption{
		spanFunction("days", 24*time.Hour),
		spanFunction("hours", time.Hour),
		spanFunction("minutes", time.Minute),
		cel.Function(operators.Modulo, cel.Overload("modulo_double", []*cel.Type{cel.DoubleType, cel.DoubleType},
			cel.DoubleType, cel.BinaryBinding(moduloOf))),
		cel.Function("size",
			cel.Overload("size_of_string", []*cel.Type{cel.StringType}, cel.DoubleType, cel.UnaryBinding(sizeOf)),
			cel.Overload("size_of_list", []*cel.Type{anyList}, cel.DoubleType, cel.UnaryBinding(sizeOf)),
			cel.Overload("size_of_map", []*cel.Type{anyMap}, cel.DoubleType, cel.UnaryBinding(sizeOf)),
			cel.MemberOverload("string_size_of", []*cel.Type{cel.StringType}, cel.DoubleType, cel.UnaryBinding(sizeOf)),
			cel.MemberOverload("list_size_of", []*cel.Type{anyList}, cel.DoubleType, cel.UnaryBinding(sizeOf)),
			cel.MemberOverload("map_size_of", []*cel.Type{anyMap}, cel.DoubleType, cel.UnaryBinding(sizeOf)),
		),
	}
	for name, ids := range timeParts() {
		decls := []cel.FunctionOpt{
			cel.MemberOverload("time_"+name, []*cel.Type{cel.TimestampType}, cel.DoubleType,
				cel.UnaryBinding(func(v ref.Val) ref.Val { return timePart(v, name, ids[0]) })),
			cel.MemberOverload("time_"+name+"_in_zone", []*cel.Type{cel.TimestampType, cel.StringType}, cel.DoubleType,
				cel.BinaryBinding(func(v, zone ref.Val) ref.Val { return timePart(v, name, ids[1], zone) })),
		}
		if id, ok := durationParts()[name]; ok {
			decls = append(decls, cel.MemberOverload("duration_"+name, []*cel.Type{cel.DurationType}, cel.DoubleType,
				cel.UnaryBinding(func(v ref.Val) ref.Val { return timePart(v, name, id) })))
		}
		opts = append(opts, cel.Function(name, decls...))
	}
	return opts
}

func timePart(v ref.Val, function, id string, args ...ref.Val) ref.Val {
	receiver, ok := v.(traits.Receiver)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return decimalOf(receiver.Receive(function, id, args))
}

func sizeOf(v ref.Val) ref.Val {
	sizer, ok := v.(traits.Sizer)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return decimalOf(sizer.Size())
}

func decimalOf(v ref.Val) ref.Val {
	if n, ok := v.(types.Int); ok {
		return types.Double(n)
	}
	return v
}

func moduloOf(a, b ref.Val) ref.Val {
	x := a.(types.Double)
	y := b.(types.Double)
	if y == 0 {
		return types.NewErr("division by zero")
	}
	return types.Double(math.Mod(float64(x), float64(y)))
}

// spanFunction makes the function that returns n times the unit as a duration; n may be negative or a fraction.
func spanFunction(name string, unit time.Duration) cel.EnvOption {
	toDuration := func(v ref.Val) ref.Val {
		n := float64(v.(types.Double))
		span := spanOf(n, unit)
		if span == nil {
			return types.NewErr("%s(%v) is more than two years", name, n)
		}
		return span
	}
	return cel.Function(name, cel.Overload(name+"_double", []*cel.Type{cel.DoubleType}, cel.DurationType, cel.UnaryBinding(toDuration)))
}

// spanOf returns so many units as a duration; nil: they are more than two years.
func spanOf(n float64, unit time.Duration) ref.Val {
	if limit := float64(maxDuration / unit); math.IsNaN(n) || n < -limit || n > limit {
		return nil
	}
	return types.Duration{Duration: time.Duration(math.Round(n * float64(unit)))}
}
