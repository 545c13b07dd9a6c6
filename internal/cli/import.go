package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"homeroom/simulate"
	"homeroom/store"
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

// importReport is what --format json prints.
type importReport struct {
	DryRun   bool `json:"dry_run,omitempty"`
	Events   int  `json:"events"`   // taken in, or known already
	Learners int  `json:"learners"` // whose events these are
	// Profiles and Standings are how many records differ from before.
	Profiles  int `json:"profiles_changed"`
	Standings int `json:"standings_changed"`
	Repeated  int `json:"repeated_events,omitempty"` // the same id of the same learner again
	Platform  int `json:"platform_events,omitempty"` // of no learner; passed over
	Erased    int `json:"erased_events,omitempty"`   // from before their learner was erased; passed over
	// Waiting are the learners whom an inactivity rule may fall due for; Woken, those who are waited for now.
	Waiting int `json:"may_fall_silent"`
	Woken   int `json:"woken,omitempty"`
	// Rejected are the lines that cannot be used, by reason.
	Rejected     map[string]int `json:"rejected,omitempty"`
	RejectedFile string         `json:"rejected_file,omitempty"`
	Untaken      int            `json:"traits_not_taken_in,omitempty"`
	UntakenNote  string         `json:"traits_note,omitempty"` // about the first of them
}

// Run imports.
func (c *ImportCmd) Run(ctx context.Context, o IO) error {
	in, size, err := openInput(o, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	nc, js, err := c.connect("homeroom import")
	if err != nil {
		return err
	}
	defer nc.Close()
	secrets, err := c.secrets(ctx, js)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, js, store.OpenOptions{Secret: secrets[0], OldSecrets: secrets[1:], Cached: 1})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	academy, err := academyInForce(ctx, st.Rulesets)
	if err != nil {
		return err
	}
	run := &importing{store: st, rules: academy.Ruleset, known: academy.Catalog, now: o.Now(), dry: c.DryRun}
	if c.Wake && !c.DryRun {
		temporal, _, err := dialTemporal(ctx, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer temporal.Close()
		run.waker = newWaker(temporal)
		defer run.waker.pace.Stop()
	}
	began := o.Now()
	report, err := c.run(ctx, o, run, in, size)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = (&desk{io: o}).print("json", report, "")
	} else {
		_, err = io.WriteString(o.Out, report.text(c.File, o.Now().Sub(began)))
	}
	if err == nil && len(report.Rejected) > 0 {
		return ExitError{Code: 1}
	}
	return err
}

// run reads everything, sorted into drawers by learner, and then takes it in, drawer by drawer.
func (c *ImportCmd) run(ctx context.Context, o IO, run *importing, in io.Reader, size int64) (importReport, error) {
	rejected := &rejects{path: c.rejectedFile()}
	defer rejected.close()
	drawers, err := openDrawers()
	if err != nil {
		return importReport{}, err
	}
	defer drawers.close()
	bar := newProgress(o, size)
	events, err := simulate.Decompress(bar.reader(in))
	if err == nil {
		err = run.sort(ctx, events, drawers, rejected, bar.events)
	}
	bar.done()
	if err = errors.Join(err, rejected.close()); err != nil {
		return importReport{}, fmt.Errorf("%s: %w; nothing was taken in yet", c.File, err)
	}
	run.report.DryRun = c.DryRun
	run.report.Rejected = rejected.reasons
	if len(rejected.reasons) > 0 {
		run.report.RejectedFile = rejected.path
	}
	bar = newProgress(o, int64(drawers.events))
	err = run.take(ctx, drawers, func(events int) {
		bar.read.Store(int64(events))
		bar.events(events)
	})
	bar.done()
	if err != nil {
		return importReport{}, fmt.Errorf("%w; %s taken in before: run the import again, it goes over them without changing anything",
			err, count(run.report.Learners, "learner"))
	}
	return run.report, nil
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

func (r *importReport) text(file string, spent time.Duration) string {
	var b strings.Builder
	verb := "Took in"
	if r.DryRun {
		verb = "Would take in"
	}
	fmt.Fprintf(&b, "%s %s of %s", verb, count(r.Events, "event"), count(r.Learners, "learner"))
	if s := spent.Seconds(); s > 0 && r.Events > 0 && !r.DryRun {
		fmt.Fprintf(&b, " in %.1fs (%s/s)", s, thousands(int(float64(r.Events)/s)))
	}
	b.WriteString(".\n")
	if !r.DryRun {
		fmt.Fprintf(&b, "  %s and %s changed; the others were known already\n", count(r.Profiles, "profile"), count(r.Standings, "standing"))
	}
	for _, line := range []struct {
		n          int
		noun, said string
	}{
		{r.Repeated, "event", "came more than once"},
		{r.Platform, "event", "about the platform passed over"},
		{r.Erased, "event", "of erased learners left out"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&b, "  %s %s\n", count(line.n, line.noun), line.said)
		}
	}
	if r.Untaken > 0 {
		fmt.Fprintf(&b, "  %s not taken in; the first, %s\n", count(r.Untaken, "trait"), r.UntakenNote)
	}
	total := 0
	for _, reason := range slices.Sorted(maps.Keys(r.Rejected)) {
		total += r.Rejected[reason]
		fmt.Fprintf(&b, "  %s: %s\n", reason, count(r.Rejected[reason], "line"))
	}
	if total > 0 {
		fmt.Fprintf(&b, "%s could not be used; %s says why.\n", count(total, "line"), r.RejectedFile)
	}
	switch {
	case r.Woken > 0:
		fmt.Fprintf(&b, "The inactivity rules in force wait for %s now.\n", count(r.Woken, "learner"))
	case r.Waiting > 0:
		fmt.Fprintf(&b, "%s may fall silent, and no inactivity rule waits for them before an event of theirs wakes them: `homeroom import %s --wake` has the rules wait from now on.\n",
			count(r.Waiting, "learner"), file)
	}
	return b.String()
}
