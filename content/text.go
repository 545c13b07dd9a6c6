package content

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
)

// textWriter writes a message's Markdown as plain text that reads well by itself: links written out, lines of at most
// textWidth characters where words allow it.
type textWriter struct {
	strings.Builder
	sheet  *sheet
	source []byte
	words  words
	depth  int // characters that a surrounding block puts before each line
}

const textWidth = 72

// blocks writes the children of a node, an empty line between them.
func (w *textWriter) blocks(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		w.block(n)
	}
}

func (w *textWriter) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		if sl, ok := w.sheet.only(n, w.source); ok {
			w.special(sl)
		} else {
			w.paragraph(w.inlines(n))
		}
		if n.Kind() == ast.KindParagraph {
			w.gap()
		}
	case *ast.Heading:
		title := strings.Join(strings.Fields(w.inlines(n)), " ")
		w.paragraph(title)
		underline := "-"
		if n.Level == 1 {
			underline = "="
		}
		w.paragraph(strings.Repeat(underline, min(utf8.RuneCountInString(title), textWidth-w.depth)))
		w.gap()
	case *ast.List:
		w.list(n)
		w.gap()
	case *ast.Blockquote:
		w.nested(n, "> ", "> ")
		w.gap()
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		for line := range strings.Lines(w.sheet.plain(lineText(n, w.source))) {
			w.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
		}
		w.gap()
	case *ast.ThematicBreak:
		w.WriteString("* * *\n")
		w.gap()
	}
}

// gap writes one empty line, never two.
func (w *textWriter) gap() {
	if !strings.HasSuffix(w.String(), "\n\n") {
		w.WriteByte('\n')
	}
}

func (w *textWriter) list(n *ast.List) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		bullet := "- "
		if n.IsOrdered() {
			bullet = fmt.Sprintf("%d. ", number)
			number++
		}
		w.nested(item, bullet, strings.Repeat(" ", len(bullet)))
	}
}

// nested writes the children of a node, the first line begun with first and further ones with rest.
func (w *textWriter) nested(parent ast.Node, first, rest string) {
	inner := textWriter{sheet: w.sheet, source: w.source, words: w.words, depth: w.depth + len(rest)}
	inner.blocks(parent)
	prefix := first
	for line := range strings.Lines(strings.TrimRight(inner.String(), "\n") + "\n") {
		w.WriteString(strings.TrimRight(prefix+strings.TrimRight(line, "\n"), " ") + "\n")
		prefix = rest
	}
}

// inlines returns the text of a block; hard line breaks as \n.
func (w *textWriter) inlines(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.WriteString(strings.ReplaceAll(w.sheet.plain(literal(n.Segment.Value(w.source), n.IsRaw())), "\n", " "))
			if n.HardLineBreak() {
				b.WriteByte('\n')
			} else if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.WriteString(w.sheet.plain(literal(n.Value, n.IsRaw())))
		case *ast.CodeSpan:
			b.WriteString(w.sheet.plain(codeText(n, w.source)))
		case *ast.Link:
			b.WriteString(w.link(w.inlines(n), linkText(n.Destination)))
		case *ast.AutoLink:
			b.WriteString(w.link(w.sheet.plain(string(n.Label(w.source))), autoLink(n, w.source)))
		case *ast.Image:
			b.WriteString(w.sheet.plain(innerText(n, w.source)))
		default:
			b.WriteString(w.inlines(n))
		}
	}
	return b.String()
}

// link writes a link out: its words, then where it leads, unless the words say that already.
func (w *textWriter) link(label, target string) string {
	link, err := w.sheet.url(target)
	label = strings.TrimSpace(label)
	if err != nil || link == "mailto:"+label {
		return label
	}
	href := w.sheet.marker.mark(link)
	if label == "" || label == link {
		return href
	}
	return label + " (" + href + ")"
}

func (w *textWriter) special(sl slot) {
	switch sl.kind {
	case slotButton:
		w.WriteString(w.sheet.plain(sl.text) + ":\n" + sl.href + "\n")
	case slotShare:
		for _, place := range shareNames {
			w.WriteString(w.words.share[place] + ":\n" + w.sheet.share[place] + "\n")
		}
	case slotValue:
		w.paragraph(w.sheet.plain(sl.text))
	}
}

// paragraph wraps text into lines; a \n in it stays.
func (w *textWriter) paragraph(text string) {
	width := max(textWidth-w.depth, 20)
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		used := 0
		for word := range strings.FieldsSeq(part) {
			n := utf8.RuneCountInString(word)
			switch {
			case used == 0:
			case used+1+n > width:
				w.WriteByte('\n')
				used = 0
			default:
				w.WriteByte(' ')
				used++
			}
			w.WriteString(word)
			used += n
		}
		w.WriteByte('\n')
	}
}
