package printing

import (
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/experiment"
	"homeroom/internal/narrate"
	"homeroom/report"
)

// WeeksText writes the difference of each rule week by week.
func WeeksText(o IO, a *admin.Report) string {
	var b strings.Builder
	for i := range a.Rules {
		r := &a.Rules[i]
		if r.Experiment == nil || len(r.Experiment.Weeks) == 0 {
			continue
		}
		var rows [][]string
		for _, w := range r.Experiment.Weeks {
			rows = append(rows, []string{w.Until.Format(time.DateTime), narrate.Thousands(w.Treated.People), weekRate(w.Treated), narrate.Thousands(w.Holdout.People),
				weekRate(w.Holdout), partText(w.Treated.Open+w.Holdout.Open, w.Treated.People+w.Holdout.People), weekText(&w)})
		}
		writeColumns(o, &b, []string{r.Rule + ", until", "sent to", "reached", "held out", "reached", "open", "difference in points"}, rows)
	}
	if b.Len() == 0 {
		return "No rule has a goal and somebody in its holdout yet.\n"
	}
	return "95 % intervals, valid at all these looks together; of everybody who had entered until then\n" + b.String()
}

func weekRate(s report.WeekSide) string {
	return rateText(&report.Side{People: s.People, Reached: s.Reached})
}

func weekText(w *report.Week) string {
	switch {
	case w.Difference != nil:
		return differenceText(w.Difference)
	case w.Verdict == experiment.TooEarly:
		return "too early"
	}
	return "no verdict"
}

// writeGrowthLoop writes the steps of the growth loop. It is of all rules, so a report that was asked for one rule leaves it out.
func writeGrowthLoop(o IO, b *strings.Builder, a *admin.Report) {
	var rows [][]string
	for n, s := range a.Growth {
		prompted := narrate.Thousands(s.Prompted)
		if n == 0 {
			prompted = notKnown
		}
		rows = append(rows, []string{s.Name, narrate.Thousands(s.Count), prompted})
	}
	writeColumns(o, b, []string{"THE GROWTH LOOP", "how many", "by a rule's message"}, rows)
}
