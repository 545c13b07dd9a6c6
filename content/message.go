package content

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Message is one message file, parsed. It does not change.
type Message struct {
	File   string // as given to Parse, for errors
	Name   string // from the file's name
	Locale string // BCP 47 from the file's name; empty: the default
	// Subject, Preheader, ShareText and Body are the Liquid sources.
	Subject   string
	Preheader string
	Topic     string // literal
	ShareText string // what share prompts propose to say; empty: a neutral sentence
	Body      string

	subject, preheader, shareText, body *template
}

// MaxSize is the largest message file that is accepted, in bytes.
const MaxSize = 256 << 10

var (
	frontMatterKeys = []string{"subject", "preheader", "topic", "share_text"}
	messageName     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)
	localeName      = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
)

// Parse reads one message file. The file's base name gives its name and locale. The error is of type Errors: each
// names the file and line.
func Parse(file string, src []byte) (*Message, error) {
	m := &Message{File: file}
	if len(src) > MaxSize {
		return nil, Errors{{
			File:    file,
			Message: fmt.Sprintf("%d bytes are too much for a message", len(src)),
			Hint:    fmt.Sprintf("keep it under %d", MaxSize),
		}}
	}
	var errs Errors
	name, locale, err := splitName(file)
	if err != nil {
		errs = append(errs, &Error{File: file, Message: err.Error()})
	}
	m.Name = name
	m.Locale = locale

	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	front, body, bodyLine, ok := splitFrontMatter(string(bytes.ToValidUTF8(src, []byte("\uFFFD"))))
	if !ok {
		return nil, append(errs, &Error{
			File:    file,
			Line:    1,
			Message: "the front matter is missing",
			Hint:    "begin with --- on a line of its own, then subject: …, then --- again",
		}).err()
	}
	lines, ferrs := m.readFrontMatter(front)
	errs = append(errs, ferrs...)
	m.Body = body

	compile := func(source string, line int) *template {
		t, terrs := compileTemplate(file, line, source, messageRoots)
		errs = append(errs, terrs...)
		return t
	}
	m.subject = compile(m.Subject, lines["subject"])
	m.preheader = compile(m.Preheader, lines["preheader"])
	m.shareText = compile(m.ShareText, lines["share_text"])
	m.body = compile(m.Body, bodyLine)
	if len(ferrs) == 0 && strings.TrimSpace(m.Subject) == "" {
		errs = append(errs, &Error{File: file, Line: 1, Message: "the message has no subject", Hint: "add subject: … to its front matter"})
	}
	if strings.TrimSpace(m.Body) == "" {
		errs = append(errs, &Error{File: file, Line: bodyLine, Message: "the message has no text"})
	}
	if err := errs.err(); err != nil {
		return nil, err
	}
	return m, nil
}

// splitName takes name and locale from a file name: "retry.de-AT.md" is the message retry in de-AT.
func splitName(file string) (name, locale string, err error) {
	name, ok := strings.CutSuffix(path.Base(file), ".md")
	if !ok {
		return "", "", errors.New("a message is a file that ends in .md")
	}
	if base, loc, ok := strings.Cut(name, "."); ok {
		if !localeName.MatchString(loc) {
			return "", "", fmt.Errorf("%q is not a locale; a translation is called like retry.de.md or retry.pt-BR.md", loc)
		}
		name = base
		locale = canonicalLocale(loc)
	}
	if !messageName.MatchString(name) {
		return "", "", fmt.Errorf("%q is not a message name; use small letters, digits, - and _", name)
	}
	return name, locale, nil
}

// splitFrontMatter cuts a file into the YAML between its first two lines of dashes and the body after them, whose
// first line is line (1-based).
func splitFrontMatter(src string) (front, body string, line int, ok bool) {
	rest, ok := strings.CutPrefix(src, "---\n")
	if !ok {
		return "", "", 0, false
	}
	if body, ok := strings.CutPrefix(rest, "---\n"); ok {
		return "", body, 3, true
	}
	front, body, ok = strings.Cut(rest, "\n---\n")
	if !ok {
		front, ok = strings.CutSuffix(rest, "\n---")
		body = ""
	}
	return front + "\n", body, strings.Count(front, "\n") + 4, ok
}

// readFrontMatter fills in the message's fields and returns the line of each value. The YAML begins on line 2.
func (m *Message) readFrontMatter(front string) (lines map[string]int, errs Errors) {
	const above = 1
	lines = make(map[string]int)
	fail := func(line int, hint, format string, args ...any) {
		errs = append(errs, &Error{File: m.File, Line: line + above, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	if strings.TrimSpace(front) == "" {
		return lines, nil
	}
	doc, err := parser.ParseBytes([]byte(front), 0)
	if err != nil {
		line, message := yamlError(err)
		fail(line, "a value with {{ }}, : or # in it needs quotes around it", "the front matter is not YAML: %s", message)
		return lines, errs
	}
	if len(doc.Docs) != 1 {
		fail(0, "", "the front matter must be one YAML mapping")
		return lines, errs
	}
	var pairs []*ast.MappingValueNode
	switch n := doc.Docs[0].Body.(type) {
	case nil:
		return lines, nil // comments only
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		fail(0, "write key: value", "the front matter must be a YAML mapping")
		return lines, errs
	}
	targets := map[string]*string{"subject": &m.Subject, "preheader": &m.Preheader, "topic": &m.Topic, "share_text": &m.ShareText}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		line := pair.Key.GetToken().Position.Line
		target, known := targets[key]
		switch {
		case !known:
			fail(line, didYouMean(key, frontMatterKeys, "known are "+strings.Join(frontMatterKeys, ", ")), "unknown key %q", key)
			continue
		case lines[key] != 0:
			fail(line, "", "%s is given twice", key)
			continue
		}
		lines[key] = line + above
		switch v := pair.Value.(type) {
		case *ast.StringNode:
			*target, lines[key] = v.Value, v.GetToken().Position.Line+above
		case *ast.LiteralNode:
			*target, lines[key] = v.Value.Value, v.GetToken().Position.Line+above
		case *ast.NullNode:
		default:
			fail(line, "put quotes around it", "%s must be text", key)
		}
	}
	return lines, errs
}

// yamlError takes the line and the bare message from a YAML syntax error.
func yamlError(err error) (line int, message string) {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		if syntax.Token != nil && syntax.Token.Position != nil {
			line = syntax.Token.Position.Line
		}
		return line, syntax.Message
	}
	return 0, err.Error()
}

// canonicalLocale writes a locale the BCP 47 way: de_at is de-AT, zh-hant is zh-Hant.
func canonicalLocale(locale string) string {
	parts := strings.Split(strings.ReplaceAll(locale, "_", "-"), "-")
	for i, p := range parts {
		switch {
		case i > 0 && len(p) == 2:
			parts[i] = strings.ToUpper(p)
		case i > 0 && len(p) == 4:
			parts[i] = strings.ToUpper(p[:1]) + strings.ToLower(p[1:])
		default:
			parts[i] = strings.ToLower(p)
		}
	}
	return strings.Join(parts, "-")
}

// fallbacks lists the locales to try for one, the nearest first, ending with the default: de-AT, de, "".
func fallbacks(locale string) []string {
	var out []string
	for l := canonicalLocale(locale); l != ""; {
		out = append(out, l)
		cut := strings.LastIndexByte(l, '-')
		l = l[:max(cut, 0)]
	}
	return slices.Concat(out, []string{""})
}
