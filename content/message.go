package content

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"homeroom/internal/yamlfile"
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
	Sender    string // who it comes from, of Site.Senders; empty: Site.Sender
	ReplyTo   string // who answers go to, of Site.Senders; empty: where the sender says
	Cc        string // who gets a copy, of Site.Senders, with commas between several; empty: nobody
	Target    string // where the channel webhook posts it, of Site.Targets; empty: the only one
	Push      string // what a phone shows under the subject; empty: the preheader, or the beginning of the text
	Body      string

	subject, preheader, shareText, push, body *template
	lines                                     []string // of the file, for columns in errors
	bodyLine                                  int      // on which the body begins
}

// MaxSize is the largest message file that is accepted, in bytes.
const MaxSize = 256 << 10

var (
	frontMatterKeys = []string{"subject", "preheader", "topic", "share_text", "sender", "reply_to", "cc", "target", "push"}
	messageName     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)
	localeName      = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
)

// Parse reads one message file. The file's base name gives its name and locale. The error is of type Errors: each
// names the file and line.
func Parse(file string, src []byte) (*Message, error) {
	m, errs := Inspect(file, src)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

// Inspect is Parse for a folder that is being checked. A message with errors is returned too, as far as it could be read; it cannot be
// rendered, only handed to [AssembleLibrary].
//
// awaited are the names that rules give to events which they wait for: {{ answer.score }}.
func Inspect(file string, src []byte, awaited ...string) (*Message, Errors) {
	m := &Message{File: file}
	if len(src) > MaxSize {
		m.Name, m.Locale, _ = splitName(file)
		return m, Errors{{
			File:    file,
			Message: fmt.Sprintf("%d bytes are too much for a message", len(src)),
			Fix:     fmt.Sprintf("keep it under %d", MaxSize),
		}}
	}
	var errs Errors
	name, locale, err := splitName(file)
	if err != nil {
		errs = append(errs, Error{File: file, Message: err.Error()})
	}
	m.Name = name
	m.Locale = locale

	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	front, body, bodyLine, ok := splitFrontMatter(string(bytes.ToValidUTF8(src, []byte("\uFFFD"))))
	if !ok {
		return m, append(errs, Error{
			File:    file,
			Line:    1,
			Message: "the front matter is missing",
			Fix:     "begin with --- on a line of its own, then subject: …, then --- again",
		}).Sort()
	}
	lines, ferrs := m.readFrontMatter(front)
	errs = append(errs, ferrs...)
	m.Body = body
	m.bodyLine = bodyLine
	m.lines = strings.Split(string(src), "\n")

	known := messageRoots
	if len(awaited) > 0 {
		known = maps.Clone(messageRoots)
		for _, name := range awaited {
			known[name] = anyName
		}
	}
	compile := func(source string, line int) *template {
		t, terrs := compileTemplate(origin{file: file, line: line, lines: m.lines}, source, known)
		errs = append(errs, terrs...)
		return t
	}
	m.subject = compile(m.Subject, lines["subject"])
	m.preheader = compile(m.Preheader, lines["preheader"])
	m.shareText = compile(m.ShareText, lines["share_text"])
	m.push = compile(m.Push, lines["push"])
	m.body = compile(m.Body, bodyLine)
	if len(ferrs) == 0 && strings.TrimSpace(m.Subject) == "" {
		errs = append(errs, Error{File: file, Line: 1, Message: "the message has no subject", Fix: "add subject: … to its front matter"})
	}
	if strings.TrimSpace(m.Body) == "" {
		errs = append(errs, Error{File: file, Line: bodyLine, Message: "the message has no text"})
	}
	return m, errs.Sort()
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
	lines = make(map[string]int)
	r := &yamlfile.Reader{
		Source:   yamlfile.NewSource(m.File, []byte("\n"+front)), // a line for the dashes, so that lines are the file's
		Problems: &errs,
	}
	root, ok := r.Root()
	if !ok || root == nil {
		return lines, errs
	}
	fields := map[string]*string{
		"subject":    &m.Subject,
		"preheader":  &m.Preheader,
		"topic":      &m.Topic,
		"share_text": &m.ShareText,
		"sender":     &m.Sender,
		"reply_to":   &m.ReplyTo,
		"cc":         &m.Cc,
		"target":     &m.Target,
		"push":       &m.Push,
	}
	for _, p := range r.Pairs(root, "the front matter", frontMatterKeys) {
		key := p.Key.Text
		lines[key] = p.Value.At.Line
		text, isText := p.Value.TextValue()
		switch {
		case isText:
			*fields[key] = text
		case p.Value.Kind != yamlfile.Null:
			r.Fail(p.Key.At, "put quotes around it", "%s must be text", key)
		}
	}
	return lines, errs
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

// localeFallbacks lists the locales to try for one, the nearest first, ending with the default: de-AT, de, "".
func localeFallbacks(locale string) []string {
	var out []string
	for l := canonicalLocale(locale); l != ""; {
		out = append(out, l)
		cut := strings.LastIndexByte(l, '-')
		l = l[:max(cut, 0)]
	}
	return slices.Concat(out, []string{""})
}

// CcNames returns the names of the senders that get a copy.
func (m *Message) CcNames() (names []string) {
	for name := range strings.SplitSeq(m.Cc, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
