package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"homeroom/dev/play"
	"homeroom/dev/stack"
	"homeroom/rules"
)

// playCommand plays recorded events through the production path.
type playCommand struct {
	File            string     `arg:"" type:"existingfile" help:"NDJSON events, one native body a line, gzipped or not."`
	Academy         string     `required:"" type:"existingdir" placeholder:"DIR" help:"The growth team's folder."`
	Lapse           play.Lapse `name:"timelapse" default:"1d=20s" placeholder:"1d=20s" help:"How fast time passes. Default: a day in twenty seconds."`
	Until           string     `placeholder:"TIME" help:"Play up to this time, RFC 3339. Default: the last event + 30 days."`
	JSON            string     `name:"json" placeholder:"FILE" help:"Write the decisions as homeroom simulate --format json does."`
	AssumeReachable bool       `help:"Give an address to every learner."`
}

// Help is shown by `go run ./dev play --help`.
func (*playCommand) Help() string {
	return `Publishes the file's events on NATS at their times, on a clock that runs faster, and lets Homeroom decide and send: real
NATS, real Temporal, the stand-in SendGrid, on free ports. While the machine is behind, the clock waits. Prints a summary, exits.

Example:
  go run ./dev play term.ndjson --academy examples/academy \
    --timelapse 1d=20s --json out.json`
}

// Run plays and prints the summary.
func (p *playCommand) Run(ctx context.Context, c *console) error {
	academy, problems := rules.LoadDir(p.Academy)
	if academy == nil {
		problems.Format(c.out, c.color)
		return fmt.Errorf("%s has mistakes: see above", p.Academy)
	}
	opts := play.Options{Academy: academy, Lapse: p.Lapse, AssumeReachable: p.AssumeReachable, Log: c.log}
	if p.Until != "" {
		var err error
		if opts.Until, err = time.Parse(time.RFC3339, p.Until); err != nil {
			return fmt.Errorf("--until %s: want RFC 3339, for instance 2026-04-01T00:00:00Z", p.Until)
		}
	}
	rec, err := p.readRecording()
	if err != nil {
		return err
	}
	clearLine := ""
	if c.terminal {
		clearLine = "\r\x1b[K"
	}
	opts.Say = func(line string) { fmt.Fprintln(c.errOut, clearLine+line) }
	if c.terminal {
		opts.Progress = func(now, until time.Time) {
			fmt.Fprintf(c.errOut, "\r%s  of  %s ", now.UTC().Format("2006-01-02 15:04"), until.UTC().Format("2006-01-02 15:04"))
		}
	}
	s, err := stack.Start(ctx, stack.Options{Log: c.log})
	if err != nil {
		return err
	}
	doc, err := play.Run(ctx, s, rec, opts)
	fmt.Fprint(c.errOut, clearLine)
	if err := errors.Join(err, stopStack(s)); err != nil {
		return err
	}
	if p.JSON != "" {
		out, err := os.Create(p.JSON)
		if err != nil {
			return err
		}
		if err := errors.Join(doc.WriteJSON(out), out.Close()); err != nil {
			return fmt.Errorf("writing %s: %w", p.JSON, err)
		}
	}
	return doc.Summary.WriteTable(c.out)
}

func (p *playCommand) readRecording() (*play.Recording, error) {
	in, err := os.Open(p.File)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rec, err := play.Read(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.File, err)
	}
	return rec, nil
}
