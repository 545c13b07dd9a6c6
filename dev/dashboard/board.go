package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// board is what is read of a dashboard of Grafana.
type board struct {
	Title  string
	Panels []panel
}

type panel struct {
	Type        string // row, stat or timeseries
	Title       string
	GridPos     struct{ H, W, X, Y int } // in cells, 24 of them beside each other
	Targets     []target
	FieldConfig struct {
		Defaults struct {
			Unit       string
			Thresholds struct{ Steps []threshold }
			Custom     struct{ Stacking struct{ Mode string } }
		}
		Overrides []override
	}
}

type target struct {
	RefID        string
	Expr         string
	LegendFormat string
}

// threshold colors a value from Value on; the first one has none.
type threshold struct {
	Color string
	Value *float64
}

// override gives the answer of one query another unit.
type override struct {
	Matcher    struct{ ID, Options string }
	Properties []struct {
		ID    string
		Value any
	}
}

func parseBoard(text []byte) (*board, error) {
	b := &board{}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, err
	}
	for _, p := range b.Panels {
		if !slices.Contains([]string{"row", "stat", "timeseries"}, p.Type) {
			return nil, fmt.Errorf("the panel %q is a %s, which this command does not draw", p.Title, p.Type)
		}
	}
	return b, nil
}

// unitOf returns the unit of a query's answer, and whether it has an axis of its own, at the right.
func (p *panel) unitOf(t target) (unit string, right bool) {
	unit = p.FieldConfig.Defaults.Unit
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID != "byFrameRefID" || o.Matcher.Options != t.RefID {
			continue
		}
		for _, property := range o.Properties {
			switch property.ID {
			case "unit":
				unit = fmt.Sprint(property.Value)
			case "custom.axisPlacement":
				right = property.Value == "right"
			}
		}
	}
	return unit, right
}

// drawnPanel is a panel with the answers to its queries.
type drawnPanel struct {
	panel
	lines []line
}

// line is a series of an answer. A stat has a point at most.
type line struct {
	legend string
	unit   string
	right  bool
	points []promql.FPoint
}

// rateInterval is what Grafana makes of $__rate_interval: four scrapes.
func rateInterval(every time.Duration) string { return (4 * every).String() }

// askQueries asks the queries of all panels.
func (b *board) askQueries(ctx context.Context, m *measurement) ([]drawnPanel, error) {
	var all []drawnPanel
	for _, p := range b.Panels {
		d := drawnPanel{panel: p}
		for _, t := range p.Targets {
			if err := d.addAnswer(ctx, m, t); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", p.Title, t.Expr, err)
			}
		}
		all = append(all, d)
	}
	return all, nil
}

func (d *drawnPanel) addAnswer(ctx context.Context, m *measurement, t target) error {
	expr := strings.ReplaceAll(t.Expr, "$__rate_interval", rateInterval(m.every))
	unit, right := d.unitOf(t)
	var lines []line
	addLine := func(of labels.Labels, points ...promql.FPoint) {
		lines = append(lines, line{legend: legendOf(t.LegendFormat, of), unit: unit, right: right, points: points})
	}
	if d.Type == "stat" {
		answer, err := m.scrapes.AskAt(ctx, expr, m.end)
		for _, one := range answer {
			addLine(one.Metric, promql.FPoint{T: one.T, F: one.F})
		}
		d.lines = append(d.lines, lines...)
		return err
	}
	err := m.scrapes.AskFrom(ctx, expr, m.begin, m.end, m.every, func(answer promql.Matrix) {
		for _, one := range answer {
			addLine(one.Metric, slices.Clone(one.Floats)...)
		}
	})
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.legend, b.legend) })
	d.lines = append(d.lines, lines...)
	return err
}

var legendLabel = regexp.MustCompile(`\{\{\s*([a-z_]+)\s*\}\}`)

// legendOf fills in the labels of a series.
func legendOf(format string, of labels.Labels) string {
	return legendLabel.ReplaceAllStringFunc(format, func(found string) string {
		return of.Get(legendLabel.FindStringSubmatch(found)[1])
	})
}
