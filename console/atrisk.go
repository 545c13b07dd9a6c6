package console

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/admin"
)

const (
	// atRiskPatience is how long the page waits for the first figures.
	atRiskPatience = 2 * time.Second
	// listedAtRisk is how many learners the page lists.
	listedAtRisk = 100
)

// atRiskData is who is at risk.
type atRiskData struct {
	admin.AtRisk
	Ready bool          `json:"ready"` // false: the first figures are being worked out
	Age   time.Duration `json:"-"`
	Chart *chart        `json:"-"` // of the course; nil: none was chosen
}

// Newest returns the days of the curve, the newest first.
func (d atRiskData) Newest() atRiskData {
	d.Curve = slices.Clone(d.Curve)
	slices.Reverse(d.Curve)
	return d
}

// readAtRisk returns the greatest risks; top 0: all. It waits for the first figures, at most for patience.
func (c *Console) readAtRisk(req *request, top int, patience time.Duration) (atRiskData, error) {
	figures, age, ready, err := c.risks.get(req.Context(), patience, func(ctx context.Context) (*admin.RiskFigures, error) {
		return c.o.Installation.RiskFigures(ctx, nil)
	})
	if errors.Is(err, admin.ErrNoRules) {
		return atRiskData{Ready: true, AtRisk: admin.AtRisk{Problem: err.Error()}}, nil
	}
	if err != nil || !ready {
		return atRiskData{}, err
	}
	data := atRiskData{Ready: true, Age: age.Round(time.Second)}
	data.AtRisk, err = c.as(req).AtRisk(req.Context(), figures, admin.AtRiskOptions{
		Course: strings.TrimSpace(req.FormValue("course")),
		Top:    top,
	})
	if err == nil && len(data.Curve) > 0 {
		data.Chart = drawRisks(&data.AtRisk)
	}
	return data, err
}

// drawRisks draws the mean risk of a course and the share of learners at high risk.
func drawRisks(list *admin.AtRisk) *chart {
	curve := list.Curve
	s := scale{from: curve[0].At, to: curve[len(curve)-1].At, low: 0, high: 1}
	drawn := newChart(s, []float64{0, 0.25, 0.5, 0.75, 1}, func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) })
	drawn.Lines = []chartLine{
		{Class: "first", Points: s.drawLine(len(curve), func(n int) (time.Time, float64) { return curve[n].At, curve[n].Mean })},
		{Class: "second", Points: s.drawLine(len(curve), func(n int) (time.Time, float64) { return curve[n].At, curve[n].HighShare() })},
	}
	return drawn
}

func (c *Console) showAtRisk(req *request) (*page, error) {
	data, err := c.readAtRisk(req, listedAtRisk, patienceOf(req, atRiskPatience))
	if err != nil {
		return nil, err
	}
	command := "homeroom risk --top " + strconv.Itoa(listedAtRisk)
	if data.Course != "" {
		command += " --course " + data.Course
	}
	return &page{name: "atrisk", title: "At risk", section: "atrisk", command: command, data: data}, nil
}

// exportAtRisk serves everybody's risk as a table for a spreadsheet.
func (c *Console) exportAtRisk(req *request) (*page, error) {
	data, err := c.readAtRisk(req, 0, exportPatience)
	if err != nil {
		return nil, err
	}
	if !data.Ready {
		return &page{name: "atrisk", title: "At risk", section: "atrisk", data: data}, nil
	}
	var table bytes.Buffer
	if err := admin.WriteAtRiskCSV(&table, &data.AtRisk); err != nil {
		return nil, err
	}
	req.w.Header().Set("Content-Disposition", `attachment; filename="homeroom-at-risk.csv"`)
	return &page{raw: table.Bytes(), rawType: "text/csv; charset=utf-8", data: data}, nil
}
