package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"homeroom/admin"
	"homeroom/importer"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
)

// ImportCmd is `homeroom import`.
type ImportCmd struct {
	InstallationFlags
	File     string `arg:"" help:"NDJSON events, one a line (native, CloudEvents or Segment), gzipped or not; - reads standard input."`
	Rejected string `help:"Where to write the lines that cannot be used. Default: FILE.rejected.ndjson." placeholder:"FILE"`
	Wake     bool   `help:"Have the inactivity rules in force wait for those who may fall silent: one workflow for each."`
	DryRun   bool   `name:"dry-run" help:"Read and check everything, and take nothing in."`
	Format   string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom import --help`.
func (*ImportCmd) Help() string {
	return `Takes learners in whom the platform had before Homeroom: what events say of their profiles, enrolments, activity and
progress, as if Homeroom had been there. It is silent: no event is published, no rule starts, nobody is written to. Every event
needs its time and its id. Learners may come in any order; each one's events are taken in by their time.

It may be repeated, after a stop or with a longer file: what is known already changes nothing. Lines that cannot be used are
written to a file with the reason, and then the exit code is 1. Learners who were erased stay erased.

The rules in force say what counts as activity and what is counted, so publish them first. An imported learner has no workflow
before their next event, so nothing waits for their silence: --wake starts a workflow for each learner for whom an inactivity rule falls
due after the import, now or when the import is run again.

Example:
  homeroom import learners.ndjson.gz --dry-run
  homeroom import learners.ndjson.gz
  homeroom import learners.ndjson.gz --wake`
}

// Run imports.
func (c *ImportCmd) Run(ctx context.Context, o IO) error {
	in, size, err := openInput(o, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	installation, err := c.connectCaching(ctx, o, "homeroom import", 1)
	if err != nil {
		return err
	}
	defer installation.Close()
	began := o.Now()
	result, err := c.importEvents(ctx, o, installation, in, size)
	if err != nil {
		return err
	}
	err = o.PrintResult(c.Format, result, printing.ImportText(&result, c.File, o.Now().Sub(began)))
	if err == nil && len(result.Rejected) > 0 {
		return ExitError{Code: 1}
	}
	return err
}

// importEvents imports and draws the progress of reading and of importing.
func (c *ImportCmd) importEvents(ctx context.Context, o IO, installation *admin.Installation, in io.Reader, size int64) (importer.Result, error) {
	reading := printing.NewProgress(o, size)
	var importing *printing.Progress
	opts := admin.ImportOptions{DryRun: c.DryRun, Wake: c.Wake, OpenRejected: c.openRejected}
	opts.OnRead = func(lines, _ int64) { reading.Draw(int(lines)) }
	opts.OnApply = func(events, total int64) {
		if importing == nil {
			reading.Clear()
			importing = printing.NewProgress(o, total)
		}
		importing.DrawRead(events)
	}
	result, err := installation.Import(ctx, reading.Reader(in), opts)
	reading.Clear()
	if importing != nil {
		importing.Clear()
	}
	switch {
	case errors.Is(err, importer.ErrNothingImported):
		return result, fmt.Errorf("%s: %w", c.File, err)
	case err != nil:
		return result, fmt.Errorf("%w; %s taken in before: run the import again, it goes over them without changing anything",
			err, narrate.Count(result.Learners, "learner"))
	}
	if len(result.Rejected) > 0 {
		result.RejectedFile = c.rejectedFile()
	}
	return result, nil
}

// openRejected makes the file for lines that cannot be used. Only its owner may read it: it holds what the lines hold.
func (c *ImportCmd) openRejected() (io.WriteCloser, error) {
	f, err := os.OpenFile(c.rejectedFile(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write the lines that cannot be used; --rejected says where: %w", err)
	}
	return f, nil
}

func (c *ImportCmd) rejectedFile() string {
	switch {
	case c.Rejected != "":
		return c.Rejected
	case c.File == "-":
		return "import.rejected.ndjson"
	}
	return c.File + ".rejected.ndjson"
}
