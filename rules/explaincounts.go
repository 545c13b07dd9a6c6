package rules

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"homeroom/engine"
)

// explainCounts lists what is remembered of each learner because the rule counts it.
func (e *explainer) explainCounts() {
	var uses []countUse
	for _, x := range exprsOf(e.rule) {
		if x, own := x.(*expr); own {
			for _, use := range x.counts {
				if !slices.Contains(uses, use) {
					uses = append(uses, use)
				}
			}
		}
	}
	if len(uses) == 0 {
		return
	}
	e.writeLine("\nRemembers of each learner")
	w := tabwriter.NewWriter(&e.b, 0, 0, 2, ' ', 0)
	for _, use := range uses {
		what := ""
		if use.key != "" {
			what = fmt.Sprintf(", for each %s: the %d for which it happened last", use.key, engine.MaxKeyCounts)
		}
		fmt.Fprintf(w, "  %s\thow often in %dd%s\n", use.event, use.days, what)
	}
	w.Flush() //nolint:errcheck // it writes to memory
}

// exprsOf lists the expressions of a rule.
func exprsOf(r *engine.Rule) []engine.Expr {
	list := []engine.Expr{r.When.Match.If, r.When.Date}
	for i := range r.Until {
		list = append(list, r.Until[i].If)
	}
	if r.Goal != nil {
		list = append(list, r.Goal.Match.If)
	}
	for i := range r.Program {
		in := &r.Program[i]
		list = append(list, in.Expr)
		if in.Match != nil {
			list = append(list, in.Match.If)
		}
		if in.Collect != nil {
			list = append(list, in.Collect.Matches[0].If)
		}
		if in.Send == nil {
			continue
		}
		list = append(list, in.Send.If, in.Send.Expires)
		for _, b := range in.Send.With {
			list = append(list, b.Expr)
		}
	}
	return slices.DeleteFunc(list, func(x engine.Expr) bool { return x == nil })
}
