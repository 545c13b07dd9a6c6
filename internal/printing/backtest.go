package printing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// BacktestText writes a backtest for people.
func BacktestText(o IO, a *admin.Backtest) string {
	var b strings.Builder
	reach := "everybody counts as reachable"
	if !a.AssumeReachable {
		reach = "only known addresses are reached"
	}
	fmt.Fprintf(&b, "draft %s against %s · %s to %s UTC · %s of %s · %s\n", cells.Printable(narrate.ShortHash(a.After.Ruleset)), cells.Printable(narrate.ShortHash(a.Before.Ruleset)),
		a.From.Format(time.DateTime), a.Until.Format(time.DateTime), narrate.Count(int(a.Events), "event"), narrate.Count(a.Learners, "learner"), reach)
	if a.Changes == 0 {
		b.WriteString("\nNo message changes.\n")
	} else {
		fmt.Fprintf(&b, "\n%s, of %s.%s\n", CountChanges(a.Changes), narrate.Count(a.Affected, "learner"), settingsNote(a))
	}
	if a.Aliased > 0 {
		fmt.Fprintf(&b, "%s user.aliased: a backtest merges no ids, so both of each counted as learners.\n", narrate.Count(a.Aliased, "event"))
	}
	writeBacktestRules(o, &b, a)
	writeBacktestSides(o, &b, a)
	writeUnrendered(o, &b, a)
	writeTimelines(o, &b, a)
	return b.String()
}

// CountChanges says how many messages change.
func CountChanges(n int) string {
	if n == 1 {
		return "1 message changes"
	}
	return narrate.Thousands(n) + " messages change"
}

func settingsNote(a *admin.Backtest) string {
	if a.SettingsChanged {
		return " The settings differ too, so rules that nobody edited can change."
	}
	return ""
}

// writeBacktestRules writes a row for each rule, and under a rule that sends several messages a row for each of them.
func writeBacktestRules(o IO, b *strings.Builder, a *admin.Backtest) {
	var rows [][]string
	for i := range a.Rules {
		r := &a.Rules[i]
		status := string(r.Status)
		if r.KnockOn {
			status = "knock-on"
		}
		rows = append(rows, []string{
			r.Rule, status, narrate.Thousands(r.Same), narrate.Thousands(r.OtherTime), narrate.Thousands(r.NoLonger), narrate.Thousands(r.New),
			formatRate(r.PerDayBefore), formatRate(r.PerDayAfter),
		})
		if len(r.Messages) < 2 {
			continue
		}
		for j := range r.Messages {
			m := &r.Messages[j]
			rows = append(rows, []string{
				"  " + m.Message, "", narrate.Thousands(m.Same), narrate.Thousands(m.OtherTime), narrate.Thousands(m.NoLonger), narrate.Thousands(m.New),
				formatRate(float64(m.Before) / a.Days), formatRate(float64(m.After) / a.Days),
			})
		}
	}
	writeColumns(o, b, []string{"RULE", "draft", "same", "other time", "no longer", "new", "a day now", "a day then"}, rows)
}

// formatRate writes messages a day.
func formatRate(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

// writeBacktestSides writes what each side sends in all.
func writeBacktestSides(o IO, b *strings.Builder, a *admin.Backtest) {
	var rows [][]string
	row := func(what string, value func(s *admin.BacktestSide) string) {
		rows = append(rows, []string{what, value(&a.Before), value(&a.After)})
	}
	count := func(what string, value func(s *admin.BacktestSide) int) {
		if value(&a.Before)+value(&a.After) > 0 {
			row(what, func(s *admin.BacktestSide) string { return narrate.Thousands(value(s)) })
		}
	}
	row("messages", func(s *admin.BacktestSide) string { return narrate.Thousands(s.Messages) })
	row("a day", func(s *admin.BacktestSide) string { return formatRate(s.PerDay) })
	row("on the busiest day", func(s *admin.BacktestSide) string { return peakText(s.BusiestDay, "02 Jan 2006") })
	row("in the busiest hour (UTC)", func(s *admin.BacktestSide) string { return peakText(s.BusiestHour, "02 Jan 2006 15:04") })
	row("a learner and month, on average", func(s *admin.BacktestSide) string { return strconv.FormatFloat(s.PerLearnerMonth.Mean, 'f', 2, 64) })
	row("95 of 100 get at most", func(s *admin.BacktestSide) string { return narrate.Thousands(s.PerLearnerMonth.P95) })
	row("the most", func(s *admin.BacktestSide) string { return mostText(s) })
	count("sent in quiet hours", func(s *admin.BacktestSide) int { return s.InQuietHours })
	count("put off by quiet hours", func(s *admin.BacktestSide) int { return s.PutOffByQuietHours })
	count("put off by caps", func(s *admin.BacktestSide) int { return s.PutOffByCaps })
	count("not sent: caps", func(s *admin.BacktestSide) int { return s.StoppedByCaps })
	count("not sent: quiet hours", func(s *admin.BacktestSide) int { return s.StoppedByQuiet })
	count("not sent: back-off", func(s *admin.BacktestSide) int { return s.StoppedByBackOff })
	count("withheld", func(s *admin.BacktestSide) int { return s.Withheld })
	count("events that cannot be read", func(s *admin.BacktestSide) int { return sumCounts(s.Unreadable) })
	writeColumns(o, b, []string{"IN ALL", "now", "draft"}, rows)
}

func peakText(p admin.BacktestPeak, layout string) string {
	if p.Messages == 0 {
		return "0"
	}
	return narrate.Thousands(p.Messages) + " (" + p.At.Format(layout) + ")"
}

func mostText(s *admin.BacktestSide) string {
	m := &s.PerLearnerMonth
	if m.Most == 0 {
		return "0"
	}
	return fmt.Sprintf("%s (%s in %s)", narrate.Thousands(m.Most), cells.Cut(cells.Printable(m.MostLearner), 36), m.MostMonth)
}

func writeUnrendered(o IO, b *strings.Builder, a *admin.Backtest) {
	if len(a.Unrendered) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s  %s of each kind tried\n", o.paint("1", "CANNOT BE RENDERED"), narrate.Count(a.Rendered, "message"))
	for _, u := range a.Unrendered {
		where := u.Message
		if u.Locale != "" {
			where += " (" + u.Locale + ")"
		}
		side := "draft"
		if u.Side == "before" {
			side = "now"
		}
		fmt.Fprintf(b, "%s: %s, rule %s, about %s: %s\n", side, cells.Printable(where), cells.Printable(u.Rule), narrate.Count(u.Messages, "message"), cells.Printable(u.Problem))
	}
}

// writeTimelines writes the affected learners, both sides beside one another.
func writeTimelines(o IO, b *strings.Builder, a *admin.Backtest) {
	if len(a.Timelines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint("1", "AFFECTED LEARNERS"))
	for i := range a.Timelines {
		t := &a.Timelines[i]
		fmt.Fprintf(b, "%s  %s\n", cells.Printable(t.Learner), CountChanges(t.Changes))
		if t.Earlier > 0 {
			fmt.Fprintf(b, "  … %s before\n", narrate.Count(t.Earlier, "line"))
		}
		b.WriteString(indentLines(Table(func(row func(...any)) {
			for j := range t.Rows {
				r := &t.Rows[j]
				row(r.At.Format(narrate.TimeFormat), r.Message, r.Scope, "now: "+cellText(r.Before), "draft: "+cellText(r.After))
			}
		})))
		if t.Later > 0 {
			fmt.Fprintf(b, "  … %s after\n", narrate.Count(t.Later, "line"))
		}
	}
}

// cellText says what one side decided; a dash: nothing.
func cellText(c *admin.BacktestCell) string {
	if c == nil {
		return notKnown
	}
	text := c.Kind
	if c.Reason != "" {
		text += " " + c.Reason
	}
	if !c.Until.IsZero() {
		text += " until " + c.Until.Format(narrate.TimeFormat)
	}
	return text
}
