package main

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/prometheus/prometheus/promql"
)

// The sizes are pixels.
const (
	cellWidth    = 58
	cellHeight   = 32
	gap          = 8
	boardTop     = 62 // title and what it is
	fontSize     = 11
	letterWidth  = 6.1 // on average
	legendHeight = 15
	legendRows   = 3
)

// lineColors returns those of the lines, as Grafana's classic palette orders them.
func lineColors() []string {
	return []string{"#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300"}
}

// area is a rectangle of the drawing.
type area struct{ x, y, width, height float64 }

// drawing is an SVG that grows.
type drawing struct{ strings.Builder }

func (d *drawing) addText(x, y float64, style, text string) {
	fmt.Fprintf(d, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, style, html.EscapeString(text))
}

func (d *drawing) addBox(a area, style string) {
	fmt.Fprintf(d, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" %s/>\n", a.x, a.y, a.width, a.height, style)
}

// drawBoard returns the panels as one SVG.
func drawBoard(title, about string, panels []drawnPanel) string {
	rows := 0
	for _, p := range panels {
		rows = max(rows, p.GridPos.Y+p.GridPos.H)
	}
	d := &drawing{}
	width := 24*cellWidth + gap
	height := boardTop + rows*cellHeight + gap
	fmt.Fprintf(d, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"%d\" fill=\"#24292e\">\n", width, height, width, height, fontSize)
	d.addBox(area{width: float64(width), height: float64(height)}, `fill="#f4f5f5"`)
	d.addText(gap+4, 26, `font-size="18" font-weight="bold"`, title)
	d.addText(gap+4, 46, `fill="#57606a"`, about)
	for _, p := range panels {
		d.addPanel(p)
	}
	d.WriteString("</svg>\n")
	return d.String()
}

func (d *drawing) addPanel(p drawnPanel) {
	at := area{
		x:      float64(p.GridPos.X*cellWidth + gap),
		y:      float64(boardTop + p.GridPos.Y*cellHeight),
		width:  float64(p.GridPos.W*cellWidth - gap),
		height: float64(p.GridPos.H*cellHeight - gap),
	}
	if p.Type == "row" {
		d.addText(at.x+4, at.y+17, `font-size="13" font-weight="bold"`, p.Title)
		return
	}
	background := "white"
	if p.Type == "stat" {
		background = p.backgroundColor()
	}
	d.addBox(at, fmt.Sprintf(`fill="%s" stroke="#d8d9da"`, background))
	d.addText(at.x+8, at.y+17, `font-size="12" font-weight="bold"`, p.Title)
	middle := at.x + at.width/2
	switch {
	case !p.hasPoints():
		d.addText(middle, at.y+at.height/2+8, `text-anchor="middle" fill="#57606a"`, "No data")
	case p.Type == "stat":
		d.addText(middle, at.y+at.height/2+22, `text-anchor="middle" font-size="30"`, formatValue(p.lines[0].points[0].F, p.lines[0].unit))
	default:
		d.addChart(p, at)
	}
}

func (p *drawnPanel) hasPoints() bool {
	for _, l := range p.lines {
		if len(l.points) > 0 {
			return true
		}
	}
	return false
}

// backgroundColor returns the color of a stat's threshold.
func (p *drawnPanel) backgroundColor() string {
	color := "white"
	if !p.hasPoints() {
		return color
	}
	for _, step := range p.FieldConfig.Defaults.Thresholds.Steps {
		if step.Value == nil || p.lines[0].points[0].F >= *step.Value {
			color = map[string]string{"green": "#b7e1a5", "orange": "#ffcb7d", "red": "#ff9a92"}[step.Color]
		}
	}
	return color
}

// axis is what values of one unit are measured by, at the left or at the right of a chart.
type axis struct {
	unit string
	top  float64
}

// axesOf returns the left axis and the right one.
func (p *drawnPanel) axesOf(lines []line) (axes [2]axis) {
	var highest [2]float64
	for _, l := range lines {
		side := sideOf(l)
		axes[side].unit = l.unit
		for _, point := range l.points {
			if !math.IsNaN(point.F) && !math.IsInf(point.F, 0) {
				highest[side] = max(highest[side], point.F)
			}
		}
	}
	for side := range axes {
		axes[side].top = topOf(highest[side], axes[side].unit)
	}
	return axes
}

func sideOf(l line) int {
	if l.right {
		return 1
	}
	return 0
}

// stackLines returns lines of which each has the values of those before it added.
func stackLines(lines []line) []line {
	sums := map[int64]float64{}
	var stacked []line
	for _, l := range lines {
		points := make([]promql.FPoint, len(l.points))
		for i, point := range l.points {
			sums[point.T] += point.F
			points[i] = promql.FPoint{T: point.T, F: sums[point.T]}
		}
		l.points = points
		stacked = append(stacked, l)
	}
	return stacked
}

func (d *drawing) addChart(p drawnPanel, at area) {
	lines := p.lines
	if p.FieldConfig.Defaults.Custom.Stacking.Mode == "normal" {
		lines = stackLines(lines)
	}
	axes := p.axesOf(lines)
	legend := legendOfLines(p.lines, at.width-16)
	plot := area{x: at.x + 54, y: at.y + 28, width: at.width - 66, height: at.height - 52 - float64(len(legend))*legendHeight}
	if axes[1].unit != "" {
		plot.width -= 34
	}
	begin, end := timesOf(lines)
	d.addGrid(plot, axes, begin, end)
	for i, l := range lines {
		d.addLine(l, plot, axes[sideOf(l)], begin, end, lineColors()[i%len(lineColors())])
	}
	for row, entries := range legend {
		x := at.x + 8
		y := at.y + at.height - 6 - float64(len(legend)-1-row)*legendHeight
		for _, e := range entries {
			if e.color != "" {
				d.addBox(area{x: x, y: y - 6, width: 10, height: 3}, fmt.Sprintf(`fill="%s"`, e.color))
			}
			d.addText(x+14, y, "", e.text)
			x += e.width()
		}
	}
}

// timesOf returns the first and the last instant of lines, in milliseconds.
func timesOf(lines []line) (begin, end int64) {
	begin = math.MaxInt64
	for _, l := range lines {
		for _, point := range l.points {
			begin = min(begin, point.T)
			end = max(end, point.T)
		}
	}
	return begin, max(end, begin+1)
}

// addGrid draws four lines with the values of the axes, and the minutes since the beginning.
func (d *drawing) addGrid(plot area, axes [2]axis, begin, end int64) {
	const parts = 4
	for i := range parts + 1 {
		share := float64(i) / parts
		y := plot.y + plot.height*(1-share)
		d.addBox(area{x: plot.x, y: y, width: plot.width, height: 0.5}, `fill="#e4e5e6"`)
		d.addText(plot.x-5, y+4, `text-anchor="end" fill="#57606a"`, formatValue(axes[0].top*share, axes[0].unit))
		if axes[1].unit != "" {
			d.addText(plot.x+plot.width+5, y+4, `fill="#57606a"`, formatValue(axes[1].top*share, axes[1].unit))
		}
	}
	const minute = 60_000 // milliseconds
	for at := begin; at <= end; at += minute {
		x := plot.x + plot.width*float64(at-begin)/float64(end-begin)
		d.addText(x, plot.y+plot.height+15, `text-anchor="middle" fill="#57606a"`, fmt.Sprintf("%d min", (at-begin)/minute))
	}
}

// addLine draws a line, with a gap where there is no value.
func (d *drawing) addLine(l line, plot area, a axis, begin, end int64, color string) {
	var path strings.Builder
	move := "M"
	for _, point := range l.points {
		if math.IsNaN(point.F) || math.IsInf(point.F, 0) {
			move = "M"
			continue
		}
		x := plot.x + plot.width*float64(point.T-begin)/float64(end-begin)
		y := plot.y + plot.height*(1-point.F/a.top)
		fmt.Fprintf(&path, "%s%.1f %.1f", move, x, y)
		move = "L"
	}
	if path.Len() > 0 {
		fmt.Fprintf(d, "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.3\"/>\n", path.String(), color)
	}
}

// entry is a word of a legend.
type entry struct{ text, color string }

func (e entry) width() float64 { return 28 + letterWidth*float64(len([]rune(e.text))) }

// legendOfLines returns the rows of a legend. What does not fit is counted in the last one.
func legendOfLines(lines []line, width float64) [][]entry {
	rows := [][]entry{nil}
	used := 0.0
	for i, l := range lines {
		e := entry{text: l.legend, color: lineColors()[i%len(lineColors())]}
		if used > 0 && used+e.width() > width {
			if len(rows) == legendRows {
				last := rows[legendRows-1]
				rows[legendRows-1] = append(last[:len(last)-1], entry{text: fmt.Sprintf("and %d more", len(lines)-i+1)})
				break
			}
			rows = append(rows, nil)
			used = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		used += e.width()
	}
	return rows
}
