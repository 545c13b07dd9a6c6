package sources

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"homeroom/catalog"
)

// functionError is what a function of this package refuses. It repeats no value.
type functionError struct{ message string }

func (e *functionError) Error() string { return e.message }

// refuseValue is the result of a function that cannot use its argument.
func refuseValue(format string, args ...any) ref.Val {
	return types.WrapErr(&functionError{fmt.Sprintf(format, args...)})
}

// functionNames lists the functions that an expression can call by name, for suggestions.
func functionNames() []string {
	names := []string{"has", "size", "string", "double", "int", "timestamp", "startsWith", "endsWith", "contains", "matches",
		"millis", "seconds", "iso_seconds", "json", "last", "without", "lower", "activity", "score_pct"}
	slices.Sort(names)
	return names
}

// newEnvironment returns the language of sources: CEL without loops, over the body and the headers, with the functions that
// foreign bodies ask for:
//
//	millis(x), seconds(x)  the instant so many milliseconds or seconds after 1970, from a number or its text
//	iso_seconds(text)      how long an ISO 8601 duration such as PT1H4M is, in seconds
//	json(x)                the value that a text holds as JSON, or as PHP serializes it; anything else as it is
//	last(text, sign)       what follows the last sign in a text; the text without one
//	without(text, end)     a text without that end, if it has it
//	lower(text)            a text in small letters
//	activity(x, type)      the id of an activity in the contextActivities of an xAPI statement, the first of a type; for "course" also the first that may be one
//	score_pct(x)           the score of an xAPI statement as a percentage
//
// Two of CEL's own functions refuse more than CEL does: string(x) a number that is too large to be exact, and double(x) the text of one that JSON has not, such as "Infinity".
func newEnvironment() (*cel.Env, error) {
	text := []*cel.Type{cel.StringType}
	pair := []*cel.Type{cel.StringType, cel.StringType}
	dyn := []*cel.Type{cel.DynType}
	return cel.NewEnv(
		cel.ClearMacros(),
		cel.Macros(cel.HasMacro),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxExprText),
		cel.ParserRecursionLimit(maxExprDepth),
		cel.ASTValidators(cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
		cel.Variable(variableBody, cel.DynType),
		cel.Variable(variableHeaders, cel.DynType),
		cel.Function("string", cel.Overload(overloads.DoubleToString, []*cel.Type{cel.DoubleType}, cel.StringType, cel.UnaryBinding(exactText))),
		cel.Function("double", cel.Overload(overloads.StringToDouble, text, cel.DoubleType, cel.UnaryBinding(finiteNumber))),
		cel.Function("millis", cel.Overload("millis_dyn", dyn, cel.TimestampType, cel.UnaryBinding(millisOf))),
		cel.Function("seconds", cel.Overload("seconds_dyn", dyn, cel.TimestampType, cel.UnaryBinding(secondsOf))),
		cel.Function("iso_seconds", cel.Overload("iso_seconds_string", text, cel.DoubleType, cel.UnaryBinding(isoSeconds))),
		cel.Function("json", cel.Overload("json_dyn", dyn, cel.DynType, cel.UnaryBinding(parseJSON))),
		cel.Function("last", cel.Overload("last_string_string", pair, cel.StringType, cel.BinaryBinding(lastPart))),
		cel.Function("without", cel.Overload("without_string_string", pair, cel.StringType, cel.BinaryBinding(withoutEnd))),
		cel.Function("lower", cel.Overload("lower_string", text, cel.StringType, cel.UnaryBinding(lowerCase))),
		cel.Function("activity", cel.Overload("activity_dyn_string", []*cel.Type{cel.DynType, cel.StringType}, cel.StringType, cel.BinaryBinding(findActivity))),
		cel.Function("score_pct", cel.Overload("score_pct_dyn", dyn, cel.DoubleType, cel.UnaryBinding(scorePercent))),
	)
}

// exactText is string(x) of a number. One that JSON cannot hold exactly is refused: two ids could become the same.
func exactText(v ref.Val) ref.Val {
	n, isNumber := v.(types.Double)
	if isNumber && math.Abs(float64(n)) >= exactInts {
		return refuseValue("%s", errInexact)
	}
	return v.ConvertToType(types.StringType)
}

// finiteNumber is double(x) of a text.
func finiteNumber(v ref.Val) ref.Val {
	result := v.ConvertToType(types.DoubleType)
	if n, isNumber := result.(types.Double); isNumber && (math.IsNaN(float64(n)) || math.IsInf(float64(n), 0)) {
		return refuseValue("%s", errNoNumber)
	}
	return result
}

func millisOf(v ref.Val) ref.Val { return instantOf(v, time.Millisecond) }

func secondsOf(v ref.Val) ref.Val { return instantOf(v, time.Second) }

// instantOf returns the time that is so many units after 1970.
func instantOf(v ref.Val, unit time.Duration) ref.Val {
	var n float64
	switch v := v.(type) {
	case types.Double:
		n = float64(v)
	case types.Int:
		n = float64(v)
	case types.String:
		var err error
		if n, err = strconv.ParseFloat(string(v), 64); err != nil {
			return refuseValue("a time is no number")
		}
	default:
		return refuseValue("a time is no number")
	}
	at, ok := instantAfter(n, unit)
	if !ok {
		return refuseValue("a time lies outside the years 1970 to 9999")
	}
	return types.Timestamp{Time: at}
}

// instantAfter returns the time that is n units after 1970; ok is false outside the years 1970 to 9999.
func instantAfter(n float64, unit time.Duration) (at time.Time, ok bool) {
	const latest = 253402300799 // the last second of the year 9999
	perSecond := float64(time.Second / unit)
	if whole := n / perSecond; math.IsNaN(whole) || whole < 0 || whole > latest {
		return time.Time{}, false
	}
	second := math.Floor(n / perSecond)
	rest := time.Duration((n - second*perSecond) * float64(unit))
	return time.Unix(int64(second), int64(rest)).UTC(), true
}

// isoSeconds is iso_seconds(text).
func isoSeconds(v ref.Val) ref.Val {
	text, _ := v.(types.String)
	seconds, ok := secondsOfISO(string(text))
	if !ok {
		return refuseValue("a duration is none of ISO 8601, as in PT1H30M")
	}
	return types.Double(seconds)
}

// maxDuration is how long the text of a duration may be, in bytes.
const maxDuration = 64

// The units of an ISO 8601 duration in their order, and how many seconds each has. Those of a date stand before the T; years and months, the first two, have no
// fixed length.
const (
	isoUnits     = "YMWDHMS"
	isoDateUnits = len("YMWD")
	isoUnfixed   = len("YM")
)

var isoUnitSeconds = [len(isoUnits)]float64{0, 0, 7 * 86400, 86400, 3600, 60, 1}

// secondsOfISO returns how many seconds an ISO 8601 duration such as P1DT2.5H has. It refuses years and months,
// unless there are 0 of them, as many programs write it.
func secondsOfISO(text string) (seconds float64, ok bool) {
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || len(text) > maxDuration {
		return 0, false
	}
	first := 0 // the first unit that may come
	last := isoDateUnits
	some := false
	for rest != "" {
		if rest[0] == 'T' && last == isoDateUnits {
			first = isoDateUnits
			last = len(isoUnits)
			rest = rest[1:]
			continue
		}
		digits := lengthOfDecimal(rest)
		if digits == 0 || digits == len(rest) {
			return 0, false
		}
		unit := strings.IndexByte(isoUnits[first:last], rest[digits])
		n, err := strconv.ParseFloat(rest[:digits], 64)
		if unit < 0 || err != nil || first+unit < isoUnfixed && n != 0 {
			return 0, false
		}
		seconds += n * isoUnitSeconds[first+unit]
		first += unit + 1
		rest = rest[digits+1:]
		some = true
	}
	return seconds, some
}

// lengthOfDecimal returns the length of digits at the beginning of a text, with or without a fraction, in bytes; 0: there are none.
func lengthOfDecimal(text string) int {
	digits := lengthOfDigits(text)
	if digits > 0 && digits < len(text) && text[digits] == '.' {
		if fraction := lengthOfDigits(text[digits+1:]); fraction > 0 {
			digits += 1 + fraction
		}
	}
	return digits
}

func lengthOfDigits(text string) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// parseJSON returns the value that a text holds as JSON, or as PHP serializes it; what is no text is returned as it is.
func parseJSON(v ref.Val) ref.Val {
	text, isText := v.(types.String)
	if !isText {
		return v
	}
	if len(text) > maxInnerJSON || catalog.NestsTooDeep([]byte(text)) {
		return refuseValue("a text is no JSON, or too large or deep")
	}
	if object, plain := catalog.ReadPlain([]byte(text)); plain {
		return types.DefaultTypeAdapter.NativeToValue(object)
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		var ok bool
		if value, ok = parsePHP(string(text)); !ok {
			return refuseValue("a text is no JSON")
		}
	}
	return types.DefaultTypeAdapter.NativeToValue(value)
}

// maxInnerJSON bounds what is read within a text, in bytes.
const maxInnerJSON = 64 << 10

func lastPart(text, sign ref.Val) ref.Val {
	whole, _ := text.(types.String)
	mark, _ := sign.(types.String)
	return types.String(afterLast(string(whole), string(mark)))
}

// afterLast returns what follows the last sign in a text; the text without one.
func afterLast(text, sign string) string {
	if at := strings.LastIndex(text, sign); at >= 0 && sign != "" {
		return text[at+len(sign):]
	}
	return text
}

func withoutEnd(text, end ref.Val) ref.Val {
	whole, _ := text.(types.String)
	tail, _ := end.(types.String)
	return types.String(strings.TrimSuffix(string(whole), string(tail)))
}

func lowerCase(v ref.Val) ref.Val {
	text, _ := v.(types.String)
	return types.String(strings.ToLower(string(text)))
}
