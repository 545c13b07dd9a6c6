package content

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/osteele/liquid/parser"
	"github.com/osteele/liquid/render"

	"homeroom/internal/spelling"
)

// template is one compiled Liquid template.
type template struct {
	file   string
	lineNo int
	node   render.Node // nil: empty
	// variables are the outer variables it names, without those it sets itself.
	variables []variable
	share     bool     // it uses {% share %} or a share variable
	shareAt   variable // the first of them, for errors
}

// usesRoot reports whether the template names a variable of this root.
func (t *template) usesRoot(root string) bool {
	return slices.ContainsFunc(t.variables, func(v variable) bool { return v.root() == root })
}

// roots says which variables a template may name.
type roots map[string][]string

// messageRoots are the variables of messages and what may follow them: nil is nothing, anyName one name or more.
var messageRoots = roots{
	"learner":         {"id", "first_name", "locale", "timezone", "traits", "next_course", "next_course_reason"},
	"course":          {"id", "title", "url", "next", "next_reason", "risk_reason"},
	"trigger":         anyName,
	"vars":            anyName,
	"links":           anyName,
	"share":           shareNames,
	"sender":          {"name", "from", "reply_to", "postal_address"},
	referralRoot:      {"code", "url"},
	"unsubscribe_url": nil,
	"preferences_url": nil,
}

var anyName = []string{"*"}

// linkRoots are the variables of a link in settings.yaml. Every other name is a property of the trigger.
var linkRoots = roots{
	"learner":    {"id", "first_name", "locale", "timezone", "traits"},
	"course":     {"id", "title", "url"},
	"trigger":    anyName,
	"vars":       anyName,
	referralRoot: {"code"},
}

const (
	triggerRoot  = "trigger"
	varsRoot     = "vars"
	referralRoot = "referral"
)

// liquidTags are the tags that messages may use.
var liquidTags = []string{
	"assign", "break", "button", "capture", "case", "comment", "continue", "cycle", "else", "elsif", "endcapture",
	"endcase", "endcomment", "endfor", "endif", "endraw", "endunless", "for", "if", "raw", "share", "unless", "when",
}

// origin is where a template stands.
type origin struct {
	file  string
	line  int      // on which it begins
	lines []string // of the whole file, for columns; nil: they are not known
}

// columnOf returns the column, in characters from 1, at which a piece of a template stands in a line; 0 if it is not there.
func (o origin) columnOf(line int, piece string) int {
	if line < 1 || line > len(o.lines) || piece == "" {
		return 0
	}
	at := strings.Index(o.lines[line-1], piece)
	if at < 0 {
		return 0
	}
	return utf8.RuneCountInString(o.lines[line-1][:at]) + 1
}

// compileTemplate checks a template and compiles it.
func compileTemplate(from origin, source string, known roots) (t *template, errs Errors) {
	file := from.file
	line := from.line
	t = &template{file: file, lineNo: line}
	if source == "" {
		return t, nil
	}
	source = dropMarkers(source)
	c := checker{from: from, known: known, template: t}
	c.checkSource(source, line)
	if len(c.errs) > 0 {
		return t, c.errs
	}
	defer func() {
		if r := recover(); r != nil { // the Liquid library panics on some malformed numbers
			errs = Errors{{File: file, Line: line, Message: fmt.Sprintf("Liquid cannot read this: %v", r)}}
		}
	}()
	node, err := liquid().config.Compile(instrumentSource(source), startOf(file, line))
	if err != nil {
		return t, Errors{*liquidError(file, err)}
	}
	t.node = node
	return t, nil
}

// startOf is where a template begins. The path must not be empty, or Liquid loses the line.
func startOf(file string, line int) parser.SourceLoc {
	return parser.SourceLoc{Pathname: file + ":", LineNo: line}
}

// renderTemplate evaluates the template. The values it prints come out as marks, to be filled in by sheet.
func (t *template) renderTemplate(bindings map[string]any) (out string, err error) {
	if t.node == nil {
		return "", nil
	}
	defer func() {
		if r := recover(); r != nil { // filters of the Liquid library panic on values they did not expect
			err = &Error{File: t.file, Line: t.lineNo, Message: fmt.Sprintf("Liquid failed: %v", r)}
		}
	}()
	var buf bytes.Buffer
	if rerr := render.Render(t.node, &buf, bindings, bindings[sheetKey].(*sheet).dialect.config); rerr != nil {
		return "", liquidError(t.file, rerr)
	}
	return buf.String(), nil
}

var liquidWrapping = regexp.MustCompile(`^Liquid error(?: \(line \d+\))?: `)

// quoted is how the library quotes a value that it cannot convert: errors are kept, and the value may be a name.
var quoted = regexp.MustCompile(`(?s)can't convert (\w+)\(.*\) to type`)

// liquidError turns the Liquid library's error into ours.
func liquidError(file string, err render.Error) *Error {
	e := &Error{File: file, Line: err.LineNumber()}
	if cause := err.Cause(); cause != nil {
		e.Message = cause.Error()
	} else {
		e.Message = strings.TrimSuffix(liquidWrapping.ReplaceAllString(err.Error(), ""), " in "+err.Path())
	}
	e.Message = quoted.ReplaceAllString(e.Message, "a value of the wrong kind: can't convert ${1} to type")
	e.Message, e.Fix = cutHint(e.Message)
	return e
}

// hintMark separates message and hint of an error on its way through the Liquid library.
const hintMark = "\x1f"

func cutHint(message string) (string, string) {
	m, hint, _ := strings.Cut(message, hintMark)
	return m, hint
}

// instrumentSource rewrites a template so that it can be strict and safe: `{{ x }}` becomes `{% out x %}`, and what is
// assigned or looped over is asked after first. Lines stay where they are.
func instrumentSource(source string) string {
	var b strings.Builder
	eachToken(source, 1, func(tok parser.Token, literal bool) {
		left, right := trimMarks(tok.Source)
		switch {
		case literal || tok.Type == parser.TextTokenType:
			b.WriteString(tok.Source)
		case tok.Type == parser.ObjTokenType:
			fmt.Fprintf(&b, "{%%%s out %s %s%%}", left, tok.Args, right)
		case tok.Name == "assign":
			_, value, _ := strings.Cut(tok.Args, "=")
			fmt.Fprintf(&b, "{%%%s need %s %%}{%% assign %s %s%%}", left, value, tok.Args, right)
		case tok.Name == "for":
			_, list, _ := cutLoop(tok.Args)
			fmt.Fprintf(&b, "{%%%s needlist %s %%}{%% for %s %s%%}", left, list, tok.Args, right)
		default:
			b.WriteString(tok.Source)
		}
	})
	return b.String()
}

// eachToken calls f for the tokens of a template. literal reports that the token stands inside raw or comment.
func eachToken(source string, line int, f func(tok parser.Token, literal bool)) {
	inside := ""
	for _, tok := range parser.Scan(source, parser.SourceLoc{LineNo: line}, nil) {
		if tok.Type == parser.TrimLeftTokenType || tok.Type == parser.TrimRightTokenType {
			continue // part of the source of its neighbor
		}
		if inside != "" && tok.Type == parser.TagTokenType && tok.Name == "end"+inside {
			inside = ""
		}
		f(tok, inside != "")
		if inside == "" && tok.Type == parser.TagTokenType && (tok.Name == "raw" || tok.Name == "comment") {
			inside = tok.Name
		}
	}
}

// trimMarks returns the dashes of `{{- x -}}`.
func trimMarks(source string) (left, right string) {
	if len(source) > 2 && source[2] == '-' {
		left = "-"
	}
	if len(source) > 3 && source[len(source)-3] == '-' {
		right = "-"
	}
	return left, right
}

// cutLoop cuts "item in list limit: 3" at the word in.
func cutLoop(args string) (name, list string, ok bool) {
	fields := strings.Fields(args)
	if len(fields) < 3 || fields[1] != "in" {
		return "", "", false
	}
	_, rest, _ := strings.Cut(args, " in ")
	return fields[0], rest, true
}

// checker finds what is wrong with a template before Liquid sees it.
type checker struct {
	from     origin
	known    roots
	template *template
	errs     Errors
	locals   []string
	loops    int
}

func (c *checker) addError(line int, hint, format string, args ...any) {
	c.addErrorAt(line, "", hint, format, args...)
}

// addErrorAt adds an error about a piece of a line; without one it is about the line as a whole.
func (c *checker) addErrorAt(line int, piece, hint, format string, args ...any) {
	c.errs = append(c.errs, Error{
		File:    c.from.file,
		Line:    line,
		Col:     c.from.columnOf(line, piece),
		Message: fmt.Sprintf(format, args...),
		Fix:     hint,
	})
}

func (c *checker) checkSource(source string, line int) {
	eachToken(source, line, func(tok parser.Token, literal bool) {
		at := tok.SourceLoc.LineNo
		switch {
		case literal:
		case tok.Type == parser.TextTokenType:
			if before, _, found := strings.Cut(tok.Source, "{{"); found {
				c.addError(at+strings.Count(before, "\n"), "close it with }} on the same line", "{{ is not closed")
			} else if before, _, found := strings.Cut(tok.Source, "{%"); found {
				c.addError(at+strings.Count(before, "\n"), "write {% name … %}", "this tag is malformed or not closed")
			}
		case tok.Type == parser.ObjTokenType:
			if strings.Contains(tok.Args, "%}") {
				c.addError(at, "", "%%} cannot stand inside {{ }}")
				return
			}
			c.checkExpression(tok.Args, at, false)
		default:
			c.checkTag(tok, at)
		}
	})
}

func (c *checker) checkTag(tok parser.Token, line int) {
	switch tok.Name {
	case "assign":
		name, value, ok := strings.Cut(tok.Args, "=")
		if !ok {
			c.addError(line, "write {% assign name = value %}", "this assign has no =")
			return
		}
		c.checkExpression(value, line, false)
		c.addLocal(strings.TrimSpace(name), line)
	case "capture":
		c.addLocal(strings.TrimSpace(tok.Args), line)
	case "for":
		name, list, ok := cutLoop(tok.Args)
		if !ok {
			c.addError(line, "write {% for item in trigger.list %}", "this loop is malformed")
			return
		}
		if c.loops++; c.loops > 2 {
			c.addError(line, "", "loops may be nested two deep at most")
		}
		c.checkExpression(list, line, true)
		c.addLocal(name, line)
		c.locals = append(c.locals, "forloop")
	case "endfor":
		c.loops--
	case "if", "unless", "elsif", "case", "when":
		c.checkExpression(tok.Args, line, false)
	case "button":
		c.checkButton(tok.Args, line)
	case "share":
		c.addShare(variable{line: line, col: c.from.columnOf(line, tok.Source)})
	default:
		if !slices.Contains(liquidTags, tok.Name) {
			c.addErrorAt(line, tok.Name, spelling.Suggest(tok.Name, liquidTags), "unknown tag %q", tok.Name)
		}
	}
}

func (c *checker) checkButton(args string, line int) {
	label, url, ok := cutButton(args)
	if !ok {
		c.addError(line, `write {% button "Text" links.name %}`, "a button needs a text in quotes and a link")
		return
	}
	c.checkSource(label, line)
	if isQuoted(url) {
		c.checkSource(strings.Trim(url, `"'`), line)
	} else {
		c.checkExpression(url, line, false)
	}
}

// addLocal adds a variable that the template sets itself.
func (c *checker) addLocal(name string, line int) {
	if _, taken := c.known[name]; taken || c.known == nil {
		c.addError(line, "choose another name", "%s is already a variable", name)
		return
	}
	c.locals = append(c.locals, name)
}

// checkExpression checks the variables and filters of an expression and records what it reads.
func (c *checker) checkExpression(source string, line int, loop bool) {
	x, err := analyzeExpression(source, loop)
	if err != nil {
		c.addError(line, "", "%v", err)
		return
	}
	if rangeExpr.MatchString(source) {
		c.addError(line, "", "ranges such as (1..3) are not for messages")
	}
	for _, f := range x.filters {
		if !slices.Contains(liquidFilters, f) {
			c.addErrorAt(line, f, spelling.Suggest(f, liquidFilters), "unknown filter %q", f)
		}
	}
	for _, v := range x.variables {
		if slices.Contains(c.locals, v.root()) {
			continue
		}
		if problem, hint := c.known.whyUnknown(v); problem != "" {
			c.addErrorAt(line, v.text, hint, "%s", problem)
			continue
		}
		v.line = line
		v.col = c.from.columnOf(line, v.text)
		c.template.variables = append(c.template.variables, v)
		if v.root() == "share" {
			c.addShare(v)
		}
	}
}

// addShare notes that the template uses the share links.
func (c *checker) addShare(at variable) {
	if !c.template.share {
		c.template.share = true
		c.template.shareAt = at
	}
}

var rangeExpr = regexp.MustCompile(`\([^()"']*\.\.[^()"']*\)`)

// whyUnknown says what is wrong with naming v, or nothing.
func (r roots) whyUnknown(v variable) (problem, hint string) {
	names, known := r[v.root()]
	switch {
	case !known && r["links"] == nil: // a link: a property of the trigger
		return "", ""
	case !known:
		all := make([]string, 0, len(r))
		for name := range r {
			all = append(all, name)
		}
		slices.Sort(all)
		return fmt.Sprintf("unknown variable %s", v.dotted()), spelling.Suggest(v.root(), all)
	case names == nil && len(v.parts) > 1:
		return fmt.Sprintf("%s has no parts", v.root()), ""
	case names == nil, (v.root() == "share" || v.root() == referralRoot) && len(v.parts) == 1:
		return "", ""
	case len(v.parts) == 1:
		return fmt.Sprintf("%s is a group of values", v.root()), fmt.Sprintf("say which, like %s.name", v.root())
	case names[0] != anyName[0] && !slices.Contains(names, v.parts[1]):
		return fmt.Sprintf("unknown variable %s", v.dotted()),
			spelling.Suggest(v.parts[1], names)
	default:
		return "", ""
	}
}
