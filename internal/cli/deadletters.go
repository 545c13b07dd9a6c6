package cli

import (
	"context"
	"io"

	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/deadletters"
	"homeroom/internal/printing"
)

// DeadlettersCmd is `homeroom deadletters`.
type DeadlettersCmd struct {
	List   DeadlettersListCmd   `cmd:"" help:"Count the events that were refused, by reason, and list the newest."`
	Show   DeadlettersShowCmd   `cmd:"" help:"Show a refused event: why it was refused, what to do, and what was published."`
	Replay DeadlettersReplayCmd `cmd:"" help:"Publish refused events again, as they were or mended, once they are good."`
	Purge  DeadlettersPurgeCmd  `cmd:"" help:"Delete refused events that nobody will mend."`
}

// DeadlettersListCmd is `homeroom deadletters list`.
type DeadlettersListCmd struct {
	NATSFlags
	Learner string `help:"Those of this learner only." placeholder:"ID"`
	Reason  string `help:"Those refused for this reason only, for instance wrong_type." placeholder:"CODE"`
	Since   string `default:"all" help:"Those refused since: a duration (30d, 12h), a date, or all. Default: ${default}." placeholder:"T"`
	Limit   int    `default:"20" help:"How many of the newest to list. Default: ${default}." placeholder:"N"`
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
	since, err := readSince(c.Since)
	if err != nil {
		return err
	}
	if c.Remarks {
		status, err := askReading(ctx, o, c, "homeroom deadletters", func(i *admin.Installation, onRead func(done, total int64)) (admin.EventsStatus, error) {
			return i.EventsStatus(ctx, admin.EventsStatusOptions{Since: since(i.Now()), OnRead: onRead})
		})
		if err != nil {
			return err
		}
		return o.PrintResult(c.Format, status.ListRemarks(), printing.RemarksText(&status))
	}
	summary, err := askReading(ctx, o, c, "homeroom deadletters", func(i *admin.Installation, onRead func(done, total int64)) (deadletters.Summary, error) {
		return i.ListDeadLetters(ctx, deadletters.ListOptions{
			Selection: deadletters.Selection{
				Learner: c.Learner,
				Reason:  c.Reason,
				Since:   since(i.Now()),
			},
			Limit:  c.Limit,
			OnRead: onRead,
		})
	})
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, summary, printing.DeadLettersText(o, &summary))
}

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
	installation, err := c.connect(ctx, o, "homeroom deadletters")
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
	_, err = io.WriteString(o.Out, printing.LetterText(&letter, refusal))
	return err
}

// givenCatalog returns the catalog of a file, or nil without one.
func givenCatalog(file string) (*catalog.Catalog, error) {
	if file == "" {
		return nil, nil
	}
	return catalogOfFile(file)
}
