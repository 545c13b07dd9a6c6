package admin

import (
	"io"
	"strconv"

	"homeroom/experiment"
	"homeroom/report"
)

// WriteReportCSV writes a report as CSV: a row for each rule and one for the total. A spreadsheet can work out the rates; the lift is given.
func WriteReportCSV(out io.Writer, r *Report) error {
	rows := [][]string{{"rule", "started", "sent", "uncertain", "failed", "withheld_holdout", "withheld_control", "skipped", "deferred", "exited",
		"delivered", "opened", "opened_by_machine", "clicked", "bounced", "unsubscribed", "spam_reported",
		"goal_sent_people", "goal_sent_reached", "goal_holdout_people", "goal_holdout_reached", "lift", "lift_low", "lift_high",
		"relative_lift", "relative_low", "relative_high", "won", "won_low", "won_high", "verdict", "discovery", "goal_sent_delivered", "goal_sent_open",
		"goal_holdout_open", "in_both_groups", "sample_ratio_p",
		"share_prompts", "share_clicks", "share_visits", "certificates_shared", "referral_visits", "referrals_converted"}}
	for i := range r.Rules {
		rows = append(rows, reportCells(r.Rules[i].Rule, &r.Rules[i]))
	}
	total := r.Total
	total.Experiment = nil
	rows = append(rows, reportCells("total", &total))
	return writeCSV(out, "report", rows)
}

func reportCells(name string, r *report.Rule) []string {
	row := []string{name}
	for _, n := range []int{r.Started, r.Sent, countAll(r.Uncertain), countAll(r.Failed), r.Withheld.Holdout, r.Withheld.Control, countAll(r.Skipped), countAll(r.Deferred),
		countAll(r.Exited), r.Delivered, r.Opened, r.OpenedByMachine, r.Clicked, r.Bounced, r.Unsubscribed, r.SpamReported} {
		row = append(row, strconv.Itoa(n))
	}
	row = append(row, listExperiment(r.Experiment)...)
	for _, n := range []int{r.SharePrompts, r.ShareClicks, r.ShareVisits, r.CertificatesShared, r.ReferralVisits, r.ReferralsConverted} {
		row = append(row, strconv.Itoa(n))
	}
	return row
}

// experimentCells are the cells of an experiment. They are empty where there is nothing to say.
const experimentCells = 20

// listExperiment returns as many cells as experimentCells says.
func listExperiment(e *report.Experiment) []string {
	cells := make([]string, 0, experimentCells)
	if e == nil {
		return append(cells, make([]string, experimentCells)...)
	}
	for _, n := range []int{e.Treated.People, e.Treated.Reached, e.Holdout.People, e.Holdout.Reached} {
		cells = append(cells, strconv.Itoa(n))
	}
	for _, interval := range []*experiment.Interval{e.Judgement.Difference, e.Judgement.Relative, e.Judgement.Won} {
		cells = append(cells, intervalCells(interval)...)
	}
	delivered := ""
	if e.Treated.Delivered != nil {
		delivered = strconv.Itoa(*e.Treated.Delivered)
	}
	return append(cells, string(e.Judgement.Verdict), strconv.FormatBool(e.Discovery), delivered, strconv.Itoa(e.Treated.Open), strconv.Itoa(e.Holdout.Open),
		strconv.Itoa(e.InBothGroups), strconv.FormatFloat(e.SampleRatioP, 'f', 4, 64))
}

// intervalCells returns an estimate and its bounds; empty cells where there is none.
func intervalCells(i *experiment.Interval) []string {
	if i == nil {
		return []string{"", "", ""}
	}
	var cells []string
	for _, x := range []float64{i.Estimate, i.Low, i.High} {
		cells = append(cells, strconv.FormatFloat(x, 'f', 4, 64))
	}
	return cells
}

// countAll returns the sum of counts.
func countAll(by map[string]int) int {
	total := 0
	for _, n := range by {
		total += n
	}
	return total
}
