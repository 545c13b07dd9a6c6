package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/importer"
	"homeroom/internal/narrate"
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

The rules in force say what counts as activity and what is counted, so publish them first. An inactivity rule that falls due after
the import needs somebody who waits for it: --wake starts that, now or when the import is run again.

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
	installation, err := c.connectInstallation(ctx, o, "homeroom import", 1)
	if err != nil {
		return err
	}
	defer installation.Close()
	began := o.Now()
	result, err := c.importEvents(ctx, o, installation, in, size)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = printJSON(o.Out, result)
	} else {
		_, err = io.WriteString(o.Out, importText(&result, c.File, o.Now().Sub(began)))
	}
	if err == nil && len(result.Rejected) > 0 {
		return ExitError{Code: 1}
	}
	return err
}

// importEvents imports and draws the progress of reading and of importing.
func (c *ImportCmd) importEvents(ctx context.Context, o IO, installation *admin.Installation, in io.Reader, size int64) (importer.Result, error) {
	reading := newProgress(o, size)
	var importing *progress
	opts := admin.ImportOptions{DryRun: c.DryRun, Wake: c.Wake, OpenRejected: c.openRejected}
	opts.OnRead = func(lines, _ int64) { reading.draw(int(lines)) }
	opts.OnApply = func(events, total int64) {
		if importing == nil {
			reading.clear()
			importing = newProgress(o, total)
		}
		importing.read.Store(events)
		importing.draw(int(events))
	}
	result, err := installation.Import(ctx, reading.reader(in), opts)
	reading.clear()
	if importing != nil {
		importing.clear()
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

// openInput returns a file or standard input, and how many bytes it is, 0 if that is not known.
func openInput(o IO, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(o.In), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, usage(err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", name)
	}
	if err != nil {
		return nil, 0, usage(errors.Join(err, f.Close()))
	}
	return f, info.Size(), nil
}

// importText says what an import did.
func importText(r *importer.Result, file string, spent time.Duration) string {
	var b strings.Builder
	verb := "Took in"
	if r.DryRun {
		verb = "Would take in"
	}
	fmt.Fprintf(&b, "%s %s of %s", verb, narrate.Count(r.Events, "event"), narrate.Count(r.Learners, "learner"))
	if s := spent.Seconds(); s > 0 && r.Events > 0 && !r.DryRun {
		fmt.Fprintf(&b, " in %.1fs (%s/s)", s, narrate.Thousands(int(float64(r.Events)/s)))
	}
	b.WriteString(".\n")
	if !r.DryRun {
		fmt.Fprintf(&b, "  %s and %s changed; the others were known already\n", narrate.Count(r.Profiles, "profile"), narrate.Count(r.Standings, "standing"))
	}
	for _, line := range []struct {
		n          int
		noun, text string
	}{
		{r.Repeated, "event", "came more than once"},
		{r.Platform, "event", "about the platform passed over"},
		{r.Ignored, "event", "passed over that sources.yaml ignores"},
		{r.Erased, "event", "of erased learners left out"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&b, "  %s %s\n", narrate.Count(line.n, line.noun), line.text)
		}
	}
	if r.Aliased > 0 {
		fmt.Fprintf(&b, "  %s user.aliased: an import merges no ids; publish them afterwards, and what was taken in under both becomes one learner's\n", narrate.Count(r.Aliased, "event"))
	}
	if r.Remarks > 0 {
		fmt.Fprintf(&b, "  %s about traits and properties that cannot be used or mean nothing here; the first, %s\n", narrate.Count(r.Remarks, "remark"), r.Remark)
	}
	if r.SkippedTraits > 0 {
		fmt.Fprintf(&b, "  %s not taken in; the first, %s\n", narrate.Count(r.SkippedTraits, "trait"), r.TraitNote)
	}
	total := 0
	for _, reason := range slices.Sorted(maps.Keys(r.Rejected)) {
		total += r.Rejected[reason]
		fmt.Fprintf(&b, "  %s: %s\n", reason, narrate.Count(r.Rejected[reason], "line"))
	}
	if total > 0 {
		fmt.Fprintf(&b, "%s could not be used; %s says why.\n", narrate.Count(total, "line"), r.RejectedFile)
	}
	switch {
	case r.Woken > 0:
		fmt.Fprintf(&b, "The inactivity rules in force wait for %s now.\n", narrate.Count(r.Woken, "learner"))
	case r.Waiting > 0:
		fmt.Fprintf(&b, "%s may fall silent, and no inactivity rule waits for them before an event of theirs wakes them: `homeroom import %s --wake` has the rules wait from now on.\n",
			narrate.Count(r.Waiting, "learner"), file)
	}
	return b.String()
}
