package console

import (
	"context"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/admin"
)

// liftPatience is how long the page waits for the first report.
const liftPatience = 2 * time.Second

// liftData is the report and how old it is.
type liftData struct {
	admin.Report
	Age   time.Duration `json:"-"`              // of the report
	Ready bool          `json:"ready"`          // false: the first report is being worked out
	Over  string        `json:"over,omitempty"` // the rule whose curve the page shows; empty: no rule has one
	Curve *chart        `json:"-"`              // nil: no rule has one
	Weeks []admin.Week  `json:"-"`              // of the curve, the newest first
	Most  int           `json:"-"`              // the highest step of the growth loop
}

// readLift returns the last report. It waits for the first one, at most for patience.
func (c *Console) readLift(req *request, patience time.Duration) (liftData, error) {
	answer, age, ready, err := c.report.get(req.Context(), patience, func(ctx context.Context) (admin.Report, error) {
		return c.o.Installation.Report(ctx, admin.ReportOptions{ReadModel: c.o.ReadModel})
	})
	if err != nil || !ready {
		return liftData{Report: admin.Report{Growth: []admin.GrowthStep{}}}, err
	}
	data := liftData{Report: answer, Age: age.Round(time.Second), Ready: true, Most: 1}
	for _, s := range data.Growth {
		data.Most = max(data.Most, s.Count)
	}
	data.chooseCurve(req.FormValue("over"))
	return data, nil
}

// Measured lists the rules that have a curve.
func (d *liftData) Measured() []string {
	var names []string
	for i := range d.Rules {
		if e := d.Rules[i].Experiment; e != nil && len(e.Weeks) > 0 {
			names = append(names, d.Rules[i].Rule)
		}
	}
	return names
}

// Uncompared lists the rules with a goal whose messages are compared with nobody yet: nobody is in the holdout.
func (d *liftData) Uncompared() []string {
	var names []string
	for i := range d.Rules {
		if e := d.Rules[i].Experiment; e != nil && !e.NoGoal && len(e.Weeks) == 0 {
			names = append(names, d.Rules[i].Rule)
		}
	}
	return names
}

// chooseCurve draws the curve of the rule that was asked for, else of the one with the most people.
func (d *liftData) chooseCurve(rule string) {
	chosen := -1 // index of the rule
	for i := range d.Rules {
		r := &d.Rules[i]
		if r.Experiment == nil || len(r.Experiment.Weeks) == 0 {
			continue
		}
		if r.Rule == rule || chosen < 0 || d.Over != rule && r.Experiment.Treated.People > d.Rules[chosen].Experiment.Treated.People {
			chosen = i
			d.Over = r.Rule
		}
	}
	if chosen < 0 {
		return
	}
	e := d.Rules[chosen].Experiment
	d.Curve = drawWeeks(e.First, e.Weeks)
	d.Weeks = slices.Clone(e.Weeks)
	slices.Reverse(d.Weeks)
}

// drawWeeks draws a difference week by week. Weeks without a verdict have neither an estimate nor bounds.
func drawWeeks(first time.Time, weeks []admin.Week) *chart {
	reach := 0.1 // the scale goes to it in both directions, in steps of ten points
	for _, w := range weeks {
		if w.Difference != nil {
			reach = max(reach, math.Ceil(10*max(w.Difference.High, -w.Difference.Low))/10)
		}
	}
	s := scale{from: first, to: weeks[len(weeks)-1].Until, low: -reach, high: reach}
	drawn := newChart(s, []float64{-reach, -reach / 2, 0, reach / 2, reach}, func(v float64) string { return strings.TrimSuffix(formatSigned(100*v), ".0") })
	drawn.Zero = s.y(0)
	for _, w := range weeks {
		if w.Difference == nil {
			drawn.Early = append(drawn.Early, s.x(w.Until))
			continue
		}
		drawn.Whiskers = append(drawn.Whiskers, chartWhisker{At: s.x(w.Until), Estimate: s.y(w.Difference.Estimate), Low: s.y(w.Difference.Low), High: s.y(w.Difference.High)})
	}
	return drawn
}

// BarOf returns the width of a step's bar.
func (d *liftData) BarOf(count int) int { return count * barWidth / d.Most }

// barWidth is the width of the longest bar.
const barWidth = 200

// OfBefore says which part of the step before a step of the growth loop is; empty: there is none before, or nothing in it.
func (d *liftData) OfBefore(step int) string {
	if step == 0 || d.Growth[step-1].Count == 0 {
		return ""
	}
	return keepTogether(strconv.FormatFloat(100*float64(d.Growth[step].Count)/float64(d.Growth[step-1].Count), 'f', 0, 64) + " %")
}

func (c *Console) showLift(req *request) (*page, error) {
	data, err := c.readLift(req, patienceOf(req, liftPatience))
	if err != nil {
		return nil, err
	}
	return &page{name: "lift", title: "Lift", section: "lift", command: "homeroom report --since all", data: &data}, nil
}

// exportLift serves the report as a table for a spreadsheet.
func (c *Console) exportLift(req *request) (*page, error) {
	return c.exportReport(req, "homeroom-lift.csv", func(out io.Writer, data *liftData) error { return admin.WriteReportCSV(out, &data.Report) })
}

// exportGrowth serves the growth loop as a table for a spreadsheet.
func (c *Console) exportGrowth(req *request) (*page, error) {
	return c.exportReport(req, "homeroom-growth.csv", func(out io.Writer, data *liftData) error {
		return admin.WriteGrowthCSV(out, data.Growth)
	})
}

// exportWeeks serves the lift over time as a table for a spreadsheet.
func (c *Console) exportWeeks(req *request) (*page, error) {
	return c.exportReport(req, "homeroom-lift-weeks.csv", func(out io.Writer, data *liftData) error { return admin.WriteWeeksCSV(out, &data.Report.Report) })
}

// exportReport serves a table of the report. Until there is one it shows the page that says so.
func (c *Console) exportReport(req *request, file string, write func(io.Writer, *liftData) error) (*page, error) {
	data, err := c.readLift(req, exportPatience)
	if err != nil {
		return nil, err
	}
	if !data.Ready {
		return &page{name: "lift", title: "Lift", section: "lift", data: &data}, nil
	}
	return exportTable(req, file, data, func(out io.Writer) error { return write(out, &data) })
}
