package content

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	tableast "github.com/yuin/goldmark/extension/ast"

	"homeroom/internal/cells"
)

// writeTable writes a table with inline styles. It is as wide as the mail; its first row is a header unless all of its cells are
// empty.
func (w *pageWriter) writeTable(table *tableast.Table) error {
	fmt.Fprintf(w, `<table width="100%%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 20px;width:100%%;border-collapse:collapse;font-size:15px;line-height:1.5;">`+"\n")
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		_, isHeader := row.(*tableast.TableHeader)
		if isHeader && rowIsEmpty(row, w.source) {
			continue
		}
		w.WriteString("<tr>")
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			if err := w.writeTableCell(cell, isHeader); err != nil {
				return err
			}
		}
		w.WriteString("</tr>\n")
	}
	w.WriteString("</table>\n")
	return nil
}

func (w *pageWriter) writeTableCell(cell ast.Node, isHeader bool) error {
	tag := "td"
	attributes := `class="hr-rule" `
	style := fmt.Sprintf("border-bottom:1px solid %s;", lineColor)
	if isHeader {
		tag = "th"
		attributes = `scope="col" class="hr-rule hr-muted" `
		style = fmt.Sprintf("border-bottom:2px solid %s;color:%s;font-weight:600;", lineColor, mutedColor)
	}
	align := w.theme.start
	if c, is := cell.(*tableast.TableCell); is && c.Alignment != tableast.AlignNone {
		align = c.Alignment.String()
	}
	return w.writeAround(cell, fmt.Sprintf(`<%s %salign="%s" valign="top" style="padding:9px 10px;%stext-align:%s;word-break:normal;overflow-wrap:break-word;">`, tag, attributes, align, style, align),
		"</"+tag+">", w.writeInlines)
}

// rowIsEmpty reports whether no cell of a row says anything.
func rowIsEmpty(row ast.Node, source []byte) bool {
	for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
		if strings.TrimSpace(innerText(cell, source)) != "" {
			return false
		}
	}
	return true
}

// textTable is a table as plain text.
type textTable struct {
	header []string // nil: there is none
	rows   [][]string
	align  []tableast.Alignment
}

// writeTable writes a table with its columns aligned. One that is too wide for a line is written row by row, each cell on a line
// of its own behind its header.
func (w *textWriter) writeTable(table *tableast.Table) {
	t := textTable{align: table.Alignments}
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		var texts []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			texts = append(texts, strings.Join(strings.Fields(w.inlineText(cell)), " "))
		}
		if _, isHeader := row.(*tableast.TableHeader); !isHeader {
			t.rows = append(t.rows, texts)
		} else if !rowIsEmpty(row, w.source) {
			t.header = texts
		}
	}
	widths := t.columnWidths()
	total := 0
	for _, width := range widths {
		total += width + len(columnGap)
	}
	if total-len(columnGap) > max(textWidth-w.depth, 20) {
		t.writeList(w)
		return
	}
	if t.header != nil {
		w.WriteString(t.alignRow(t.header, widths))
		dashes := make([]string, len(widths))
		for i, width := range widths {
			dashes[i] = strings.Repeat("-", width)
		}
		w.WriteString(t.alignRow(dashes, widths))
	}
	for _, row := range t.rows {
		w.WriteString(t.alignRow(row, widths))
	}
}

const columnGap = "  "

// columnWidths returns how many cells of a terminal each column takes.
func (t *textTable) columnWidths() []int {
	widths := make([]int, len(t.align))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, text := range row {
			if i < len(widths) {
				widths[i] = max(widths[i], cells.Width(text))
			}
		}
	}
	return widths
}

func (t *textTable) alignRow(row []string, widths []int) string {
	var b strings.Builder
	for i, text := range row {
		if i >= len(widths) {
			break
		}
		room := widths[i] - cells.Width(text)
		before := 0
		switch t.align[i] {
		case tableast.AlignRight:
			before = room
		case tableast.AlignCenter:
			before = room / 2
		case tableast.AlignLeft, tableast.AlignNone:
		}
		b.WriteString(strings.Repeat(" ", before) + text + strings.Repeat(" ", room-before) + columnGap)
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// writeList writes the rows one after another, an empty line between them.
func (t *textTable) writeList(w *textWriter) {
	for i, row := range t.rows {
		if i > 0 {
			w.writeGap()
		}
		for j, text := range row {
			if j < len(t.header) && t.header[j] != "" {
				text = t.header[j] + ": " + text
			}
			w.writeParagraph(text)
		}
	}
}
