package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
		return admin.WriteStepsCSV(o.Out, counts)
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
