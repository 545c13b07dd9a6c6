package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"homeroom/admin"
	"homeroom/report"
)

// printSteps prints what runs did at each step.
func (c *ReportCmd) printSteps(ctx context.Context, o IO, installation *admin.Installation) error {
	counts, err := installation.StepCounts(ctx)
	if err != nil {
		return err
	}
	if c.Rule != "" {
		counts.Rules = map[string]*report.RuleSteps{c.Rule: counts.Of(c.Rule)}
	}
	switch c.Format {
	case "json":
		return printJSON(o.Out, counts)
	case "csv":
		w := csv.NewWriter(o.Out)
		return w.WriteAll(stepCells(counts))
	}
	_, err = fmt.Fprintln(o.Out, stepsText(counts))
	return err
}

// stepsText writes what runs did, rule by rule, for people.
func stepsText(counts admin.StepCounts) string {
	if len(counts.Rules) == 0 {
		return "Nothing was decided in the last 30 days."
	}
	return table(func(row func(...any)) {
		row("RULE", "STEP", "RUNS", "SENT", "WITHHELD", "FAILED", "PUT OFF NOW", "WHY NOT, AND WHY IT ENDED")
		for _, name := range slices.Sorted(maps.Keys(counts.Rules)) {
			rule := counts.Rules[name]
			row(name, "began", rule.Began, "", "", "", "", admin.ReasonCounts(rule.NotBegun))
			for _, step := range slices.Sorted(maps.Keys(rule.Steps)) {
				s := rule.Steps[step]
				why := admin.ReasonCounts(s.Skipped)
				if len(s.Arms) > 0 {
					why = admin.ReasonCounts(s.Arms)
				}
				row("", step, s.Reached, s.Sent, s.Withheld, s.Failed, s.Waiting, why)
			}
			if len(rule.Exited) > 0 {
				row("", "left", "", "", "", "", "", admin.ReasonCounts(rule.Exited))
			}
		}
	})
}

// stepCells returns what runs did as rows of a table, a step a row. The row of the step "began" says how many runs began.
func stepCells(counts admin.StepCounts) [][]string {
	rows := [][]string{{"rule", "step", "runs", "sent", "withheld", "failed", "uncertain", "put_off_now", "skipped"}}
	for _, name := range slices.Sorted(maps.Keys(counts.Rules)) {
		rule := counts.Rules[name]
		rows = append(rows, []string{name, "began", strconv.Itoa(rule.Began), "", "", "", "", "", strconv.Itoa(sumCounts(rule.NotBegun))})
		for _, step := range slices.Sorted(maps.Keys(rule.Steps)) {
			s := rule.Steps[step]
			row := []string{name, step}
			for _, n := range []int{s.Reached, s.Sent, s.Withheld, s.Failed, s.Uncertain, s.Waiting, sumCounts(s.Skipped)} {
				row = append(row, strconv.Itoa(n))
			}
			rows = append(rows, row)
		}
	}
	return rows
}
