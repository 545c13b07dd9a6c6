package printing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// PublicationHistoryText lists publications, the newest first.
func PublicationHistoryText(history *admin.PublicationHistory) string {
	if len(history.Publications) == 0 {
		return "Nothing has been published yet."
	}
	return Table(func(row func(...any)) {
		row("NO.", "REVISION", "AUTHOR", "AT", "LIVE RUNS", "", "NOTE")
		for i, p := range history.Publications {
			mark := ""
			if i == 0 {
				mark = "in force"
			}
			row(p.Number, narrate.ShortHash(p.Hash), p.Author, p.At.Format(time.RFC3339), p.RunPolicy, mark, p.Note)
		}
	})
}

// DiffText says what differs between two folders, and shows the lines.
func DiffText(o IO, diff *admin.RevisionDiff) string {
	lines := strings.Split(strings.TrimRight(diff.Diff, "\n"), "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "+"):
			lines[i] = o.paint("32", line)
		case strings.HasPrefix(line, "-"):
			lines[i] = o.paint("31", line)
		}
	}
	return admin.DescribeChange(diff.Change) + "\n" + strings.Join(lines, "\n")
}

// statusColumns is how many columns the status has, unless names are long.
const statusColumns = 80

// RulesStatusText says what is in force, who runs it, and how many learners are under way.
func RulesStatusText(s admin.RulesStatus) string {
	var b strings.Builder
	if s.Current.Hash == "" {
		b.WriteString("Nothing is in force yet.\n")
	} else {
		current := cells.Printable(fmt.Sprintf("In force: no. %d, %s, by %s at %s%s", s.Current.Number, narrate.ShortHash(s.Current.Hash), s.Current.Author,
			s.Current.At.Format(time.RFC3339), narrate.NoteSuffix(s.Current.Note)))
		b.WriteString(strings.Join(cells.Wrap(current, statusColumns), "\n") + "\n")
	}
	b.WriteString("\nInstances, and the revision that each runs\n" + Table(func(row func(...any)) {
		for _, i := range s.Instances {
			row("  "+i.Name, narrate.ShortHash(i.Running), i.Word(), i.At.UTC().Format("02 Jan 15:04"), strings.Join(i.Roles, "+"))
		}
		if len(s.Instances) == 0 {
			row("  none is running")
		}
	}) + "\nLearners with a live run\n" + Table(func(row func(...any)) {
		for _, rule := range slices.Sorted(maps.Keys(s.Live)) {
			row("  "+rule, s.Live[rule])
		}
	}))
	return b.String()
}

// DraftSchedulesText lists drafts, with what is scheduled.
func DraftSchedulesText(drafts []admin.DraftSummary) string {
	if len(drafts) == 0 {
		return "There are no drafts."
	}
	return Table(func(row func(...any)) {
		for _, draft := range drafts {
			row(draft.ID, draft.Author, cmp.Or(draft.Scheduled(), "not scheduled"))
		}
	})
}
