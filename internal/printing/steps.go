package printing

import (
	"maps"
	"slices"

	"homeroom/admin"
	"homeroom/internal/cells"
)

// maxStepRule and maxStepName are how many columns the names of a rule and of a step take at most.
const (
	maxStepRule = 32
	maxStepName = 20
)

// StepsText writes what runs did, rule by rule, for people: a row a step, and below it why messages were not sent, who took which arm, or why runs ended.
func StepsText(counts admin.StepCounts) string {
	if len(counts.Rules) == 0 {
		return "Nothing was decided in the last 30 days."
	}
	return Table(func(row func(...any)) {
		reasons := func(by map[string]int) {
			for _, line := range cells.Wrap(cells.Printable(admin.ReasonCounts(by)), lineWidth-4) {
				row("    " + line)
			}
		}
		row("RULE", "STEP", "RUNS", "SENT", "WITHHELD", "FAILED", "PUT OFF NOW")
		for _, name := range slices.Sorted(maps.Keys(counts.Rules)) {
			rule := counts.Rules[name]
			row(cells.Cut(cells.Printable(name), maxStepRule), "began", rule.Began)
			reasons(rule.NotBegun)
			for _, step := range slices.Sorted(maps.Keys(rule.Steps)) {
				s := rule.Steps[step]
				row("", cells.Cut(cells.Printable(step), maxStepName), s.Reached, s.Sent, s.Withheld, s.Failed, s.Waiting)
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
