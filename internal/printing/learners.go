package printing

import (
	"fmt"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// DescribeSections lists the sections that hold something, with how many items each has.
func DescribeSections(doc *admin.LearnerDocument) string {
	line := ""
	for _, s := range doc.Sections {
		if len(s.Items) > 0 {
			line += fmt.Sprintf(", %s %d", cells.Printable(s.Name), len(s.Items))
		}
	}
	if line == "" {
		return "nothing is held: no such learner, or erased. " + admin.LearnerIDAdvice
	}
	return line[2:]
}

// CountTable lists how many items each place holds about a learner.
func CountTable(counts []admin.LearnerCount) string {
	return Table(func(row func(...any)) {
		for _, c := range counts {
			row(c.Place, c.Count)
		}
	})
}

// CountLine is CountTable in a line, of places that hold something.
func CountLine(counts []admin.LearnerCount) string {
	var parts []string
	for _, c := range counts {
		if c.Count > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", cells.Printable(c.Place), c.Count))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// CarriedOutText says what became of a request.
func CarriedOutText(r *admin.CarriedOut) string {
	text := fmt.Sprintf("%s %s, asked by %s: ", cells.Printable(string(r.Kind)), cells.Printable(r.Learner), cells.Printable(r.By))
	switch {
	case r.Problem != "" && r.Waits:
		return text + "goes on waiting: " + cells.Printable(r.Problem)
	case r.Waits:
		return text + "goes on waiting: give --exports a folder for it"
	case r.Receipt != nil:
		return text + "done, " + CountLine(r.Receipt.Removed)
	}
	return text + "done"
}

// FailingText lists the learners whose workflows get nowhere; empty if there are none.
func FailingText(learners []admin.LearnerFailing, count int) string {
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("\nHanded over, and getting nowhere: %s.\n", narrate.Count(count, "learner")) + Table(func(row func(...any)) {
		row("LEARNER", "SINCE", "TRIED", "WHAT FAILS")
		for _, l := range learners {
			since := notKnown
			if !l.Since.IsZero() {
				since = l.Since.UTC().Format(time.RFC3339)
			}
			tried := notKnown
			if l.Attempts > 0 {
				tried = fmt.Sprintf("%d×", l.Attempts)
			}
			row(l.Learner, since, tried, strings.TrimSuffix(l.Step+": "+l.Error, ": "))
		}
	})
}

// DeliveriesFailingText lists the messages that are tried again; empty if there are none.
func DeliveriesFailingText(found admin.DeliveriesFailing) string {
	if found.Count == 0 && found.Older == 0 {
		return ""
	}
	text := ""
	if found.Count > 0 {
		text = fmt.Sprintf("\nNot delivered, and tried again: %s.\n", narrate.Count(found.Count, "message")) + Table(func(row func(...any)) {
			row("LEARNER", "SINCE", "TRIED", "NEXT TRY", "MESSAGE", "WHAT FAILS")
			for _, d := range found.Some {
				next := notKnown
				if !d.Next.IsZero() {
					next = d.Next.UTC().Format(time.RFC3339)
				}
				row(d.Learner, d.Since.UTC().Format(time.RFC3339), fmt.Sprintf("%d×", d.Attempts), next, d.Message+" ("+d.Rule+")", strings.TrimPrefix(d.Channel+": "+d.Error, ": "))
			}
		})
	}
	if found.Older > 0 {
		text += fmt.Sprintf("Of the deferrals of the last 30 hours the newest were looked at; %d older ones were not.\n", found.Older)
	}
	return text
}

// SetAsideText lists the learners who are set aside.
func SetAsideText(learners []admin.LearnerSetAside) string {
	if len(learners) == 0 {
		return "No learner is set aside.\n"
	}
	return Table(func(row func(...any)) {
		row("LEARNER", "SINCE", "EVENTS", "TRIED", "NEXT TRY", "WHAT FAILS")
		for _, l := range learners {
			row(l.Learner, l.Since.UTC().Format(time.RFC3339), l.Waiting, fmt.Sprintf("%d×", l.Attempts),
				l.Next.UTC().Format(time.RFC3339), setAsideCause(l))
		}
	})
}

// LearnerRequestsText lists what was asked for in the console.
func LearnerRequestsText(requests []admin.LearnerRequest) string {
	if len(requests) == 0 {
		return "Nobody asked to export or to erase a learner."
	}
	return Table(func(row func(...any)) {
		row("ASKED", "BY", "WHAT", "LEARNER", "PROBLEM")
		for _, r := range requests {
			row(narrate.Moment(r.At, nil), r.By, r.Kind, r.Learner, r.Problem)
		}
	})
}

// setAsideCause says what failed.
func setAsideCause(l admin.LearnerSetAside) string {
	return strings.TrimPrefix(l.Step+": "+l.Error, ": ")
}

// setAsideText is a sentence for the learner's story.
func setAsideText(l admin.LearnerSetAside) string {
	return fmt.Sprintf("Set aside since %s; waiting in order: %s. Nothing is decided beyond them. %s. Next try at %s; `homeroom learner retry %s` tries at once.",
		l.Since.UTC().Format(time.RFC3339), narrate.Count(int(l.Waiting), "event"), strings.TrimSuffix(setAsideCause(l), "."),
		l.Next.UTC().Format(time.RFC3339), l.Learner)
}
