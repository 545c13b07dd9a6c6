package admin

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/report"
)

// Week is the experiment of a rule at the end of a week; see [report.Week].
type Week = report.Week

// GrowthStep is one step of the growth loop: from what a learner earns to somebody who comes by it.
type GrowthStep struct {
	Name     string `json:"name"`
	Count    int    `json:"count"`
	Prompted int    `json:"prompted"` // of them, to the credit of a rule's message
}

// listGrowth returns the steps of the growth loop; empty if nothing was earned or shared and nobody came.
func listGrowth(r *report.Report) []GrowthStep {
	steps := []GrowthStep{
		{Name: "certificates earned", Count: r.Earned},
		{Name: "messages that asked to share", Prompted: r.Total.SharePrompts},
		{Name: "certificates shared", Count: r.Uncredited.CertificatesShared, Prompted: r.Total.CertificatesShared},
		{Name: "visits to what was shared", Prompted: r.Total.ShareVisits},
		{Name: "visits by a referral link", Count: r.Uncredited.ReferralVisits, Prompted: r.Total.ReferralVisits},
		{Name: "people who came by a referral", Count: r.Uncredited.ReferralsConverted, Prompted: r.Total.ReferralsConverted},
	}
	all := 0
	for n := range steps {
		steps[n].Count += steps[n].Prompted
		all += steps[n].Count
	}
	if all == 0 {
		return []GrowthStep{}
	}
	return steps
}

// WriteGrowthCSV writes the growth loop as CSV, a row a step.
func WriteGrowthCSV(out io.Writer, steps []GrowthStep) error {
	rows := [][]string{{"step", "count", "by_a_rules_message"}}
	for _, s := range steps {
		rows = append(rows, []string{s.Name, strconv.Itoa(s.Count), strconv.Itoa(s.Prompted)})
	}
	return writeCSV(out, "growth loop", rows)
}

// WriteWeeksCSV writes the lift over time as CSV, a row a rule and week. The cells of the difference are empty where there is no verdict yet.
func WriteWeeksCSV(out io.Writer, r *report.Report) error {
	rows := [][]string{{"rule", "until", "sent_people", "sent_reached", "sent_open", "holdout_people", "holdout_reached", "holdout_open", "lift", "lift_low", "lift_high", "verdict"}}
	for i := range r.Rules {
		if r.Rules[i].Experiment == nil {
			continue
		}
		for _, w := range r.Rules[i].Experiment.Weeks {
			row := []string{r.Rules[i].Rule, w.Until.Format(time.RFC3339)}
			for _, n := range []int{w.Treated.People, w.Treated.Reached, w.Treated.Open, w.Holdout.People, w.Holdout.Reached, w.Holdout.Open} {
				row = append(row, strconv.Itoa(n))
			}
			rows = append(rows, append(append(row, intervalCells(w.Difference)...), string(w.Verdict)))
		}
	}
	return writeCSV(out, "lift over time", rows)
}

// WriteStepsCSV writes what runs did as CSV, a row a step. The row of the step "began" says how many runs began.
func WriteStepsCSV(out io.Writer, counts StepCounts) error {
	rows := [][]string{{"rule", "step", "runs", "sent", "withheld", "failed", "uncertain", "put_off_now", "skipped"}}
	for _, name := range slices.Sorted(maps.Keys(counts.Rules)) {
		rule := counts.Rules[name]
		rows = append(rows, []string{name, "began", strconv.Itoa(rule.Began), "", "", "", "", "", strconv.Itoa(countAll(rule.NotBegun))})
		for _, step := range slices.Sorted(maps.Keys(rule.Steps)) {
			s := rule.Steps[step]
			row := []string{name, step}
			for _, n := range []int{s.Reached, s.Sent, s.Withheld, s.Failed, s.Uncertain, s.Waiting, countAll(s.Skipped)} {
				row = append(row, strconv.Itoa(n))
			}
			rows = append(rows, row)
		}
	}
	return writeCSV(out, "steps", rows)
}

// WriteRulesCSV writes rules as CSV, a row a rule. Live are the learners who are under way, by rule; nil: not known.
func WriteRulesCSV(out io.Writer, list []RuleSummary, live map[string]int64) error {
	rows := [][]string{{"rule", "about", "starts", "messages", "under_way", "holdout_percent", "has_goal", "paused"}}
	for i := range list {
		r := &list[i]
		underWay := ""
		if live != nil {
			underWay = strconv.FormatInt(live[r.Name], 10)
		}
		rows = append(rows, []string{
			r.Name, asOneLine(r.About), asOneLine(r.Starts), strings.Join(r.Messages, " "), underWay, strconv.FormatFloat(r.Holdout, 'f', -1, 64),
			strconv.FormatBool(r.HasGoal), strconv.FormatBool(r.Paused),
		})
	}
	return writeCSV(out, "rules", rows)
}

// WriteRisksCSV writes risks as CSV, a row a learner and course.
func WriteRisksCSV(w io.Writer, list *RiskList) error {
	rows := [][]string{{"learner", "course", "risk", "reasons", "silent_days", "study_days", "activities"}}
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', 4, 64) }
	for i := range list.Risks {
		r := &list.Risks[i]
		rows = append(rows, []string{
			r.Learner, r.Course, number(r.Value), joinRiskReasons(r.Reasons), number(r.SilentDays), number(r.StudyDays), number(r.Activities),
		})
	}
	return writeCSV(w, "risks", rows)
}

func joinRiskReasons(reasons []engine.RiskReason) string {
	words := make([]string, len(reasons))
	for i, reason := range reasons {
		words[i] = string(reason)
	}
	return strings.Join(words, " ")
}

// WriteSuppressionsCSV writes suppressed addresses as CSV, in the form that an import reads.
func WriteSuppressionsCSV(w io.Writer, suppressions []ExportedSuppression) error {
	rows := [][]string{{"list", "email", "created", "reason", "until"}}
	for _, s := range suppressions {
		until := ""
		if !s.Until.IsZero() {
			until = s.Until.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{s.List, s.Email, s.Created.UTC().Format(time.RFC3339), s.Reason, until})
	}
	return writeCSV(w, "suppressions", rows)
}

// asOneLine returns a text that people wrote on one line.
func asOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func writeCSV(out io.Writer, what string, rows [][]string) error {
	if err := WriteCSV(out, rows); err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	return nil
}
