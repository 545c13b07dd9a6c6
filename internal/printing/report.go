package printing

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
	"homeroom/report"
)

// ReportText writes the report for people: tables of what was sent, what became of it, what it achieved, of the growth loop, and of what was not sent.
// A table or a row that has nothing to say is left out.
func ReportText(o IO, a *admin.Report, ofAllRules bool) string {
	var b strings.Builder
	from := "everything that is kept"
	if a.Since != nil {
		from = a.Since.Format(time.DateTime) + " to " + a.Until.Format(time.DateTime) + " UTC"
	}
	fmt.Fprintf(&b, "%s · %s\n", from, narrate.Count(len(a.Rules), "rule"))
	if len(a.Rules) == 0 {
		b.WriteString("\nNothing was decided. Is anything published, and is `homeroom serve` running?\n")
	}
	rows := rowsWithTotal(&a.Report)
	writeSentTable(o, &b, rows)
	writeReactionTable(o, &b, rows)
	writeExperiments(o, &b, a)
	writeGrowthTable(o, &b, rows)
	if ofAllRules {
		writeGrowthLoop(o, &b, a)
	}
	writeReasonTable(o, &b, a.Rules)
	writeUncredited(&b, a.Uncredited)
	return b.String()
}

// rowsWithTotal returns the rules and, if there are several, their total.
func rowsWithTotal(r *report.Report) []report.Rule {
	if len(r.Rules) < 2 {
		return r.Rules
	}
	total := r.Total
	total.Rule = "total"
	return append(slices.Clip(r.Rules), total)
}

func writeSentTable(o IO, b *strings.Builder, rules []report.Rule) {
	var rows [][]string
	for i := range rules {
		r := &rules[i]
		rows = append(rows, []string{
			r.Rule, narrate.Thousands(r.Started), narrate.Thousands(r.Sent), narrate.Thousands(sumCounts(r.Uncertain)), narrate.Thousands(sumCounts(r.Failed)), narrate.Thousands(r.Withheld.Holdout + r.Withheld.Control),
		})
	}
	writeColumns(o, b, []string{"SENT", "runs", "sent", "uncertain", "failed", "withheld"}, rows)
}

// writeReactionTable writes what became of the messages. A rule whose channels do not report delivery has dashes.
func writeReactionTable(o IO, b *strings.Builder, rules []report.Rule) {
	var rows [][]string
	dismissed := 0
	for i := range rules {
		r := &rules[i]
		dismissed += r.Dismissed
		row := []string{
			r.Rule, shareText(r.Delivered, r.Reportable), shareText(r.Opened, r.Delivered), narrate.Thousands(r.OpenedByMachine), shareText(r.Clicked, r.Delivered),
			narrate.Thousands(r.Bounced), narrate.Thousands(r.Unsubscribed), narrate.Thousands(r.SpamReported),
		}
		if r.Reportable == 0 {
			row[1] = notKnown
			row[5] = notKnown
		}
		if !r.ReportsReactions() {
			for j := 2; j <= 4; j++ {
				row[j] = notKnown
			}
		}
		rows = append(rows, row)
	}
	head := []string{"RECEIVED", "delivered", "opened", "by machine", "clicked", "bounced", "left", "spam"}
	if dismissed > 0 { // only nudges in the app are
		head = append(head, "dismissed")
		for i := range rows {
			rows[i] = append(rows[i], narrate.Thousands(rules[i].Dismissed))
		}
	}
	writeColumns(o, b, head, rows)
}

// shareText writes a number and which part of another it is: "120 60%".
func shareText(n, of int) string {
	if of == 0 {
		return narrate.Thousands(n)
	}
	return fmt.Sprintf("%s %3.0f%%", narrate.Thousands(n), 100*float64(n)/float64(of))
}

func writeGrowthTable(o IO, b *strings.Builder, rules []report.Rule) {
	var rows [][]string
	for i := range rules {
		r := &rules[i]
		if r.ShareClicks+r.ShareVisits+r.CertificatesShared+r.ReferralVisits+r.ReferralsConverted == 0 {
			continue
		}
		rows = append(rows, []string{r.Rule, narrate.Thousands(r.ShareClicks), narrate.Thousands(r.ShareVisits), narrate.Thousands(r.CertificatesShared),
			narrate.Thousands(r.ReferralVisits), narrate.Thousands(r.ReferralsConverted)})
	}
	writeColumns(o, b, []string{"GROWTH", "share clicks", "visits", "certificates", "referral visits", "referred"}, rows)
}

// maxReasonName is how many columns the names of rules take at most beside reasons.
const maxReasonName = 40

// writeReasonTable writes why messages were not sent, or not yet.
func writeReasonTable(o IO, b *strings.Builder, rules []report.Rule) {
	type line struct{ rule, what, why string }
	var lines []line
	names := 0
	kinds := 0
	for i := range rules {
		r := &rules[i]
		withheld := map[string]int{string(engine.ReasonHoldout): r.Withheld.Holdout, string(engine.ReasonControl): r.Withheld.Control}
		maps.DeleteFunc(withheld, func(_ string, n int) bool { return n == 0 })
		name := cells.Cut(cells.Printable(r.Rule), maxReasonName)
		for _, part := range []struct {
			what string
			by   map[string]int
		}{{"withheld", withheld}, {"deferred", r.Deferred}, {"skipped", r.Skipped}, {"failed", r.Failed}, {"uncertain", r.Uncertain}, {"exited", r.Exited}} {
			if len(part.by) == 0 {
				continue
			}
			lines = append(lines, line{name, part.what, admin.ReasonCounts(part.by)})
			names = max(names, cells.Width(name))
			kinds = max(kinds, len(part.what))
			name = ""
		}
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint("1", "WHY NOT, AND WHY IT ENDED"))
	for _, l := range lines {
		head := l.rule + strings.Repeat(" ", names-cells.Width(l.rule)) + fmt.Sprintf("  %-*s  ", kinds, l.what)
		for _, why := range cells.Wrap(cells.Printable(l.why), lineWidth-cells.Width(head)) {
			b.WriteString(head + why + "\n")
			head = strings.Repeat(" ", cells.Width(head))
		}
	}
}

// writeUncredited writes what no message has the credit for.
func writeUncredited(b *strings.Builder, u report.Uncredited) {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{u.CertificatesShared, "certificates shared"}, {u.ReferralsConverted, "referrals converted"}, {u.ReferralVisits, "referral visits"},
		{u.Unsubscribed, "left"}, {u.SpamReported, "spam"},
	} {
		if part.n > 0 {
			parts = append(parts, part.what+" "+narrate.Thousands(part.n))
		}
	}
	if len(parts) > 0 {
		b.WriteString("\n")
		writeWrapped(b, 0, "To no message's credit: "+strings.Join(parts, ", "))
	}
}

func sumCounts(by map[string]int) int {
	total := 0
	for _, n := range by {
		total += n
	}
	return total
}
