package content

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	tableast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// pageWriter writes a message's Markdown as the HTML of mail: inline styles, because many clients drop all others, and
// classes for those that know dark mode.
type pageWriter struct {
	strings.Builder
	sheet  *sheet
	source []byte
	words  words
	theme  theme
	depth  int
}

const maxNesting = 20 // of lists and quotes

const (
	sansFont = `-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif`
	monoFont = `ui-monospace,SFMono-Regular,Menlo,Consolas,monospace`
)

var (
	errHTML    = errors.New("HTML is not for messages: use Markdown and {% button %}")
	errNesting = errors.New("lists and quotes are nested too deep")
)

// checkBox is the box of a task, with the space behind it.
func checkBox(n *tableast.TaskCheckBox) string {
	if n.IsChecked {
		return "☑ "
	}
	return "☐ "
}

func (w *pageWriter) writeBlocks(parent ast.Node) error {
	if w.depth++; w.depth > maxNesting {
		return errNesting
	}
	defer func() { w.depth-- }()
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if err := w.writeBlock(n); err != nil {
			return err
		}
	}
	return nil
}

func (w *pageWriter) writeBlock(n ast.Node) error {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		return w.writeParagraph(n)
	case *ast.Heading:
		return w.writeHeading(n)
	case *ast.List:
		return w.writeList(n)
	case *ast.Blockquote:
		return w.writeAround(n, fmt.Sprintf(`<blockquote class="hr-muted hr-rule" style="margin:0 0 20px;padding:%s;border-%s:3px solid %s;color:%s;">`, w.theme.padStart(2, 18, 2, 0), w.theme.start, lineColor, mutedColor), "</blockquote>\n", w.writeBlocks)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		fmt.Fprintf(w, `<pre class="hr-tint" style="margin:0 0 20px;padding:14px 16px;background-color:%s;border-radius:8px;font:14px/1.5 %s;white-space:pre-wrap;word-break:break-word;">%s</pre>`+"\n",
			tintColor, monoFont, w.sheet.fillHTML(lineText(n, w.source)))
		return nil
	case *ast.ThematicBreak:
		fmt.Fprintf(w, `<hr class="hr-rule" style="margin:28px 0;border:0;border-top:1px solid %s;">`+"\n", lineColor)
		return nil
	case *tableast.Table:
		return w.writeTable(n)
	case *ast.LinkReferenceDefinition:
		return nil
	case *ast.HTMLBlock:
		return errHTML
	default:
		return fmt.Errorf("%s is not for messages", n.Kind())
	}
}

func (w *pageWriter) writeAround(n ast.Node, before, after string, inner func(ast.Node) error) error {
	w.WriteString(before)
	err := inner(n)
	w.WriteString(after)
	return err
}

func (w *pageWriter) writeParagraph(n ast.Node) error {
	if sl, ok := w.sheet.onlySlot(n, w.source); ok {
		w.writeSpecial(sl)
		return nil
	}
	margin := "0 0 18px"
	if n.Kind() == ast.KindTextBlock { // an item of a tight list
		return w.writeAround(n, "", "", w.writeInlines)
	}
	if n.Parent().Kind() == ast.KindListItem || n.Parent().Kind() == ast.KindBlockquote {
		if margin = "0 0 10px"; n.NextSibling() == nil {
			margin = "0"
		}
	}
	return w.writeAround(n, `<p style="margin:`+margin+`;">`, "</p>\n", w.writeInlines)
}

func (w *pageWriter) writeHeading(n *ast.Heading) error {
	level := min(n.Level, 3)
	style := [...]string{"margin:0 0 18px;font-size:26px;line-height:1.25;letter-spacing:-0.01em;",
		"margin:30px 0 12px;font-size:20px;line-height:1.3;", "margin:26px 0 10px;font-size:17px;line-height:1.4;"}[level-1]
	return w.writeAround(n, fmt.Sprintf(`<h%d class="hr-ink" style="%sfont-weight:650;color:%s;">`, level, style, inkColor),
		fmt.Sprintf("</h%d>\n", level), w.writeInlines)
}

func (w *pageWriter) writeList(n *ast.List) error {
	tag := "ul"
	start := ""
	if n.IsOrdered() {
		tag = "ol"
		if n.Start != 1 {
			start = fmt.Sprintf(` start="%d"`, n.Start)
		}
	}
	return w.writeAround(n, fmt.Sprintf(`<%s%s style="margin:0 0 20px;padding:%s;">`+"\n", tag, start, w.theme.padStart(0, 24, 0, 0)), "</"+tag+">\n",
		func(ast.Node) error {
			for item := n.FirstChild(); item != nil; item = item.NextSibling() {
				if err := w.writeAround(item, `<li style="margin:0 0 8px;">`, "</li>\n", w.writeBlocks); err != nil {
					return err
				}
			}
			return nil
		})
}

func (w *pageWriter) writeInlines(parent ast.Node) error {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if err := w.writeInline(n); err != nil {
			return err
		}
	}
	return nil
}

func (w *pageWriter) writeInline(n ast.Node) error {
	switch n := n.(type) {
	case *ast.Text:
		w.WriteString(w.sheet.fillHTML(literalText(n.Segment.Value(w.source), n.IsRaw())))
		if n.HardLineBreak() {
			w.WriteString("<br>\n")
		} else if n.SoftLineBreak() {
			w.WriteString("\n")
		}
		return nil
	case *ast.String:
		w.WriteString(w.sheet.fillHTML(literalText(n.Value, n.IsRaw())))
		return nil
	case *ast.Emphasis:
		if n.Level == 2 {
			return w.writeAround(n, `<strong style="font-weight:650;">`, "</strong>", w.writeInlines)
		}
		return w.writeAround(n, "<em>", "</em>", w.writeInlines)
	case *ast.CodeSpan:
		fmt.Fprintf(w, `<code class="hr-tint" style="padding:1px 5px;background-color:%s;border-radius:4px;font-family:%s;font-size:0.9em;">%s</code>`,
			tintColor, monoFont, w.sheet.fillHTML(codeText(n, w.source)))
		return nil
	case *ast.Link:
		href, err := w.sheet.fillHref(linkText(n.Destination))
		if err != nil {
			return err
		}
		return w.writeAround(n, w.openAnchor(href), "</a>", w.writeInlines)
	case *ast.AutoLink:
		href, err := w.sheet.fillHref(autoLink(n, w.source))
		if err != nil {
			return err
		}
		w.WriteString(w.openAnchor(href) + html.EscapeString(w.sheet.autoLabel(n, w.source)) + "</a>")
		return nil
	case *ast.Image:
		src, err := w.sheet.fillURL(linkText(n.Destination))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, `<img src="%s" alt="%s" style="display:block;max-width:100%%;height:auto;border:0;border-radius:8px;">`,
			html.EscapeString(src), w.sheet.fillHTML(innerText(n, w.source)))
		return nil
	case *tableast.Strikethrough:
		return w.writeAround(n, `<del style="text-decoration:line-through;">`, "</del>", w.writeInlines)
	case *tableast.TaskCheckBox:
		w.WriteString(checkBox(n))
		return nil
	case *ast.RawHTML:
		return errHTML
	default:
		return fmt.Errorf("%s is not for messages", n.Kind())
	}
}

func (w *pageWriter) openAnchor(href string) string {
	return fmt.Sprintf(`<a class="hr-link" href="%s" style="color:%s;text-decoration:underline;text-underline-offset:2px;">`, html.EscapeString(href), w.theme.link)
}

// writeSpecial writes a button or the share links.
func (w *pageWriter) writeSpecial(sl slot) {
	switch sl.kind {
	case slotButton:
		w.sheet.actions = append(w.sheet.actions, Action{w.sheet.fillText(sl.text), sl.href})
		fmt.Fprintf(w, `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 26px;"><tr>`+
			`<td class="hr-button" bgcolor="%[1]s" style="border-radius:8px;background-color:%[1]s;">`+
			`<a class="hr-button-text" href="%[2]s" style="display:inline-block;padding:13px 24px;font-size:16px;line-height:1.25;font-weight:600;color:%[3]s;text-decoration:none;">%[4]s</a>`+
			"</td></tr></table>\n", w.theme.accent, html.EscapeString(sl.href), w.theme.onAccent, w.sheet.fillHTML(sl.text))
	case slotShare:
		w.WriteString(`<div style="margin:4px 0 18px;">` + "\n")
		margin := w.theme.padStart(0, 0, 8, 6)
		for _, place := range shareNames {
			w.sheet.actions = append(w.sheet.actions, Action{w.words.share[place], w.sheet.share[place]})
			fmt.Fprintf(w, `<a class="hr-tint hr-link" href="%s" style="display:inline-block;margin:%s;padding:9px 14px;border-radius:8px;background-color:%s;font-size:14px;line-height:1.3;font-weight:600;color:%s;text-decoration:none;">%s</a>`+"\n",
				html.EscapeString(w.sheet.share[place]), margin, tintColor, w.theme.link, html.EscapeString(w.words.share[place]))
		}
		w.WriteString("</div>\n")
	case slotValue:
		w.WriteString(html.EscapeString(w.sheet.fillText(sl.text)))
	}
}

// onlySlot returns the button or share slot that is all of a paragraph.
func (s *sheet) onlySlot(n ast.Node, source []byte) (slot, bool) {
	t, ok := n.FirstChild().(*ast.Text)
	if !ok || t.NextSibling() != nil {
		return slot{}, false
	}
	var found []slot
	rest := ""
	s.walkMarks(strings.TrimSpace(string(t.Segment.Value(source))),
		func(lit string) { rest += lit },
		func(sl slot) { found = append(found, sl) })
	if rest != "" || len(found) != 1 || found[0].kind == slotValue {
		return slot{}, false
	}
	return found[0], true
}

// literalText is what a piece of Markdown text says: with backslashes and entities resolved, unless it is raw.
func literalText(segment []byte, raw bool) string {
	if raw {
		return string(segment)
	}
	return linkText(segment)
}

// linkText resolves the backslashes and entities of a link's target.
func linkText(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 && bytes.IndexByte(b, '&') < 0 {
		return string(b)
	}
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(b))))
}

func autoLink(n *ast.AutoLink, source []byte) string {
	target := string(n.URL(source))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(target), "mailto:") {
		return "mailto:" + target
	}
	return target
}

// autoLabel is what a link that is its own text shows: what is written, or where it leads if values stand in it.
func (s *sheet) autoLabel(n *ast.AutoLink, source []byte) string {
	label := string(n.Label(source))
	if link, err := s.fillURL(autoLink(n, source)); err == nil && strings.ContainsRune(label, markStart) {
		return link
	}
	return s.fillText(label)
}

// codeText is the text of a code span, line breaks as spaces.
func codeText(n *ast.CodeSpan, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// innerText is the bare text inside an element.
func innerText(parent ast.Node, source []byte) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.WriteString(literalText(n.Segment.Value(source), n.IsRaw()))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.CodeSpan:
			b.WriteString(codeText(n, source))
		case *ast.AutoLink:
			b.Write(n.Label(source))
		default:
			b.WriteString(innerText(n, source))
		}
	}
	return b.String()
}
