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
)

// template is one compiled Liquid template.
type template struct {
	file   string
	lineNo int
	node   render.Node // nil: empty
	// variables are the outer variables it names, without those it sets itself.
	variables []variable
	// items are what it reads, in loops, of the items of lists that have names of their own: "replies.items.author".
	items   []string
	share   bool     // it uses {% share %} or a share variable
	shareAt variable // the first of them, for errors
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
	source = dropMarkRunes(source)
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
