package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"homeroom/admin"
	"homeroom/internal/cells"
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

// maxStepRule and maxStepName are how many columns the names of a rule and of a step take at most.
const (
	maxStepRule = 32
	maxStepName = 20
)

// stepsText writes what runs did, rule by rule, for people: a row a step, and below it why messages were not sent, who took which arm, or why runs ended.
func stepsText(counts admin.StepCounts) string {
	if len(counts.Rules) == 0 {
		return "Nothing was decided in the last 30 days."
	}
	return table(func(row func(...any)) {
		reasons := func(by map[string]int) {
			for _, line := range cells.Wrap(admin.ReasonCounts(by), reportColumns-4) {
				row("    " + line)
			}
		}
		row("RULE", "STEP", "RUNS", "SENT", "WITHHELD", "FAILED", "PUT OFF NOW")
		for _, name := range slices.Sorted(maps.Keys(counts.Rules)) {
			rule := counts.Rules[name]
			row(cells.Cut(name, maxStepRule), "began", rule.Began)
			reasons(rule.NotBegun)
			for _, step := range slices.Sorted(maps.Keys(rule.Steps)) {
				s := rule.Steps[step]
				row("", cells.Cut(step, maxStepName), s.Reached, s.Sent, s.Withheld, s.Failed, s.Waiting)
				if len(s.Arms) > 0 {
					reasons(s.Arms)
				} else {
					reasons(s.Skipped)
				}
			}
			if len(rule.Exited) > 0 {
				row("", "left")
				reasons(rule.Exited)
			}
		}
	})
}
