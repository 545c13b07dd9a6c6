package console

import (
	"bytes"
	"context"
	"time"

	"homeroom/admin"
)

// liftPatience is how long the page waits for the first report.
const liftPatience = 20 * time.Second

// liftData is the report and how old it is.
type liftData struct {
	admin.Report
	Growth []growthStep  `json:"growth"` // empty: nothing was shared
	Age    time.Duration `json:"-"`      // of the report
	Ready  bool          `json:"ready"`  // false: the first report is being worked out
}

// growthStep is one step of the growth loop: from what a learner shares to somebody who comes by it.
type growthStep struct {
	Name     string `json:"name"`
	Count    int    `json:"count"`
	Prompted int    `json:"prompted"` // of them, to the credit of a rule's message
	Width    int    `json:"-"`        // of its bar, 0 to 200
}

// readLift returns the last report.
func (c *Console) readLift(req *request) (liftData, error) {
	answer, age, ready, err := c.report.get(req.Context(), liftPatience, func(ctx context.Context) (admin.Report, error) {
		return c.o.Installation.Report(ctx, admin.ReportOptions{ReadModel: c.o.ReadModel})
	})
	if err != nil || !ready {
		return liftData{Growth: []growthStep{}}, err
	}
	return liftData{Report: answer, Growth: growthLoop(&answer), Age: age.Round(time.Second), Ready: true}, nil
}

// growthLoop returns the steps of the growth loop; empty if nothing was shared and nobody came.
func growthLoop(r *admin.Report) []growthStep {
	steps := []growthStep{
		{Name: "certificates shared", Count: r.Uncredited.CertificatesShared, Prompted: r.Total.CertificatesShared},
		{Name: "visits to what was shared", Prompted: r.Total.ShareVisits},
		{Name: "visits by a referral link", Count: r.Uncredited.ReferralVisits, Prompted: r.Total.ReferralVisits},
		{Name: "people who came by a referral", Count: r.Uncredited.ReferralsConverted, Prompted: r.Total.ReferralsConverted},
	}
	most := 0
	for n := range steps {
		steps[n].Count += steps[n].Prompted
		most = max(most, steps[n].Count)
	}
	if most == 0 {
		return []growthStep{}
	}
	for n := range steps {
		steps[n].Width = steps[n].Count * barWidth / most
	}
	return steps
}

// barWidth is the width of the longest bar.
const barWidth = 200

func (c *Console) showLift(req *request) (*page, error) {
	data, err := c.readLift(req)
	if err != nil {
		return nil, err
	}
	return &page{name: "lift", title: "Lift", section: "lift", command: "homeroom report --since all", data: data}, nil
}

// exportLift serves the report as a table for a spreadsheet.
func (c *Console) exportLift(req *request) (*page, error) {
	data, err := c.readLift(req)
	if err != nil {
		return nil, err
	}
	if !data.Ready {
		return &page{name: "lift", title: "Lift", section: "lift", data: data}, nil
	}
	var table bytes.Buffer
	if err := admin.WriteReportCSV(&table, &data.Report); err != nil {
		return nil, err
	}
	req.w.Header().Set("Content-Disposition", `attachment; filename="homeroom-lift.csv"`)
	return &page{raw: table.Bytes(), rawType: "text/csv; charset=utf-8", data: data}, nil
}
