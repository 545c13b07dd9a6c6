package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/deadletters"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
	"homeroom/subjects"
)

// DeadlettersCmd is `homeroom deadletters`.
type DeadlettersCmd struct {
	List   DeadlettersListCmd   `cmd:"" help:"Count the events that were refused, by reason, and list the newest."`
	Show   DeadlettersShowCmd   `cmd:"" help:"Show one: why it was refused, what to do, and what was published."`
	Replay DeadlettersReplayCmd `cmd:"" help:"Publish them again, as they were or mended, once they are good."`
	Purge  DeadlettersPurgeCmd  `cmd:"" help:"Delete those that nobody will mend."`
}

// DeadlettersListCmd is `homeroom deadletters list`.
type DeadlettersListCmd struct {
	NATSFlags
	Learner string `help:"Those of this learner only." placeholder:"ID"`
	Reason  string `help:"Those refused for this reason only, for instance wrong_type." placeholder:"CODE"`
	Since   string `default:"all" help:"Those refused since: a duration (30d, 12h), a date, or all." placeholder:"T"`
	Limit   int    `default:"20" help:"How many of the newest to list." placeholder:"N"`
	Remarks bool   `help:"Instead of dead letters, what cannot be used of events that count: refused traits, properties that look misspelt. Reads the events."`
	Format  string `help:"How to print: table or json." enum:"table,json" default:"table"`
}

// Help is shown by `homeroom deadletters list --help`.
func (*DeadlettersListCmd) Help() string {
	return `What cannot be used is kept as it came, with the reason and a hint. This counts them by reason, with an example of each.
It reads headers only, and prints no body.

Example:
  homeroom deadletters list --since 7d
  homeroom deadletters list --remarks --since 24h
  homeroom deadletters list --reason unknown_event --format json`
}

// Run counts and lists.
func (c *DeadlettersListCmd) Run(ctx context.Context, o IO) error {
	if _, err := sinceFlag(c.Since, o.Now()); err != nil {
		return err
	}
	installation, err := c.connectAdmin(ctx, o, "homeroom deadletters")
	if err != nil {
		return err
	}
	defer installation.Close()
	since, err := sinceFlag(c.Since, installation.Now())
	if err != nil {
		return err
	}
	onRead, clearLine := o.drawReading()
	if c.Remarks {
		status, err := installation.EventsStatus(ctx, admin.EventsStatusOptions{Since: since, OnRead: onRead})
		clearLine()
		if err != nil {
			return err
		}
		return c.printRemarks(o, &status)
	}
	summary, err := installation.ListDeadLetters(ctx, deadletters.ListOptions{
		Selection: deadletters.Selection{
			Learner: c.Learner,
			Reason:  c.Reason,
			Since:   since,
		},
		Limit:  c.Limit,
		OnRead: onRead,
	})
	clearLine()
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return printJSON(o.Out, summary)
	}
	_, err = io.WriteString(o.Out, deadLettersText(o, &summary))
	return err
}

// The widths of the list, in cells of a terminal. A line with a sequence of seven digits is within 80 if ids and names are short, and within 100 whatever they are.
const (
	lineWidth       = 100
	maxLearnerCells = 24
	maxEventCells   = 28
	maxReasonCells  = 16
)

func deadLettersText(o IO, r *deadletters.Summary) string {
	if r.Total == 0 {
		return "No dead letters.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n", narrate.Count(r.Total, "dead letter"))
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "\n%s  %s, %s to %s\n", o.paint("1", reason.Reason), narrate.Thousands(reason.Count), minuteText(reason.First), minuteText(reason.Last))
		names := slices.SortedFunc(maps.Keys(reason.Events), func(a, b string) int {
			return cmp.Or(cmp.Compare(reason.Events[b], reason.Events[a]), cmp.Compare(a, b))
		})
		for i, name := range names[:min(3, len(names))] {
			names[i] = fmt.Sprintf("%s %s", cells.Cut(printable(name), maxEventCells), narrate.Thousands(reason.Events[name]))
		}
		if more := len(names) - 3; more > 0 {
			names = append(names[:3], narrate.Count(more, "other"))
		}
		for _, text := range []string{
			strings.Join(names, ", "),
			fmt.Sprintf("for example %d: %s", reason.Example.Sequence, printable(reason.Example.Message)),
			printable(reason.Example.Hint),
		} {
			for _, line := range cells.Wrap(text, lineWidth-2) {
				fmt.Fprintf(&b, "  %s\n", line)
			}
		}
	}
	if len(r.Letters) == 0 {
		return b.String()
	}
	b.WriteString("\n" + table(func(row func(...any)) {
		row("SEQ", "REFUSED", "LEARNER", "EVENT", "REASON")
		for _, l := range r.Letters {
			row(l.Sequence, minuteText(l.At), cells.Cut(printable(l.Learner), maxLearnerCells), cells.Cut(printable(l.Event), maxEventCells), cells.Cut(printable(l.Reason), maxReasonCells))
		}
	}))
	if more := r.Total - len(r.Letters); more > 0 {
		fmt.Fprintf(&b, "and %s older.\n", narrate.Thousands(more))
	}
	fmt.Fprintf(&b, "\nLook at one with `homeroom deadletters show %d`.\nSee what can be published again: `homeroom deadletters replay --all --dry-run`.\n", r.Letters[0].Sequence)
	return b.String()
}

func minuteText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// DeadlettersShowCmd is `homeroom deadletters show`.
type DeadlettersShowCmd struct {
	NATSFlags
	Seq     uint64 `arg:"" help:"Its sequence, as homeroom deadletters list shows it."`
	Catalog string `type:"existingfile" help:"A catalog.yaml to try it with. Default: the one of the rules in force." placeholder:"FILE"`
	Raw     bool   `help:"Print the body only, as it came, to be mended and given to replay --body."`
}

// Help is shown by `homeroom deadletters show --help`.
func (*DeadlettersShowCmd) Help() string {
	return `Prints one dead letter with its body, which may hold personal data, and whether it would be accepted now.

Example:
  homeroom deadletters show 12
  homeroom deadletters show 12 --raw > event.json`
}

// Run shows it.
func (c *DeadlettersShowCmd) Run(ctx context.Context, o IO) error {
	known, err := givenCatalog(c.Catalog)
	if err != nil {
		return err
	}
	installation, err := c.connectAdmin(ctx, o, "homeroom deadletters")
	if err != nil {
		return err
	}
	defer installation.Close()
	letter, err := installation.DeadLetter(ctx, c.Seq)
	if err != nil {
		return err
	}
	if c.Raw {
		_, err := o.Out.Write(letter.Body)
		return err
	}
	refusal, err := installation.CheckDeadLetter(ctx, &letter, known)
	if err != nil {
		return err
	}
	_, err = io.WriteString(o.Out, letterText(&letter, refusal))
	return err
}

// givenCatalog returns the catalog of a file, or nil without one.
func givenCatalog(file string) (*catalog.Catalog, error) {
	if file == "" {
		return nil, nil
	}
	return catalogOfFile(file)
}

// letterText writes a dead letter for people. The refusal is why it would be refused again; nil: it would be accepted.
func letterText(l *deadletters.Letter, refusal error) string {
	var b strings.Builder
	b.WriteString(table(func(row func(...any)) {
		for _, line := range []struct{ name, value string }{
			{"reason", l.Reason}, {"what is wrong", l.Message}, {"what to do", l.Hint},
			{"learner", l.Learner}, {"event", l.Event},
			{"published to", l.Subject},
			{"stored", fmt.Sprintf("%s, as %d in %s", l.Stored.UTC().Format(time.RFC3339), l.Original, subjects.Stream)},
			{"refused", l.At.UTC().Format(time.RFC3339)},
		} {
			if line.value != "" {
				row(line.name, printable(line.value))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(l.Header)) {
			row("header "+printable(name), printable(strings.Join(l.Header[name], ", ")))
		}
		switch {
		case refusal != nil:
			row("now", "it would be refused again: "+printable(refusal.Error()))
		default:
			row("now", fmt.Sprintf("it would be accepted: homeroom deadletters replay %d", l.Sequence))
		}
	}))
	b.WriteString("\n" + indentBody(l.Body) + "\n")
	if l.Truncated > len(l.Body) {
		fmt.Fprintf(&b, "… the first %s of %s bytes; the rest is gone\n", narrate.Thousands(len(l.Body)), narrate.Thousands(l.Truncated))
	}
	return b.String()
}

// indentBody indents JSON; anything else is quoted where a terminal would not print it.
func indentBody(body []byte) string {
	var out bytes.Buffer
	if utf8.Valid(body) && json.Indent(&out, body, "", "  ") == nil {
		body = out.Bytes()
	}
	lines := strings.Split(string(body), "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}
