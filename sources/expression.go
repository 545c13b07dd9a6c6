package sources

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// Limits of an expression. There are no loops, so that what one costs is bounded by its length and the body's.
const (
	maxExprText  = 4096
	maxExprDepth = 32
)

// The variables of an expression.
const (
	variableBody    = "body"
	variableHeaders = "headers"
)

// expression is a compiled expression. Most only follow a path into the body; those need no CEL to be evaluated.
type expression struct {
	text    string
	at      yamlfile.Position
	path    []string   // into the body; nil: it is more than a path
	tree    ast.Expr   // as it is written
	keys    keyTree    // what a body must have for it to be true
	quick   quick      // nil: it is evaluated by CEL
	names   quickNames // of an event; nil: it is evaluated like any other
	program cel.Program
}

// errAbsent says that an expression reads a part that the body does not have.
var errAbsent = errors.New("a part is not there")

// errNone says that an optional value is none: the source knows that a body may not have it.
var errNone = fmt.Errorf("%w, and need not be", errAbsent)

// errNoNumber says that a number came out that JSON has not. An event with one could not be handed to a workflow, now or ever.
var errNoNumber = errors.New("a number is infinite or none, as after a division by zero")

// eval returns a JSON value or a time. The error is errAbsent, or says what went wrong without a value of the body.
func (e *expression) eval(in *input) (any, error) {
	if e.path != nil {
		return followPath(in.body, e.path)
	}
	if e.quick != nil {
		if value, is := e.quick(in.body); is != unclear {
			return is.result(value)
		}
	}
	return e.evalByCEL(in)
}

func (e *expression) evalByCEL(in *input) (any, error) {
	out, _, err := e.program.Eval(in)
	if err != nil {
		return nil, plainError(err)
	}
	return jsonOf(out)
}

// followPath returns the part of a body, or errAbsent.
func followPath(body map[string]any, path []string) (any, error) {
	var value any = body
	for _, name := range path {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil, errAbsent
		}
		part, has := object[name]
		if !has {
			return nil, errAbsent
		}
		value = part
	}
	return value, nil
}

// isTrue reports whether a condition holds. What it reads and the body does not have makes it false; any other error is returned.
func (e *expression) isTrue(in *input) (bool, error) {
	value, err := e.eval(in)
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	yes, isBool := value.(bool)
	if !isBool {
		return false, fmt.Errorf("%s gives no true or false", e.text)
	}
	return yes, nil
}

// plainError says what an evaluation failed of, without values of the body.
func plainError(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "no such key"), strings.Contains(text, "no such attribute"), strings.Contains(text, "index out of bounds"):
		return errAbsent
	case strings.Contains(text, "no such overload") && strings.Contains(text, "null"): // a part is null, and counts as absent
		return errAbsent
	case strings.Contains(text, "no such overload"), strings.Contains(text, "unsupported index type"), strings.Contains(text, "type conversion"):
		return errors.New("a part has another type than the expression expects")
	}
	var own *functionError
	if errors.As(err, &own) {
		return own
	}
	return errors.New("the expression cannot be evaluated")
}

// input is what expressions look at: one body with its headers. It implements cel.Activation.
type input struct {
	body    map[string]any
	headers map[string]any // texts, by their names in small letters
}

func (in *input) Parent() cel.Activation { return nil }

func (in *input) ResolveName(name string) (any, bool) {
	switch name {
	case variableBody:
		return in.body, true
	case variableHeaders:
		return in.headers, true
	}
	return nil, false
}

// jsonOf returns a CEL value as a JSON value; a timestamp stays a time.
func jsonOf(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.String:
		return string(v), nil
	case types.Double:
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, errNoNumber
		}
		return float64(v), nil
	case types.Int:
		return float64(v), nil
	case types.Uint:
		return float64(v), nil
	case types.Bool:
		return bool(v), nil
	case types.Null:
		return nil, nil
	case types.Timestamp:
		return v.Time.UTC(), nil
	case *types.Optional:
		if !v.HasValue() {
			return nil, errNone
		}
		return jsonOf(v.GetValue())
	case *types.Err:
		return nil, plainError(v)
	}
	return nativeOf(v)
}

// nativeOf returns a list or a map.
func nativeOf(v ref.Val) (any, error) {
	switch native := v.Value().(type) {
	case map[string]any, []any:
		return native, nil
	case map[ref.Val]ref.Val:
		object := make(map[string]any, len(native))
		for key, value := range native {
			name, isText := key.Value().(string)
			if !isText {
				return nil, errors.New("an object has a key that is no text")
			}
			part, err := jsonOf(value)
			if err != nil {
				return nil, err
			}
			object[name] = part
		}
		return object, nil
	case []ref.Val:
		list := make([]any, len(native))
		for i, value := range native {
			part, err := jsonOf(value)
			if err != nil {
				return nil, err
			}
			list[i] = part
		}
		return list, nil
	}
	return nil, errors.New("the expression gives no value of JSON")
}

// want is what an expression must give.
type want string

const (
	wantBool   want = "true or false"
	wantName   want = "a text or a list of texts"
	wantText   want = "a text or a number"
	wantTime   want = "a time"
	wantList   want = "a list"
	wantObject want = "an object"
	wantValue  want = "a value"
)

func (w want) accepts(t *cel.Type) bool {
	if t.IsExactType(cel.DynType) || w == wantValue {
		return true
	}
	kind := t.Kind()
	switch w {
	case wantBool:
		return kind == types.BoolKind
	case wantName:
		return kind == types.StringKind || kind == types.ListKind
	case wantText:
		return kind == types.StringKind || kind == types.DoubleKind || kind == types.IntKind
	case wantTime:
		return kind == types.StringKind || kind == types.TimestampKind
	case wantList:
		return kind == types.ListKind
	case wantObject:
		return kind == types.MapKind
	case wantValue:
	}
	return true
}

// compileExpression checks the expression that a node holds and prepares it; nil: a problem was reported.
func (r *reader) compileExpression(n *yamlfile.Node, what string, w want) *expression {
	text, ok := r.Text(n, what)
	if !ok {
		return nil
	}
	if len(text) > maxExprText {
		r.Fail(n.At, "make it shorter", "the expression is longer than %d characters", maxExprText)
		return nil
	}
	parsed, issues := r.env.Parse(text)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		message, _, _ := strings.Cut(strings.TrimPrefix(first.Message, "Syntax error: "), " expecting ")
		r.Fail(r.placeAt(n, first.Location.Line(), first.Location.Column()), "", "this is not an expression: %s", message)
		return nil
	}
	checked, issues := r.env.Check(parsed)
	if issues.Err() != nil {
		r.reportIssues(n, issues)
		return nil
	}
	out := checked.OutputType()
	if out.Kind() == types.OpaqueKind && len(out.Parameters()) == 1 { // optional
		out = out.Parameters()[0]
	}
	if !w.accepts(out) {
		r.Fail(n.At, "", "%s must give %s, this gives %s", what, w, cel.FormatCELType(out))
		return nil
	}
	r.headers = append(r.headers, headersIn(parsed.NativeRep().Expr())...)
	e := &expression{
		text: strings.TrimSpace(text),
		at:   n.At,
		path: pathOf(parsed.NativeRep().Expr()),
		tree: parsed.NativeRep().Expr(),
		keys: treeOf(keysForTrue(parsed.NativeRep().Expr())),
	}
	if w == wantName {
		e.names = compileNames(e.tree)
	}
	if e.path == nil {
		e.quick = compileWhole(parsed.NativeRep().Expr())
		var err error
		if e.program, err = r.env.Program(checked, cel.EvalOptions(cel.OptOptimize)); err != nil {
			r.Fail(n.At, "", "the expression cannot be prepared: %v", err)
			return nil
		}
	}
	return e
}

// pathOf returns the names of body.a.b; nil if the expression is anything else.
func pathOf(e ast.Expr) []string {
	path := []string{}
	for {
		switch e.Kind() {
		case ast.SelectKind:
			s := e.AsSelect()
			if s.IsTestOnly() {
				return nil
			}
			path = append([]string{s.FieldName()}, path...)
			e = s.Operand()
		case ast.IdentKind:
			if e.AsIdent() != variableBody {
				return nil
			}
			return path
		default:
			return nil
		}
	}
}

var (
	noName  = regexp.MustCompile(`^undeclared reference to '([^']+)'`)
	noMatch = regexp.MustCompile(`^found no matching overload for '(.+)' applied to '(.*?)\.?\((.*)\)'$`)
)

// reportIssues reports what the type check found.
func (r *reader) reportIssues(n *yamlfile.Node, issues *cel.Issues) {
	for _, e := range issues.Errors() {
		off := offsetAt(n.Text, e.Location.Line(), e.Location.Column())
		if m := noName.FindStringSubmatch(e.Message); m != nil {
			if strings.HasPrefix(n.Text[off:], "(") && strings.HasSuffix(n.Text[:off], m[1]) {
				off -= len(m[1]) // CEL reports the bracket, people look at the name
			}
			name, _, _ := strings.Cut(m[1], ".")
			known := append([]string{variableBody, variableHeaders}, functionNames()...)
			fix := spelling.Suggest(name, known)
			if spelling.Nearest(name, known) == "" {
				fix = "read a part of the body as in body." + name + "; there are " + strings.Join(known, ", ")
			}
			r.FailReplace(r.Source.Locate(n, off), spelling.Nearest(name, known), fix, "%q means nothing here", name)
			continue
		}
		message := e.Message
		if m := noMatch.FindStringSubmatch(e.Message); m != nil {
			message = fmt.Sprintf("%s cannot be applied to (%s)", strings.Trim(m[1], "_"), m[3])
		}
		r.Fail(r.Source.Locate(n, off), "", "%s", message)
	}
}

// placeAt turns a line (from 1) and column (from 0) of the expression into a place in the file.
func (r *reader) placeAt(n *yamlfile.Node, line, column int) yamlfile.Position {
	if line < 1 {
		return n.At
	}
	return r.Source.Locate(n, offsetAt(n.Text, line, column))
}

// offsetAt turns a line (from 1) and column (from 0, in characters) of a text into an offset in bytes.
func offsetAt(text string, line, column int) int {
	off := 0
	for ; line > 1; line-- {
		next := strings.IndexByte(text[off:], '\n')
		if next < 0 {
			break
		}
		off += next + 1
	}
	for ; column > 0 && off < len(text); column-- {
		_, size := utf8.DecodeRuneInString(text[off:])
		off += size
	}
	return off
}
