package console

import (
	"context"
	"io"
	"time"

	"homeroom/admin"
)

// liftPatience is how long the page waits for the first report.
const liftPatience = 2 * time.Second

// liftData is the report and how old it is.
type liftData struct {
	admin.Report
	Growth []growthStep  `json:"growth"` // empty: nothing was shared
	Age    time.Duration `json:"-"`      // of the report
	Ready  bool          `json:"ready"`  // false: the first report is being worked out
}

// growthStep is a step of the growth loop with its bar.
type growthStep struct {
	admin.GrowthStep
	Width int `json:"-"` // of its bar, 0 to 200
}

// readLift returns the last report. It waits for the first one, at most for patience.
func (c *Console) readLift(req *request, patience time.Duration) (liftData, error) {
	answer, age, ready, err := c.report.get(req.Context(), patience, func(ctx context.Context) (admin.Report, error) {
		return c.o.Installation.Report(ctx, admin.ReportOptions{ReadModel: c.o.ReadModel})
	})
	if err != nil || !ready {
		return liftData{Growth: []growthStep{}}, err
	}
	return liftData{Report: answer, Growth: drawGrowth(&answer), Age: age.Round(time.Second), Ready: true}, nil
}

// drawGrowth returns the steps of the growth loop with their bars.
func drawGrowth(r *admin.Report) []growthStep {
	loop := admin.GrowthLoop(r)
	most := 1
	for _, s := range loop {
		most = max(most, s.Count)
	}
	steps := []growthStep{}
	for _, s := range loop {
		steps = append(steps, growthStep{GrowthStep: s, Width: s.Count * barWidth / most})
	}
	return steps
}

// barWidth is the width of the longest bar.
const barWidth = 200

func (c *Console) showLift(req *request) (*page, error) {
	data, err := c.readLift(req, patienceOf(req, liftPatience))
	if err != nil {
		return nil, err
	}
	return &page{name: "lift", title: "Lift", section: "lift", command: "homeroom report --since all", data: data}, nil
}

// exportLift serves the report as a table for a spreadsheet.
func (c *Console) exportLift(req *request) (*page, error) {
	return c.exportReport(req, "homeroom-lift.csv", func(out io.Writer, data *liftData) error { return admin.WriteReportCSV(out, &data.Report) })
}

// exportGrowth serves the growth loop as a table for a spreadsheet.
func (c *Console) exportGrowth(req *request) (*page, error) {
	return c.exportReport(req, "homeroom-growth.csv", func(out io.Writer, data *liftData) error {
		return admin.WriteGrowthCSV(out, admin.GrowthLoop(&data.Report))
	})
}

// exportReport serves a table of the report. Until there is one it shows the page that says so.
func (c *Console) exportReport(req *request, file string, write func(io.Writer, *liftData) error) (*page, error) {
	data, err := c.readLift(req, exportPatience)
	if err != nil {
		return nil, err
	}
	if !data.Ready {
		return &page{name: "lift", title: "Lift", section: "lift", data: data}, nil
	}
	return exportTable(req, file, data, func(out io.Writer) error { return write(out, &data) })
}
