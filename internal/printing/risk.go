package printing

import (
	"fmt"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/narrate"
)

// RisksText lists who is how likely to leave which course, and why.
func RisksText(list *admin.RiskList) string {
	text := fmt.Sprintf("%s under way at %s\n", narrate.Count(list.Of, "enrollment"), narrate.Moment(list.At, nil))
	if len(list.Risks) == 0 {
		return text + "Nobody is in a course that is under way: risk is of a learner who is enrolled and has neither completed nor left."
	}
	return text + "\n" + Table(func(row func(...any)) {
		row("LEARNER", "COURSE", "RISK", "WHY")
		for i := range list.Risks {
			r := &list.Risks[i]
			row(r.Learner, r.Course, fmt.Sprintf("%.2f", r.Value), narrate.Risk(&r.RiskScore))
		}
	})
}

// CalibrationText says how what the risk said compares with what came of it.
func CalibrationText(c *admin.Calibration) string {
	if c.Observations == 0 {
		return "There is nothing to compare: nobody was in a course for ten days before the last event."
	}
	var w strings.Builder
	fmt.Fprintf(&w, "%s of %s, each week from %s to %s\n", narrate.Count(c.Observations, "observation"), narrate.Count(c.Learners, "learner"),
		c.First.Format(time.DateOnly), c.Last.Format(time.DateOnly))
	fmt.Fprintf(&w, "gone for ten days: %.1f %%\n", 100*c.BaseRate)
	fmt.Fprintf(&w, "probability that a learner who leaves is ranked above one who stays: %.3f (with silence alone: %.3f)\n", c.AUC, c.AUCSilence)
	var bins [][]string
	for _, b := range c.Bins {
		bins = append(bins, []string{"", fmt.Sprintf("%.1f %%", 100*b.Predicted), fmt.Sprintf("%.1f %%", 100*b.Observed)})
	}
	writeColumns(IO{}, &w, []string{"", "PREDICTED", "OBSERVED"}, bins)
	var thresholds [][]string
	for _, m := range c.Thresholds {
		thresholds = append(thresholds, []string{
			"", fmt.Sprintf("%.1f", m.AtRisk), fmt.Sprintf("%.2f", m.Messages), fmt.Sprintf("%.1f %%", 100*m.Reach), fmt.Sprintf("%.1f %%", 100*m.BackAnyway),
		})
	}
	writeColumns(IO{}, &w, []string{"", "AT_RISK", "MESSAGES A MONTH", "REACHED", "BACK ANYWAY"}, thresholds)
	fmt.Fprintf(&w, "\nThe intercept in force is %.2f. With %.2f the risk is a probability in this academy. Write in settings.yaml:\n\n  risk: {intercept: %.2f}\n",
		c.InterceptInForce, c.Intercept, c.Intercept)
	return w.String()
}
