package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"homeroom/engine"
	reporting "homeroom/report"
	"homeroom/store"
	"homeroom/subjects"
)

// ReportCmd is `homeroom report`.
type ReportCmd struct {
	NATSFlags
	Since  string `default:"30d" help:"How far back: a duration (30d, 12h), a date, or all." placeholder:"T"`
	Rule   string `help:"This rule only." placeholder:"NAME"`
	Format string `help:"How to print: table, json or csv." enum:"table,json,csv" default:"table"`
}

// Help is shown by `homeroom report --help`.
func (*ReportCmd) Help() string {
	return `Counts, rule by rule, what was decided and what came of it: messages sent and not sent, delivered, opened by people, clicked;
goals reached by those who were sent something and by the holdout, and the difference with its 95 % confidence interval; share links
followed, visits, certificates shared, friends referred. A message counts once, however often it was opened.

Example:
  homeroom report
  homeroom report --since 2026-03-01 --rule certificate-share
  homeroom report --since all --format csv > report.csv`
}

// reportAnswer is what --format json prints.
type reportAnswer struct {
	Since *time.Time `json:"since,omitempty"` // nil: all that is kept
	Until time.Time  `json:"until"`
	reporting.Report
}

// Run counts and prints.
func (c *ReportCmd) Run(ctx context.Context, o IO) error {
	now := o.Now()
	since, err := sinceFlag(c.Since, now)
	if err != nil {
		return err
	}
	answer := reportAnswer{Until: now.UTC().Truncate(time.Second)}
	if !since.IsZero() {
		since := since.UTC().Truncate(time.Second)
		answer.Since = &since
	}
	return withHistory(ctx, o, c.NATSFlags, since, func(h *history, st *store.Store) error {
		prompts, err := asksToShare(ctx, st.Rulesets)
		if err != nil {
			return err
		}
		counter := reporting.NewCounter(reporting.Options{AsksToShare: func(message string) bool { return prompts[message] }})
		if err := h.decisions(ctx, subjects.AllDecisions, counter.Decision); err != nil {
			return err
		}
		if err := h.events(ctx, reportFilters(), counter.Event); err != nil {
			return err
		}
		answer.Report = counter.Report()
		if c.Rule != "" {
			if answer.Report, err = only(answer.Report, c.Rule); err != nil {
				return err
			}
		}
		switch c.Format {
		case "json":
			enc := json.NewEncoder(o.Out)
			enc.SetIndent("", "  ")
			return enc.Encode(answer)
		case "csv":
			return writeReportCSV(o.Out, &answer.Report)
		}
		return answer.write(o)
	})
}

// reportFilters are the subjects of the events that a report needs.
func reportFilters() []string {
	var filters []string
	for _, name := range reporting.EventNames() {
		filters = append(filters, subjects.StoredAs(name))
	}
	return filters
}

// only leaves one rule. All were counted: whose merit something is depends on the others.
func only(r reporting.Report, rule string) (reporting.Report, error) {
	i := slices.IndexFunc(r.Rules, func(one reporting.Rule) bool { return one.Rule == rule })
	if i >= 0 {
		return reporting.Report{Rules: r.Rules[i : i+1], Total: r.Rules[i]}, nil
	}
	names := make([]string, len(r.Rules))
	for i := range r.Rules {
		names[i] = r.Rules[i].Rule
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	return r, fmt.Errorf("nothing was decided by a rule %s in this time; there are decisions of: %s", rule, strings.Join(names, ", "))
}

// write prints the report for people: tables of what was sent, of goals, of the growth loop, and of what was not sent.
// A table, or a row, that would say nothing is left out.
func (a *reportAnswer) write(o IO) error {
	var b strings.Builder
	from := "everything that is kept"
	if a.Since != nil {
		from = a.Since.Format(time.DateTime) + " to " + a.Until.Format(time.DateTime) + " UTC"
	}
	fmt.Fprintf(&b, "%s · %s\n", from, count(len(a.Rules), "rule"))
	if len(a.Rules) == 0 {
		b.WriteString("\nNothing was decided. Is anything published, and is `homeroom serve` running?\n")
	}
	rows := a.rows()
	sentTable(o, &b, rows)
	goalTable(o, &b, a.Rules)
	loopTable(o, &b, rows)
	reasonTable(o, &b, a.Rules)
	a.writeUnprompted(&b)
	_, err := io.WriteString(o.Out, b.String())
	return err
}

// rows are the rules and, if there are several, their total.
func (a *reportAnswer) rows() []reporting.Rule {
	if len(a.Rules) < 2 {
		return a.Rules
	}
	total := a.Total
	total.Rule = "total"
	return append(slices.Clip(a.Rules), total)
}

// columns writes a table whose first column is text and whose others are numbers, lined up on the right.
func columns(o IO, b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	write := func(row []string) string {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		return strings.TrimRight(line.String(), " ")
	}
	fmt.Fprintf(b, "\n%s\n", o.paint("1", write(head)))
	for _, row := range rows {
		fmt.Fprintln(b, write(row))
	}
}

func sentTable(o IO, b *strings.Builder, rules []reporting.Rule) {
	var rows [][]string
	for i := range rules {
		r := &rules[i]
		rows = append(rows, []string{
			r.Rule, thousands(r.Started), thousands(r.Sent), thousands(sum(r.Uncertain)), thousands(r.Withheld.Holdout + r.Withheld.Control),
			share(r.Delivered, r.Sent), share(r.Opened, r.Delivered), thousands(r.OpenedByMachine), share(r.Clicked, r.Delivered),
			thousands(r.Bounced), thousands(r.Unsubscribed), thousands(r.SpamReported),
		})
	}
	columns(o, b, []string{"SENT", "runs", "sent", "uncertain", "withheld", "delivered", "opened", "by machine", "clicked", "bounced", "left", "spam"}, rows)
}

// share writes a number and which part it is of another: "120 60%".
func share(n, of int) string {
	if of == 0 {
		return thousands(n)
	}
	return fmt.Sprintf("%s %3.0f%%", thousands(n), 100*float64(n)/float64(of))
}

func goalTable(o IO, b *strings.Builder, rules []reporting.Rule) {
	var rows [][]string
	for i := range rules {
		if g := rules[i].Goal; g != nil {
			rows = append(rows, []string{rules[i].Rule, group(g.Sent), group(g.Holdout), group(g.Control), lift(g)})
		}
	}
	columns(o, b, []string{"GOAL REACHED", "of those sent to", "of the holdout", "of the control group", "lift, 95% confidence"}, rows)
}

func group(g reporting.Group) string {
	if g.People == 0 {
		return "-"
	}
	return fmt.Sprintf("%s of %s %5.1f%%", thousands(g.Reached), thousands(g.People), 100*g.Rate())
}

func lift(g *reporting.Goal) string {
	switch {
	case g.Holdout.People == 0:
		return "no holdout"
	case g.Lift == nil:
		return fmt.Sprintf("too few: below %d people", reporting.MinGroup)
	}
	return fmt.Sprintf("%+.1f points (%+.1f to %+.1f)", 100*g.Lift.Difference, 100*g.Lift.Low, 100*g.Lift.High)
}

func loopTable(o IO, b *strings.Builder, rules []reporting.Rule) {
	var rows [][]string
	for i := range rules {
		r := &rules[i]
		if r.ShareClicks+r.ShareVisits+r.CertificatesShared+r.ReferralVisits+r.ReferralsConverted == 0 {
			continue
		}
		rows = append(rows, []string{r.Rule, thousands(r.ShareClicks), thousands(r.ShareVisits), thousands(r.CertificatesShared),
			thousands(r.ReferralVisits), thousands(r.ReferralsConverted)})
	}
	columns(o, b, []string{"GROWTH", "share clicks", "visits", "certificates shared", "referral visits", "referrals converted"}, rows)
}

// reasonTable says why messages were not sent, or not yet.
func reasonTable(o IO, b *strings.Builder, rules []reporting.Rule) {
	var lines strings.Builder
	w := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	for i := range rules {
		r := &rules[i]
		withheld := map[string]int{string(engine.ReasonHoldout): r.Withheld.Holdout, string(engine.ReasonControl): r.Withheld.Control}
		maps.DeleteFunc(withheld, func(_ string, n int) bool { return n == 0 })
		name := r.Rule
		for _, part := range []struct {
			what string
			by   map[string]int
		}{{"withheld", withheld}, {"deferred", r.Deferred}, {"skipped", r.Skipped}, {"failed", r.Failed}, {"uncertain", r.Uncertain}, {"exited", r.Exited}} {
			if len(part.by) > 0 {
				fmt.Fprintf(w, "%s\t%s\t%s\n", name, part.what, reasons(part.by))
				name = ""
			}
		}
	}
	_ = w.Flush()
	if lines.Len() > 0 {
		fmt.Fprintf(b, "\n%s\n%s", o.paint("1", "WHY NOT, AND WHY IT ENDED"), lines.String())
	}
}

// reasons lists reasons, the most frequent first: "quiet_hours 12, cap 3".
func reasons(by map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		if by[a] != by[b] {
			return by[b] - by[a]
		}
		return strings.Compare(a, b)
	})
	for i, key := range keys {
		name := key
		if name == "" {
			name = "(none)"
		}
		keys[i] = name + " " + thousands(by[key])
	}
	return strings.Join(keys, ", ")
}

func (a *reportAnswer) writeUnprompted(b *strings.Builder) {
	u := a.Uncredited
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{u.CertificatesShared, "certificates shared"}, {u.ReferralsConverted, "referrals converted"}, {u.ReferralVisits, "referral visits"},
		{u.Unsubscribed, "left"}, {u.SpamReported, "spam"},
	} {
		if part.n > 0 {
			parts = append(parts, part.what+" "+thousands(part.n))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintf(b, "\nTo no message's credit: %s\n", strings.Join(parts, ", "))
	}
}

func sum(by map[string]int) int {
	total := 0
	for _, n := range by {
		total += n
	}
	return total
}

// writeReportCSV writes a row a rule and one for the total; rates are for the spreadsheet to work out, but for the lift.
func writeReportCSV(out io.Writer, r *reporting.Report) error {
	w := csv.NewWriter(out)
	rows := [][]string{{"rule", "started", "sent", "uncertain", "failed", "withheld_holdout", "withheld_control", "skipped", "deferred", "exited",
		"delivered", "opened", "opened_by_machine", "clicked", "bounced", "unsubscribed", "spam_reported",
		"goal_sent_people", "goal_sent_reached", "goal_holdout_people", "goal_holdout_reached", "lift", "lift_low", "lift_high",
		"share_clicks", "share_visits", "certificates_shared", "referral_visits", "referrals_converted"}}
	for i := range r.Rules {
		rows = append(rows, csvRow(r.Rules[i].Rule, &r.Rules[i]))
	}
	total := r.Total
	total.Goal = nil
	rows = append(rows, csvRow("total", &total))
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func csvRow(name string, r *reporting.Rule) []string {
	row := []string{name}
	for _, n := range []int{r.Started, r.Sent, sum(r.Uncertain), sum(r.Failed), r.Withheld.Holdout, r.Withheld.Control, sum(r.Skipped), sum(r.Deferred),
		sum(r.Exited), r.Delivered, r.Opened, r.OpenedByMachine, r.Clicked, r.Bounced, r.Unsubscribed, r.SpamReported} {
		row = append(row, strconv.Itoa(n))
	}
	row = append(row, csvGoal(r.Goal)...)
	for _, n := range []int{r.ShareClicks, r.ShareVisits, r.CertificatesShared, r.ReferralVisits, r.ReferralsConverted} {
		row = append(row, strconv.Itoa(n))
	}
	return row
}

// csvGoal is seven cells, empty where there is nothing to say.
func csvGoal(g *reporting.Goal) []string {
	cells := make([]string, 7)
	if g == nil {
		return cells
	}
	for i, n := range []int{g.Sent.People, g.Sent.Reached, g.Holdout.People, g.Holdout.Reached} {
		cells[i] = strconv.Itoa(n)
	}
	if g.Lift != nil {
		for i, x := range []float64{g.Lift.Difference, g.Lift.Low, g.Lift.High} {
			cells[4+i] = strconv.FormatFloat(x, 'f', 4, 64)
		}
	}
	return cells
}
