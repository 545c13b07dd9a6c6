package content

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	tableast "github.com/yuin/goldmark/extension/ast"
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

// writeBlocks writes the children of a node, an empty line between them.
func (w *textWriter) writeBlocks(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		w.writeBlock(n)
	}
}

func (w *textWriter) writeBlock(n ast.Node) {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		if sl, ok := w.sheet.onlySlot(n, w.source); ok {
			w.writeSpecial(sl)
		} else {
			w.writeParagraph(w.inlineText(n))
		}
		if n.Kind() == ast.KindParagraph {
			w.writeGap()
		}
	case *ast.Heading:
		title := strings.Join(strings.Fields(w.inlineText(n)), " ")
		w.writeParagraph(title)
		underline := "-"
		if n.Level == 1 {
			underline = "="
		}
		w.writeParagraph(strings.Repeat(underline, min(utf8.RuneCountInString(title), textWidth-w.depth)))
		w.writeGap()
	case *ast.List:
		w.writeList(n)
		w.writeGap()
	case *ast.Blockquote:
		w.writeNested(n, "> ", "> ")
		w.writeGap()
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		for line := range strings.Lines(w.sheet.fillText(lineText(n, w.source))) {
			w.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
		}
		w.writeGap()
	case *ast.ThematicBreak:
		w.WriteString("* * *\n")
		w.writeGap()
	case *tableast.Table:
		w.writeTable(n)
		w.writeGap()
	}
}

// writeGap writes one empty line, never two.
func (w *textWriter) writeGap() {
	if !strings.HasSuffix(w.String(), "\n\n") {
		w.WriteByte('\n')
	}
}

func (w *textWriter) writeList(n *ast.List) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		bullet := "- "
		if n.IsOrdered() {
			bullet = fmt.Sprintf("%d. ", number)
			number++
		}
		w.writeNested(item, bullet, strings.Repeat(" ", len(bullet)))
	}
}

// writeNested writes the children of a node, the first line begun with first and further ones with rest.
func (w *textWriter) writeNested(parent ast.Node, first, rest string) {
	inner := textWriter{sheet: w.sheet, source: w.source, words: w.words, depth: w.depth + len(rest)}
	inner.writeBlocks(parent)
	prefix := first
	for line := range strings.Lines(strings.TrimRight(inner.String(), "\n") + "\n") {
		w.WriteString(strings.TrimRight(prefix+strings.TrimRight(line, "\n"), " ") + "\n")
		prefix = rest
	}
}

// inlineText returns the text of a block; hard line breaks as \n.
func (w *textWriter) inlineText(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.WriteString(strings.ReplaceAll(w.sheet.fillText(literalText(n.Segment.Value(w.source), n.IsRaw())), "\n", " "))
			if n.HardLineBreak() {
				b.WriteByte('\n')
			} else if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.WriteString(w.sheet.fillText(literalText(n.Value, n.IsRaw())))
		case *ast.CodeSpan:
			b.WriteString(w.sheet.fillText(codeText(n, w.source)))
		case *ast.Link:
			b.WriteString(w.linkText(w.inlineText(n), linkText(n.Destination)))
		case *ast.AutoLink:
			b.WriteString(w.linkText(w.sheet.autoLabel(n, w.source), autoLink(n, w.source)))
		case *tableast.Strikethrough:
			b.WriteString("~" + w.inlineText(n) + "~")
		case *tableast.TaskCheckBox:
			b.WriteString(checkBox(n))
		case *ast.Image:
			b.WriteString(w.sheet.fillText(innerText(n, w.source)))
		default:
			b.WriteString(w.inlineText(n))
		}
	}
	return b.String()
}

// linkText writes a link out: its words, then where it leads, unless the words say that already.
func (w *textWriter) linkText(label, target string) string {
	link, err := w.sheet.fillURL(target)
	label = strings.TrimSpace(label)
	if err != nil || link == "mailto:"+label || link == "http://"+label {
		return label
	}
	href := w.sheet.marker.markLink(link)
	if label == "" || label == link {
		return href
	}
	return label + " (" + href + ")"
}

func (w *textWriter) writeSpecial(sl slot) {
	switch sl.kind {
	case slotButton:
		w.WriteString(w.sheet.fillText(sl.text) + ":\n" + sl.href + "\n")
	case slotShare:
		for _, place := range shareNames {
			w.WriteString(w.words.share[place] + ":\n" + w.sheet.share[place] + "\n")
		}
	case slotValue:
		w.writeParagraph(w.sheet.fillText(sl.text))
	}
}

// writeParagraph wraps text into lines; a \n in it stays.
func (w *textWriter) writeParagraph(text string) {
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
