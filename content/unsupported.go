package content

import (
	"regexp"
	"strings"

	"github.com/osteele/liquid/parser"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// unsupported is Markdown that a mail does not show: it would be read as raw characters.
type unsupported struct {
	pattern *regexp.Regexp // its first group, or all of it, is what is pointed at
	message string
	fix     string
}

// unsupportedMarkdown is what is looked for in the text that is left when all Markdown is understood.
var unsupportedMarkdown = []unsupported{
	{regexp.MustCompile(`(?:^|[^\\])(\*\*)`), "** is mailed as it is here: bold text is not closed, or has a space inside its stars", `write **text** without spaces inside, or \*\* for stars`},
	{regexp.MustCompile(`(?:^|[^\\~])(~~)`), "~~ is mailed as it is here: struck text is not closed, or has a space inside", `write ~~text~~ without spaces inside, or \~\~`},
	{regexp.MustCompile(`(?:^|[^\\\w])(__)\S`), "__ is mailed as it is here: bold text is not closed", `write __text__, or \_\_`},
	{regexp.MustCompile(`(?:^|[^\\])(\[\^[^\]\s]+\])`), "footnotes are not for messages", "put the note into the sentence, or below the text"},
	{regexp.MustCompile(`(?:^|[^\\])\[[^\[\]\n]*(\]\()`), "this link is mailed as it is here", "write [text](address), with an address without spaces"},
	{regexp.MustCompile(`(?:^|[^\\])\[[^\[\]\n]*(\]\[)`), "this link is mailed as it is here: nothing says where it leads", "write [text](address)"},
	{regexp.MustCompile(`(?m)^[ \t]*(\|.*\|)[ \t]*$`), "this row is mailed as it is here: it is in no table", "put a row of dashes, such as |---|---|, below the first row of the table, and as many cells in it"},
	{regexp.MustCompile(`(?m)^(:::)`), "blocks between ::: are not for messages", "take the ::: out"},
	{regexp.MustCompile(`(?m)^(:[ \t]+)\S`), "lists of definitions are not for messages", "write a list with - instead"},
	{regexp.MustCompile(`(?m)^(\$\$)`), "formulas are not for messages", "say it in words, or show a picture"},
	{regexp.MustCompile(`(==)[^=\s][^=\n]*==`), "==marked text== is not for messages", "write **text**"},
	{regexp.MustCompile(`(?m)(\{[#.][\w-]+\})[ \t]*$`), "attributes in braces are not for messages", "take them out"},
	{regexp.MustCompile(`(?:^|\s)(:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:)(?:\s|$)`), "names of emoji are mailed as they are", "write the emoji itself"},
}

// CheckMarkdown returns what Markdown a message uses that is not for messages, each at its line. It may look at a message in which
// [Inspect] found errors.
func (m *Message) CheckMarkdown() Errors {
	source, lineOf := joinTableRows(markdownOnly(m.Body))
	c := markdownCheck{message: m, source: []byte(source), lineOf: lineOf}
	c.checkBlocks(markdownParser().Parse(text.NewReader(c.source)), 0)
	return c.errs.Sort()
}

// markdownOnly returns a template with a mark for each value and nothing for the rest of Liquid. Lines stay where they are.
func markdownOnly(template string) string {
	var b strings.Builder
	eachToken(template, 1, func(tok parser.Token, literal bool) {
		breaks := strings.Repeat("\n", strings.Count(tok.Source, "\n"))
		switch {
		case tok.Type == parser.TextTokenType && !literal:
			b.WriteString(dropMarkRunes(tok.Source))
		case tok.Type == parser.ObjTokenType && !literal:
			b.WriteString(string([]rune{markStart, markZero, markEnd}) + breaks)
		default:
			b.WriteString(breaks)
		}
	})
	return b.String()
}

// markdownCheck looks for Markdown that is not for messages.
type markdownCheck struct {
	message *Message
	source  []byte
	lineOf  []int // line of the body, from 0, of each line of source
	errs    Errors
}

// addError adds an error about a piece of the source that begins at a byte offset.
func (c *markdownCheck) addError(offset int, piece, message, fix string) {
	line := c.message.bodyLine + c.lineOf[strings.Count(string(c.source[:offset]), "\n")]
	c.errs = append(c.errs, Error{
		File:    c.message.File,
		Line:    line,
		Col:     origin{lines: c.message.lines}.columnOf(line, piece),
		Message: message,
		Fix:     fix,
	})
}

func (c *markdownCheck) checkBlocks(parent ast.Node, depth int) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch {
		case n.Kind() == ast.KindHTMLBlock:
			c.addError(startOfBlock(n), "<", errHTML.Error(), "")
		case n.Kind() == ast.KindCodeBlock || n.Kind() == ast.KindFencedCodeBlock:
		case depth > maxNesting:
			c.addError(startOfBlock(n), "", errNesting.Error(), "")
			return
		case n.FirstChild() != nil && n.FirstChild().Type() == ast.TypeInline:
			c.checkInlines(n)
		default:
			c.checkBlocks(n, depth+1)
		}
	}
}

// startOfBlock returns the byte offset at which a block begins, or something in it.
func startOfBlock(n ast.Node) int {
	for ; n != nil; n = n.FirstChild() {
		if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			return n.Lines().At(0).Start
		}
	}
	return 0
}

// checkInlines looks at the runs of text that stand in one piece in the source.
func (c *markdownCheck) checkInlines(parent ast.Node) {
	start := -1
	stop := 0
	end := func() {
		if start >= 0 {
			c.checkText(start, string(c.source[start:stop]))
		}
		start = -1
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			if start < 0 {
				start = n.Segment.Start
			}
			stop = n.Segment.Stop
			continue
		case *ast.RawHTML:
			if n.Segments.Len() > 0 {
				at := n.Segments.At(0)
				c.addError(at.Start, string(at.Value(c.source)), errHTML.Error(), "")
			}
		case *ast.CodeSpan:
		default:
			end()
			c.checkInlines(n)
			continue
		}
		end()
	}
	end()
}

func (c *markdownCheck) checkText(offset int, text string) {
	for _, u := range unsupportedMarkdown {
		found := u.pattern.FindStringSubmatchIndex(text)
		if found == nil {
			continue
		}
		beginsLine := offset == 0 || c.source[offset-1] == '\n'
		if strings.HasPrefix(u.pattern.String(), "(?m)^") && found[0] == 0 && !beginsLine {
			continue // text behind something else in its line
		}
		pair := found[len(found)-2:] // the group, or all of it
		from := pair[0]
		to := pair[1]
		piece, _, _ := strings.Cut(text[from:to], string(markStart))
		c.addError(offset+from, piece, u.message, u.fix)
	}
}
