package printing

import (
	"fmt"
	"strings"

	"homeroom/admin"
	"homeroom/experiment"
	"homeroom/internal/narrate"
	"homeroom/report"
	"homeroom/simulate"
)

// writeExperiments writes what the rules' messages achieved: a row and a sentence a rule and an arm. One rule alone has its details.
func writeExperiments(o IO, b *strings.Builder, a *admin.Report) {
	var t experimentTable
	for i := range a.Rules {
		t.addRule(&a.Rules[i], len(a.Rules) > 1)
	}
	if len(t.rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s  %s\n", o.paint("1", "DID IT HELP?"), methodText(a.Method))
	t.writeRows(o, b)
	if len(a.Rules) == 1 {
		writeGroupTable(o, b, a.Rules[0].Experiment)
		writeDifferenceTable(o, b, a.Rules[0].Experiment)
	}
}

// simulatedExperiments returns the table of a simulation; empty if no rule measures anything.
func simulatedExperiments(o IO, experiments []simulate.RuleExperiment) string {
	var t experimentTable
	for i := range experiments {
		t.addRule(&report.Rule{
			Rule:       experiments[i].Rule,
			Experiment: experiments[i].Experiment,
		}, len(experiments) > 1)
	}
	if len(t.rows) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s  %s\n", o.paint("1", "LIFT"), "95 % intervals, valid at every look; no message moved anybody here")
	t.writeRows(o, &b)
	return b.String()
}

// methodText says for which looks the intervals are valid.
func methodText(m experiment.Method) string {
	if m == experiment.Fixed {
		return "95 % intervals for one look that was planned; without --fixed: valid at every look"
	}
	return "95 % intervals, valid at every look; --fixed: narrower, for one planned look"
}

// experimentTable is a table with sentences under its rows.
type experimentTable struct {
	rows  [][]string
	notes [][]string // under the row of the same index
}

func (t *experimentTable) addRow(row []string, notes ...string) {
	t.rows = append(t.rows, row)
	t.notes = append(t.notes, notes)
}

// addRule adds the row of a rule and the rows of its arms.
func (t *experimentTable) addRule(r *report.Rule, amongOthers bool) {
	e := r.Experiment
	if e == nil {
		return
	}
	verdict := e.Verdict()
	if e.Discovery && amongOthers && e.Judgement.Verdict != experiment.NotProven {
		verdict += " · a discovery among all these rules"
	}
	notes := []string{"  " + verdict}
	if e.InBothGroups > 0 {
		notes = append(notes, fmt.Sprintf("  %s in both groups, because the share changed: left out", learnersText(e.InBothGroups)))
	}
	t.addRow(append(append([]string{r.Rule}, pairCells(&e.Treated, &e.Holdout)...), differenceText(e.Judgement.Difference)), notes...)
	for i := range e.Splits {
		t.addSplit(&e.Splits[i])
	}
}

// addSplit adds a row for each arm, beside the arm that it is compared with.
func (t *experimentTable) addSplit(s *report.Split) {
	reference := &report.Side{}
	for i := range s.Arms {
		if s.Arms[i].Name == s.Reference {
			reference = &s.Arms[i].Side
		}
	}
	for i := range s.Arms {
		arm := &s.Arms[i]
		if arm.Judgement == nil {
			continue
		}
		notes := []string{fmt.Sprintf("    against %s: %s", s.Reference, s.Verdict(arm))}
		if arm.Weighted != nil {
			notes = append(notes, "    the shares of the arms changed: rates count each learner by the inverse of the share at their draw")
		}
		if i == len(s.Arms)-1 && s.InSeveral > 0 {
			notes = append(notes, fmt.Sprintf("    %s in several arms, because the weights changed: left out", learnersText(s.InSeveral)))
		}
		t.addRow(append(append([]string{"  " + s.Name + "=" + arm.Name}, pairCells(&arm.Side, reference)...), differenceText(arm.Judgement.Difference)), notes...)
	}
}

func learnersText(n int) string {
	if n == 1 {
		return "1 learner was"
	}
	return narrate.Count(n, "learner") + " were"
}

// pairCells are people and rates of two groups.
func pairCells(a, b *report.Side) []string {
	return []string{narrate.Thousands(a.People), rateText(a), narrate.Thousands(b.People), rateText(b)}
}

func rateText(s *report.Side) string {
	if s.People == 0 {
		return notKnown
	}
	return fmt.Sprintf("%.1f%%", 100*s.Group().Rate())
}

// differenceText writes a difference of rates in points: "+6.0 (+2.9 to +9.5)".
func differenceText(i *experiment.Interval) string {
	if i == nil {
		return notKnown
	}
	return fmt.Sprintf("%s (%s)", report.Signed(100*i.Estimate, 1), report.PointsRange(*i))
}

// writeRows lines the rows up, numbers on the right and differences on the left, with the sentences under them.
func (t *experimentTable) writeRows(o IO, b *strings.Builder) {
	var table strings.Builder
	writeColumns(o, &table, []string{"rule", "sent to", "reached", "held out", "reached", "difference in points"}, t.rows)
	lines := strings.Split(strings.Trim(table.String(), "\n"), "\n")
	fmt.Fprintln(b, lines[0])
	for i, line := range lines[1:] {
		fmt.Fprintln(b, line)
		for _, note := range t.notes[i] {
			writeWrapped(b, len(note)-len(strings.TrimLeft(note, " ")), note)
		}
	}
}

// writeGroupTable writes the people of one rule, a group a row.
func writeGroupTable(o IO, b *strings.Builder, e *report.Experiment) {
	if e == nil {
		return
	}
	var rows [][]string
	add := func(name string, s *report.Side) {
		if s.People == 0 {
			return
		}
		rows = append(rows, []string{
			name, narrate.Thousands(s.People), narrate.Thousands(s.Reached), rateText(s), deliveredText(s), partText(s.Open, s.People),
			narrate.Thousands(s.Guardrails.Unsubscribed), narrate.Thousands(s.Guardrails.Complained), narrate.Thousands(s.Guardrails.Bounced), narrate.Thousands(s.Guardrails.BackedOff),
		})
	}
	add("sent to", &e.Treated)
	add("held out", &e.Holdout)
	add("control group", &e.Control)
	for i := range e.Splits {
		for j := range e.Splits[i].Arms {
			add(e.Splits[i].Name+"="+e.Splits[i].Arms[j].Name, &e.Splits[i].Arms[j].Side)
		}
	}
	for _, parts := range [][]report.Part{e.Messages, e.Channels} {
		for i := range parts {
			add(parts[i].Name+", sent to", &parts[i].Treated)
			add(parts[i].Name+", held out", &parts[i].Holdout)
		}
	}
	writeColumns(o, b, []string{"PEOPLE", "all", "reached", "rate", "delivered", "open", "left", "spam", "bounced", "backed off"}, rows)
}

// deliveredText says to which part of the people something was delivered.
func deliveredText(s *report.Side) string {
	if s.Delivered == nil {
		return notKnown
	}
	return partText(*s.Delivered, s.People)
}

func partText(n, of int) string {
	if of == 0 {
		return notKnown
	}
	return fmt.Sprintf("%.0f%%", 100*float64(n)/float64(of))
}

// writeDifferenceTable writes the differences of one rule with their intervals, a comparison a row.
func writeDifferenceTable(o IO, b *strings.Builder, e *report.Experiment) {
	if e == nil {
		return
	}
	var rows [][]string
	add := func(name string, j *experiment.Judgement) {
		if j == nil || j.Difference == nil {
			return
		}
		rows = append(rows, []string{name, differenceText(j.Difference), relativeText(j.Relative), wonText(j.Won)})
	}
	add("sent to", &e.Judgement)
	for i := range e.Splits {
		for j := range e.Splits[i].Arms {
			add(e.Splits[i].Name+"="+e.Splits[i].Arms[j].Name, e.Splits[i].Arms[j].Judgement)
		}
	}
	observed := false
	for _, parts := range [][]report.Part{e.Messages, e.Channels} {
		for i := range parts {
			name := parts[i].Name
			if parts[i].Follows {
				observed = true
				name += " *"
			}
			add(name, &parts[i].Judgement)
		}
	}
	writeColumns(o, b, []string{"DIFFERENCE", "in points", "relative", "people won"}, rows)
	if observed && len(rows) > 0 {
		b.WriteString("* observed, not proven: who comes this far depends on the messages before\n")
	}
}

// relativeText writes a relative lift in per cent: "+25% (+10 to +41)".
func relativeText(i *experiment.Interval) string {
	if i == nil {
		return notKnown
	}
	return fmt.Sprintf("%s%% (%s to %s)", report.Signed(100*i.Estimate, 0), report.Signed(100*i.Low, 0), report.Signed(100*i.High, 0))
}

// wonText writes people who reached the goal because of the message.
func wonText(i *experiment.Interval) string {
	if i == nil {
		return notKnown
	}
	return fmt.Sprintf("%s (%s to %s)", report.Signed(i.Estimate, 0), report.Signed(i.Low, 0), report.Signed(i.High, 0))
}
