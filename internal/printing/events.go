package printing

import (
	"fmt"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// EventsCheckText lists what is refused and why, and the remarks.
func EventsCheckText(trial *admin.SourceTrial) string {
	var out strings.Builder
	for _, b := range trial.Bodies {
		if b.Reason != "" {
			hint := ""
			if b.Hint != "" {
				hint = "; " + b.Hint
			}
			fmt.Fprintf(&out, "line %d: %s: %s%s\n", b.Line, cells.Printable(b.Reason), cells.Printable(b.Message), cells.Printable(hint))
		}
		for _, remark := range b.Remarks {
			fmt.Fprintf(&out, "line %d: remark: %s\n", b.Line, cells.Printable(remark))
		}
	}
	fmt.Fprintf(&out, "%s, %d refused, %s.\n", narrate.Count(len(trial.Bodies), "event"), trial.Refused(), narrate.Count(trial.Remarks(), "remark"))
	return out.String()
}

// EventsStatusText says which events were seen, and what the rules in force wait for. all: also events that were not seen and that no rule needs.
func EventsStatusText(o IO, s *admin.EventsStatus, all bool) string {
	var b strings.Builder
	b.WriteString(o.paint("1", cells.Printable(s.Verdict())) + "\n")
	fmt.Fprintf(&b, "%s read.\n", narrate.Count(s.Read, "event"))
	writeWaiting(&b, s)
	b.WriteString("\n" + Table(func(row func(...any)) {
		row("EVENT", "SEEN", "LAST", "REFUSED", "NEEDED BY")
		for _, e := range s.Events {
			if e.Seen == 0 && len(e.Refused) == 0 && !all && len(e.Starts) == 0 {
				continue
			}
			last := "never"
			if e.Seen > 0 {
				last = minuteText(e.Last)
			}
			row(e.Event, narrate.Thousands(e.Seen), last, narrate.Thousands(sumCounts(e.Refused)), cells.Cut(cells.Printable(strings.Join(append(append([]string{}, e.Starts...), e.Heard...), ", ")), 40))
		}
	}))
	for _, e := range s.Events {
		if e.Seen > 0 && len(e.Missing) > 0 {
			writeWrapped(&b, 0, fmt.Sprintf("%s never had %s", e.Event, strings.Join(e.Missing, ", ")))
		}
	}
	writeRemarks(&b, s)
	if len(s.Unknown) > 0 {
		b.WriteString("\nRefused under names that are no events:\n")
		for _, u := range s.Unknown[:min(20, len(s.Unknown))] {
			fmt.Fprintf(&b, "  %s  %s\n", cells.Cut(cells.Printable(u.Name), maxEventCells), narrate.Thousands(u.Count))
		}
		b.WriteString("`homeroom deadletters list` says why.\n")
	}
	return b.String()
}

// writeWaiting says which rules wait in vain.
func writeWaiting(b *strings.Builder, s *admin.EventsStatus) {
	waiting := s.Waiting()
	if len(waiting) == 0 {
		return
	}
	b.WriteString("Rules in force wait for events that have not been seen:\n")
	for _, e := range waiting {
		writeWrapped(b, 2, fmt.Sprintf("%s, for %s", e.Event, strings.Join(e.Starts, ", ")))
	}
}

// writeRemarks lists what cannot be used of events that count.
func writeRemarks(b *strings.Builder, s *admin.EventsStatus) (lines int) {
	for _, e := range s.Events {
		for _, r := range e.Remarks {
			if lines == 0 {
				b.WriteString("\nRemarks about events that count:\n")
			}
			lines++
			text := fmt.Sprintf("%s: %s, %s; last %s of %s, event %s", e.Event, cells.Printable(r.Remark), narrate.Count(r.Count, "time"), minuteText(r.Last),
				cells.Cut(cells.Printable(r.Learner), maxLearnerCells), cells.Cut(cells.Printable(r.ID), maxEventCells))
			writeWrapped(b, 2, text)
		}
	}
	return lines
}

// RemarksText lists what cannot be used of events that count.
func RemarksText(s *admin.EventsStatus) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s read.\n", narrate.Count(s.Read, "event"))
	if writeRemarks(&b, s) == 0 {
		b.WriteString("No remarks.\n")
	}
	return b.String()
}

// WatchedText writes what arrived, or what was decided.
func WatchedText(o IO, w *admin.Watched) string {
	outcome := cells.Printable(w.Outcome)
	switch outcome {
	case "refused":
		outcome = o.paint("31", outcome)
	case "decided":
		outcome = o.paint("32", outcome)
	}
	what := w.Event
	if w.Rule != "" {
		what = w.Rule
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s  %s", w.At.UTC().Format(time.TimeOnly), cells.Cut(cells.Printable(w.Learner), maxLearnerCells), outcome, cells.Cut(cells.Printable(what), maxEventCells))
	if w.ID != "" {
		fmt.Fprintf(&b, "  %s", cells.Cut(cells.Printable(w.ID), maxLearnerCells))
	}
	if w.Source != "" {
		fmt.Fprintf(&b, "  by %s", cells.Printable(w.Source))
	}
	b.WriteString("\n")
	for _, text := range append([]string{w.Text}, w.Remarks...) {
		if text == "" {
			continue
		}
		writeWrapped(&b, 10, text)
	}
	return b.String()
}
