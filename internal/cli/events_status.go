package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// EventsStatusCmd is `homeroom events status`.
type EventsStatusCmd struct {
	NATSFlags
	Since  string `default:"7d" help:"Events that were stored since: a duration (30d, 12h), a date, or all." placeholder:"T"`
	All    bool   `help:"Also list the events that were not seen and that no rule in force needs."`
	Strict bool   `help:"Exit with 3 if an event that starts a rule in force was not seen."`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom events status --help`.
func (*EventsStatusCmd) Help() string {
	return `Reads the events that arrived and holds them against the catalog and the rules in force: which have been seen and when last, which properties none of
them had, what was refused, and which the rules wait for in vain. Prints no property's value.

Example:
  homeroom events status --since 7d`
}

// Run reads the events and prints what was seen.
func (c *EventsStatusCmd) Run(ctx context.Context, o IO) error {
	if _, err := sinceFlag(c.Since, o.Now()); err != nil {
		return err
	}
	installation, err := c.connectAdmin(ctx, o, "homeroom events")
	if err != nil {
		return err
	}
	defer installation.Close()
	since, err := sinceFlag(c.Since, installation.Now())
	if err != nil {
		return err
	}
	onRead, clearLine := o.drawReading()
	status, err := installation.EventsStatus(ctx, admin.EventsStatusOptions{Since: since, OnRead: onRead})
	clearLine()
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = printJSON(o.Out, status)
	} else {
		_, err = io.WriteString(o.Out, eventsStatusText(o, &status, c.All))
	}
	if err != nil {
		return fmt.Errorf("print the status of events: %w", err)
	}
	if c.Strict && !status.Complete {
		return ExitError{Code: 3}
	}
	return nil
}

func eventsStatusText(o IO, s *admin.EventsStatus, all bool) string {
	var b strings.Builder
	b.WriteString(o.paint("1", s.Verdict()) + "\n")
	fmt.Fprintf(&b, "%s read.\n", narrate.Count(s.Read, "event"))
	writeWaiting(&b, s)
	b.WriteString("\n" + table(func(row func(...any)) {
		row("EVENT", "SEEN", "LAST", "REFUSED", "NEEDED BY")
		for _, e := range s.Events {
			if e.Seen == 0 && len(e.Refused) == 0 && !all && len(e.Starts) == 0 {
				continue
			}
			last := "never"
			if e.Seen > 0 {
				last = minuteText(e.Last)
			}
			row(e.Event, narrate.Thousands(e.Seen), last, narrate.Thousands(sumCounts(e.Refused)), cells.Cut(strings.Join(append(append([]string{}, e.Starts...), e.Heard...), ", "), 40))
		}
	}))
	for _, e := range s.Events {
		if e.Seen > 0 && len(e.Missing) > 0 {
			for _, line := range cells.Wrap(fmt.Sprintf("%s never had %s", e.Event, strings.Join(e.Missing, ", ")), lineWidth) {
				fmt.Fprintf(&b, "%s\n", line)
			}
		}
	}
	writeRemarks(&b, s)
	if len(s.Unknown) > 0 {
		b.WriteString("\nRefused under names that are no events:\n")
		for _, u := range s.Unknown[:min(20, len(s.Unknown))] {
			fmt.Fprintf(&b, "  %s  %s\n", cells.Cut(printable(u.Name), maxEventCells), narrate.Thousands(u.Count))
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
		for _, line := range cells.Wrap(fmt.Sprintf("%s, for %s", e.Event, strings.Join(e.Starts, ", ")), lineWidth-2) {
			fmt.Fprintf(b, "  %s\n", line)
		}
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
			text := fmt.Sprintf("%s: %s, %s; last %s of %s, event %s", e.Event, printable(r.Remark), narrate.Count(r.Count, "time"), minuteText(r.Last),
				cells.Cut(printable(r.Learner), maxLearnerCells), cells.Cut(printable(r.ID), maxEventCells))
			for _, line := range cells.Wrap(text, lineWidth-2) {
				fmt.Fprintf(b, "  %s\n", line)
			}
		}
	}
	return lines
}

// remarkList is what `homeroom deadletters list --remarks` prints as JSON.
type remarkList struct {
	Read    int           `json:"read"`
	Remarks []eventRemark `json:"remarks"`
}

// eventRemark is a remark about an event.
type eventRemark struct {
	Event string `json:"event"`
	admin.RemarkCount
}

// printRemarks prints what cannot be used of events that count.
func (c *DeadlettersListCmd) printRemarks(o IO, s *admin.EventsStatus) error {
	if c.Format == "json" {
		list := remarkList{Read: s.Read, Remarks: []eventRemark{}}
		for _, e := range s.Events {
			for _, r := range e.Remarks {
				list.Remarks = append(list.Remarks, eventRemark{Event: e.Event, RemarkCount: r})
			}
		}
		return printJSON(o.Out, list)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s read.\n", narrate.Count(s.Read, "event"))
	if writeRemarks(&b, s) == 0 {
		b.WriteString("No remarks.\n")
	}
	_, err := io.WriteString(o.Out, b.String())
	return err
}
