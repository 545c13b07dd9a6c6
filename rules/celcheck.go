package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"

	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// compiled is an expression that passed its check.
type compiled struct {
	expr engine.Expr
	gate engine.Expr // the part that looks at nothing but the event; nil if there is none
	// counting is the part that looks at nothing but the event and counts; nil if there is none.
	counting engine.Expr
	// before is where nothing may have been done yet for a condition to hold; empty: nowhere.
	before engine.ActivityPlace
	reads  reads
	gives  *cel.Type
	// ifTrue are the paths that have a value if it was evaluated (a condition: to true); ifNot those that have one if a condition
	// was false or could not be evaluated.
	ifTrue, ifNot certainPaths
	// allowed are, of a condition on the event, the values of properties without which it is not true; see allowedValues.
	allowed map[string][]string
	// unproven are the places of the first reads of awaited events that ask has() of them nowhere, by the events' names here.
	unproven map[string]yamlfile.Position
}

// compileExpr checks the expression that a node holds and prepares it. Problems are reported where they stand; ok is false
// if there were any.
func (l *language) compileExpr(d *decoder, n *yamlfile.Node, s exprView, w want) (c compiled, ok bool) {
	e, err := l.envFor(s)
	if err != nil {
		d.Fail(n.At, "", "%v", err)
		return c, false
	}
	if len(n.Text) > maxExprText {
		d.Fail(n.At, "make it shorter", "the expression is longer than %d characters", maxExprText)
		return c, false
	}
	check := &exprCheck{d: d, n: n, s: s, w: w, l: l}
	parsed, issues := e.Parse(n.Text)
	if issues.Err() != nil {
		check.reportSyntax(issues)
		return c, false
	}
	root := parsed.NativeRep().Expr()
	if id := findInexact(root); id != 0 {
		check.failAt(parsed, id, "use a smaller number, or a text in quotes", "the number is too large to be exact")
		return c, false
	}
	if !check.rewritePast(parsed) {
		return c, false
	}
	rewriteDates(root)
	wholesToDecimals(root)
	awaitedHere := sortedKeys(s.awaitedEvents())
	found, bare := readsOf(root, awaitedHere...)
	for _, key := range check.same { // of what starts the run: it has to be kept
		if s.trigger != "" {
			found.add("trigger", key)
		} else {
			found.add("event", key)
		}
	}
	if bare != 0 {
		name := byID(root, bare).AsIdent()
		if slices.Contains(s.variableNames(), name) {
			check.failAt(parsed, bare, "name a part of it: "+strings.Join(l.fieldsOf(s, name), ", "), "%s cannot be used whole", name)
			return c, false
		}
	}
	if w == wantValue && !check.checkNoTraits(parsed) {
		return c, false
	}
	checked, issues := e.Check(parsed)
	if issues.Err() != nil {
		check.reportIssues(parsed, issues)
		return c, false
	}
	if !check.checkParts(parsed, checked) {
		return c, false
	}
	if !w.acceptsType(checked.OutputType()) {
		d.Fail(check.placeAt(1, 0), w.fixWords(), "this gives %s, but must give %s", typeName(cel.FormatCELType(checked.OutputType())), w)
		return c, false
	}
	ifTrue, ifNot := provenPaths(root, w == wantBool)
	program, err := e.Program(checked, cel.CostLimit(maxExprCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		d.Fail(n.At, "", "the expression cannot be prepared: %v", err)
		return c, false
	}
	x := &expr{source: strings.TrimSpace(n.Text), want: w, program: program, counts: check.counts, awaited: awaitedHere, quick: l.quickOf(s, w, checked)}
	c = compiled{expr: x, reads: found, gives: checked.OutputType(), ifTrue: ifTrue, ifNot: ifNot}
	if w == wantBool {
		x.parts = &partCompiler{env: e, checked: checked}
		c.before = activityBefore(root)
	}
	for _, name := range awaitedHere {
		if id := unprovenRead(root, name, false); id != 0 {
			if c.unproven == nil {
				c.unproven = map[string]yamlfile.Position{}
			}
			start := parsed.NativeRep().SourceInfo().GetStartLocation(id)
			c.unproven[name] = check.placeAt(start.Line(), start.Column())
		}
	}
	if s.event != "" && w == wantBool {
		c.allowed = allowedValues(root)
		c.gate = l.compileGate(e, s, checked, c.expr)
		c.counting = compileCounting(x)
	}
	return c, true
}

func (w want) acceptsType(t *cel.Type) bool {
	if t.IsExactType(cel.DynType) {
		return true
	}
	switch w {
	case wantTime:
		return t.IsExactType(cel.TimestampType)
	case wantValue:
		return slices.ContainsFunc([]*cel.Type{cel.StringType, cel.DoubleType, cel.BoolType, cel.TimestampType}, t.IsExactType)
	}
	return t.IsExactType(cel.BoolType)
}

func (w want) fixWords() string {
	switch w {
	case wantValue:
		return "give one value of it"
	case wantTime:
		return "add a duration to a time, for example trigger.time + days(3)"
	}
	return "compare it with something, for example == 40"
}

// exprCheck words what CEL finds wrong with one expression.
type exprCheck struct {
	d *decoder
	n *yamlfile.Node
	s exprView
	w want
	l *language

	counts []countUse // its calls of count
	same   []string   // the keys that they name
}

// fail reports a problem at a place of the expression, of which the word there is wrong.
func (c *exprCheck) fail(at yamlfile.Position, fix, format string, args ...any) {
	c.failReplace(at, "", fix, format, args...)
}

// failReplace is fail for a problem that is mended by another word in its place. Without a word there is no such fix.
func (c *exprCheck) failReplace(at yamlfile.Position, word, fix, format string, args ...any) {
	p := Problem{Message: fmt.Sprintf(format, args...), Fix: fix, EndCol: c.d.Source.WordEnd(at)}
	if word != "" {
		p.Replacement = &yamlfile.Replacement{Text: word}
	}
	c.d.Report(p, at)
}

// failAt reports a problem at a part of the expression.
func (c *exprCheck) failAt(parsed *cel.Ast, id int64, fix, format string, args ...any) {
	start := parsed.NativeRep().SourceInfo().GetStartLocation(id)
	c.fail(c.placeAt(start.Line(), start.Column()), fix, format, args...)
}

// placeAt turns a line (from 1) and column (from 0) of the expression into a place in the file.
func (c *exprCheck) placeAt(line, column int) yamlfile.Position {
	if line < 1 {
		return c.n.At
	}
	return c.d.Source.Locate(c.n, c.offsetAt(line, column))
}

// offsetAt turns a line (from 1) and column (from 0, in characters) of the expression into an offset in bytes.
func (c *exprCheck) offsetAt(line, column int) int {
	off := 0
	text := c.n.Text
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

var (
	noMatch = regexp.MustCompile(`^found no matching overload for '(.+)' applied to '(.*?)\.?\((.*)\)'$`)
	noField = regexp.MustCompile(`^undefined field '(.+)'$`)
	noName  = regexp.MustCompile(`^undeclared reference to '([^']+)'`)
	noParts = regexp.MustCompile(`^type '(.+)' does not support field selection$`)
)

// wrongSigns are what people write who know other languages, with what stands for it here. The first group of the form is what is wrong;
// without a sign nothing can be put in its place.
var wrongSigns = []struct {
	form *regexp.Regexp
	sign string
	fix  string
}{
	{regexp.MustCompile(`(?i)\b(and)\b`), "&&", "write && for and"},
	{regexp.MustCompile(`(?i)\b(or)\b`), "||", "write || for or"},
	{regexp.MustCompile(`(?i)\b(not)\b`), "!", "write ! for not"},
	{regexp.MustCompile(`[^=!<>](=)[^=]`), "==", "write == to compare"},
	{regexp.MustCompile(`\b([0-9]+[smhdw])\b`), "", "write days(7), hours(36) or minutes(90)"},
}

// reportSyntax reports the first thing that cannot be read; what follows is mostly its echo.
func (c *exprCheck) reportSyntax(issues *cel.Issues) {
	first := issues.Errors()[0]
	fix := ""
	var replacement *yamlfile.Replacement
	outside := outsideQuotes(c.n.Text)
	for _, wrong := range wrongSigns {
		if found := wrong.form.FindStringSubmatchIndex(outside + " "); found != nil {
			fix = wrong.fix
			replacement = c.replaceSign(found[2], found[3], wrong.sign)
			break
		}
	}
	at := c.placeAt(first.Location.Line(), first.Location.Column())
	c.d.Report(Problem{
		Message:     "this is not an expression: " + plainSyntax(first.Message),
		Fix:         fix,
		EndCol:      c.d.Source.WordEnd(at),
		Replacement: replacement,
	}, at)
}

// replaceSign returns the replacement of a part of the expression, from and to in bytes, by a sign. It is nil if there is no sign.
func (c *exprCheck) replaceSign(from, to int, sign string) *yamlfile.Replacement {
	if sign == "" {
		return nil
	}
	start := c.d.Source.Locate(c.n, from)
	end := start
	end.Col += to - from
	return &yamlfile.Replacement{Start: start, End: end, Text: sign}
}

// plainSyntax says what a parser says in words of everyday.
func plainSyntax(message string) string {
	message = strings.TrimPrefix(message, "Syntax error: ")
	message, _, _ = strings.Cut(message, " expecting ")
	message = strings.ReplaceAll(message, "'<EOF>'", "the end")
	for _, technical := range []string{"mismatched input", "extraneous input", "token recognition error at:", "no viable alternative at input"} {
		message = strings.ReplaceAll(message, technical, "unexpected")
	}
	return strings.ReplaceAll(message, "unexpected the end", "it ends too soon")
}

// outsideQuotes blanks the texts of an expression.
func outsideQuotes(text string) string {
	var quote byte
	out := []byte(text)
	for i, b := range out {
		switch {
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		case quote != 0:
			out[i] = ' '
			if b == quote {
				quote = 0
			}
		}
	}
	return string(out)
}

// reportIssues reports what the type check found.
func (c *exprCheck) reportIssues(parsed *cel.Ast, reportIssues *cel.Issues) {
	for _, e := range reportIssues.Errors() {
		off := c.offsetAt(e.Location.Line(), e.Location.Column())
		part := byID(parsed.NativeRep().Expr(), e.ExprID)
		if m := noField.FindStringSubmatch(e.Message); m != nil {
			c.undefinedField(parsed, off, part, m[1])
		} else if m := noName.FindStringSubmatch(e.Message); m != nil {
			c.reportUndeclared(c.nameBefore(off, m[1]), m[1])
			if slices.Contains(loops, m[1]) {
				return // the names of its variables are not worth a problem of their own
			}
		} else if m := noMatch.FindStringSubmatch(e.Message); m != nil {
			function := m[1]
			args := m[3]
			if function == momentName {
				function = timestampOf
				_, args, _ = strings.Cut(args, ", ") // without the calendar
			}
			c.noOverload(c.nameBefore(off, function), function, m[2], args)
		} else if m := noParts.FindStringSubmatch(e.Message); m != nil {
			c.fail(c.d.Source.Locate(c.n, off), "take the part after the dot away", "%s has no parts", typeName(m[1]))
		} else {
			c.fail(c.d.Source.Locate(c.n, off), literalFixes[e.Message], "%s", e.Message)
		}
	}
}

// nameBefore places a function: CEL reports its bracket, people look at its name.
func (c *exprCheck) nameBefore(off int, name string) yamlfile.Position {
	if strings.HasPrefix(c.n.Text[off:], "(") && strings.HasSuffix(c.n.Text[:off], name) {
		off -= len(name)
	}
	return c.d.Source.Locate(c.n, off)
}

// literalFixes say what to do about texts that a function cannot read.
var literalFixes = map[string]string{
	"invalid duration argument":  `write hours, minutes and seconds such as "36h" or "1h30m", or use days(7), hours(36) or minutes(90)`,
	"invalid timestamp argument": `write it like "2026-03-02T10:00:00Z", or a date like "2026-03-02"`,
	"invalid matches argument":   "this is not a regular expression (RE2)",
}

// loops are the functions of CEL that go over lists and maps.
var loops = []string{"all", "exists", "exists_one", "map", "filter"}

// reportUndeclared words a name that means nothing here.
func (c *exprCheck) reportUndeclared(at yamlfile.Position, name string) {
	base, _, _ := strings.Cut(name, ".")
	switch {
	case base == "event" && c.s.trigger != "":
		c.fail(at, "trigger is what started the run; give the event of a wait_for a name with as: answer, and read answer.…", "there is no event to look at here")
		return
	case base == "trigger":
		c.fail(at, "use event", "there is no trigger before a run has started")
		return
	case base == "course":
		c.fail(at, "let the rule start from an event that belongs to a course", "this rule's runs have no course")
		return
	case base == sameName:
		c.d.Fail(at, "write "+sameExample, "same stands only in a count()")
		return
	case slices.Contains([]string{"sent", "count"}, base):
		c.fail(at, "write "+pastExample(base), "%s is a function, of a name and a time", base)
		return
	case slices.Contains(loops, base):
		c.fail(at, "use in, or let the publisher send the answer as a property", "%s() is not available: there are no loops", base)
		return
	}
	if c.w == wantValue && strings.TrimSpace(c.n.Text) == name {
		c.fail(at, "for a text, write '\""+name+"\"'; for a property, trigger."+name, "%q means nothing here", name)
		return
	}
	known := append(c.s.variableNames(), functionNames()...)
	fix := "there are " + strings.Join(c.s.variableNames(), ", ")
	word := ""
	if near := spelling.Nearest(base, known); near != "" {
		word = near
	} else if fields := c.l.fieldsOf(c.s, "event"); slices.Contains(fields, base) {
		word = "event." + base
	} else if fields := c.l.fieldsOf(c.s, "trigger"); slices.Contains(fields, base) {
		word = "trigger." + base
	}
	if word != "" {
		fix = "did you mean " + word + "?"
	}
	c.failReplace(at, word, fix, "%q means nothing here", name)
}
