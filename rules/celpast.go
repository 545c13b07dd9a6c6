package rules

import (
	"errors"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// Limits of what may be asked of the past: what is asked must be remembered for every learner.
const (
	maxCountDays = 90
	maxSent      = 366 * 24 * time.Hour
)

// sent("message", "7d"), count("event", "7d") and count("event", "7d", same.course_id) ask about the past. Their arguments are literals, so that it is known
// beforehand what must be remembered. After parsing they become @sent(@past, "message", seconds), @count(@past, "event", days) and
// @count_same(@past, "event", days, "course_id"), which a person cannot write.
const (
	pastName      = "@past"
	pastType      = "type/past"
	pastSent      = "@sent"
	pastCount     = "@count"
	pastCountSame = "@count_same"
)

// sameName is how a count() names what its run is about.
const sameName = "same"

// countUse is one count() of an expression.
type countUse struct {
	event, key string // key: empty if the count is not by key
	days       int
}

// pastUse collects what the expressions of a folder ask of the past.
type pastUse struct {
	cat       *catalog.Catalog
	messages  map[string]bool
	linkable  map[string]bool           // see linkableProperties
	counted   map[string]int            // event → days
	countedBy map[string]map[string]int // event → key → days
	remember  time.Duration
}

// note records a count().
func (p *pastUse) note(use countUse) {
	p.counted[use.event] = max(p.counted[use.event], use.days)
	if use.key == "" {
		return
	}
	if p.countedBy[use.event] == nil {
		p.countedBy[use.event] = map[string]int{}
	}
	p.countedBy[use.event][use.key] = max(p.countedBy[use.event][use.key], use.days)
}

func pastExample(function string) string {
	if function == "sent" {
		return `sent("message", "7d")`
	}
	return `count("lesson.completed", "7d")`
}

// rewritePast checks the calls of sent and count in an expression and rewrites them. ok is false if one of them is wrong.
func (c *exprCheck) rewritePast(parsed *cel.Ast) (ok bool) {
	factory := ast.NewExprFactory()
	root := parsed.NativeRep().Expr()
	last := int64(0)
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) { last = max(last, e.ID()) }))
	ok = true
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().IsMemberFunction() {
			return
		}
		function := e.AsCall().FunctionName()
		args := e.AsCall().Args()
		if function != "sent" && function != "count" {
			return
		}
		key := ""
		if function == "count" && len(args) == 3 {
			var byKey bool
			if key, byKey = c.sameKey(parsed, args); !byKey {
				ok = false
				return
			}
			args = args[:2]
		}
		name, amount, fine := c.pastCall(parsed, e, function, args)
		if !fine {
			ok = false
			return
		}
		inner := []ast.Expr{factory.NewIdent(last+1, pastName), args[0], factory.NewLiteral(args[1].ID(), types.Double(amount))}
		last++
		switch {
		case function == "sent":
			e.SetKindCase(factory.NewCall(e.ID(), pastSent, inner...))
			c.l.past.remember = max(c.l.past.remember, time.Duration(amount)*time.Second)
			return
		case key == "":
			e.SetKindCase(factory.NewCall(e.ID(), pastCount, inner...))
		default:
			e.SetKindCase(factory.NewCall(e.ID(), pastCountSame, append(inner, factory.NewLiteral(last+1, types.String(key)))...))
			last++
		}
		c.counts = append(c.counts, countUse{event: name, key: key, days: int(amount)})
	}))
	for _, use := range c.counts {
		c.l.past.note(use)
	}
	return ok
}

// pastCall checks one call. amount is days for count, seconds for sent.
func (c *exprCheck) pastCall(parsed *cel.Ast, e ast.Expr, function string, args []ast.Expr) (name string, amount float64, ok bool) {
	start := parsed.NativeRep().SourceInfo().GetStartLocation(e.ID())
	at := c.nameBefore(c.offsetAt(start.Line(), start.Column()), function)
	if len(args) != 2 {
		c.fail(at, "write "+pastExample(function), "%s() takes two texts, not %d", function, len(args))
		return "", 0, false
	}
	var texts [2]string
	for i, arg := range args {
		text, isText := literalText(arg)
		if !isText {
			c.failAt(parsed, arg.ID(), "write "+pastExample(function), "%s() must know beforehand what to remember: write the text itself, in quotes", function)
			return "", 0, false
		}
		texts[i] = text
	}
	nameAt := c.placeOf(parsed, args[0].ID())
	if function == "sent" && !c.l.past.messages[texts[0]] {
		known := sortedKeys(c.l.past.messages)
		c.failReplace(nameAt, spelling.Nearest(texts[0], known), spelling.Suggest(texts[0], known), "there is no message %s", texts[0])
		return "", 0, false
	}
	if function == "count" {
		counted := &yamlfile.Node{Text: texts[0], At: nameAt}
		if ev, known := c.l.past.cat.Event(texts[0]); !known {
			c.failReplace(nameAt, c.l.past.cat.Nearest(counted.Text), unknownEventFix(c.l.past.cat, counted.Text), "there is no event %s", counted.Text)
			return "", 0, false
		} else if ev.Admin {
			c.fail(nameAt, "use an event of a learner", "%s has no learner, so it cannot be counted", counted.Text)
			return "", 0, false
		}
	}
	before := len(*c.d.Problems)
	span, fine := c.d.readDuration(&yamlfile.Node{Text: texts[1], At: c.placeOf(parsed, args[1].ID())}, function+"'s time")
	if !fine || len(*c.d.Problems) > before {
		return "", 0, false
	}
	const day = 24 * time.Hour
	switch {
	case function == "count" && (span%day != 0 || span > maxCountDays*day):
		c.failAt(parsed, args[1].ID(), `write "1d" to "90d"`, "count() counts whole days, 1 to %d", maxCountDays)
		return "", 0, false
	case function == "count":
		return texts[0], float64(span / day), true
	case span > maxSent:
		c.failAt(parsed, args[1].ID(), `write at most "366d"`, "sent() looks back one year at most")
		return "", 0, false
	}
	return texts[0], span.Seconds(), true
}

func (c *exprCheck) placeOf(parsed *cel.Ast, id int64) yamlfile.Position {
	start := parsed.NativeRep().SourceInfo().GetStartLocation(id)
	return c.placeAt(start.Line(), start.Column())
}

func literalText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().(types.String)
	return string(text), ok
}

// checkNoTraits reports a variable for a message that reads the learner's traits: its value would be stored with the run,
// and personal data is not stored there. Templates read learner.traits themselves.
func (c *exprCheck) checkNoTraits(parsed *cel.Ast) bool {
	ok := true
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		of, field, isField := fieldOf(e)
		if ok && isField && of.Kind() == ast.IdentKind && of.AsIdent() == "learner" && field == "traits" {
			ok = false
			c.failAt(parsed, of.ID(), "take it out and write {{ learner.traits.… }} in the message",
				"with cannot carry learner.traits: they would be stored with every run")
		}
	}))
	return ok
}

// fieldOf returns what a field is read of, written with a dot or in brackets.
func fieldOf(e ast.Expr) (of ast.Expr, field string, ok bool) {
	switch {
	case e.Kind() == ast.SelectKind:
		return e.AsSelect().Operand(), e.AsSelect().FieldName(), true
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index:
		field, ok = literalText(e.AsCall().Args()[1])
		return e.AsCall().Args()[0], field, ok
	}
	return nil, "", false
}

// pastLibrary has the functions that calls of sent and count become.
type pastLibrary struct{}

func (pastLibrary) LibraryName() string { return "homeroom.past" }

func (pastLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (pastLibrary) CompileOptions() []cel.EnvOption {
	args := []*cel.Type{cel.ObjectType(pastType), cel.StringType, cel.DoubleType}
	ask := func(answer func(past engine.Past, name string, amount float64) ref.Val) cel.OverloadOpt {
		return cel.FunctionBinding(func(values ...ref.Val) ref.Val {
			p, isPast := values[0].(past)
			name, isName := values[1].(types.String)
			amount, isAmount := values[2].(types.Double)
			if !isPast || !isName || !isAmount || p.Past == nil {
				return types.NewErr("the past is not known here")
			}
			return answer(p.Past, string(name), float64(amount))
		})
	}
	return []cel.EnvOption{
		cel.Variable(pastName, cel.ObjectType(pastType)),
		cel.Function(pastSent, cel.Overload("past_sent", args, cel.BoolType,
			ask(func(past engine.Past, message string, seconds float64) ref.Val {
				return types.Bool(past.Sent(message, time.Duration(seconds)*time.Second))
			}))),
		cel.Function(pastCount, cel.Overload("past_count", args, cel.DoubleType,
			ask(func(past engine.Past, event string, days float64) ref.Val {
				return types.Double(past.Count(event, int(days)))
			}))),
		cel.Function(pastCountSame, cel.Overload("past_count_same", append(args, cel.StringType), cel.DoubleType,
			cel.FunctionBinding(countSame))),
	}
}

// countSame asks about a learner's past how often an event happened that has the run's value of a key.
func countSame(values ...ref.Val) ref.Val {
	p, isPast := values[0].(past)
	event, isEvent := values[1].(types.String)
	days, isDays := values[2].(types.Double)
	key, isKey := values[3].(types.String)
	if !isPast || !isEvent || !isDays || !isKey || p.Past == nil {
		return types.NewErr("the past is not known here")
	}
	n, err := p.CountSame(string(event), int(days), string(key))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Double(n)
}

// past carries what is known of a learner's past through an expression. It implements ref.Val.
type past struct{ engine.Past }

var errPast = errors.New("the past is no value")

func (p past) ConvertToNative(reflect.Type) (any, error) { return nil, errPast }

func (p past) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errPast) }

func (p past) Equal(ref.Val) ref.Val { return types.False }

func (p past) Type() ref.Type { return types.NewObjectType(pastType) }

func (p past) Value() any { return p.Past }
