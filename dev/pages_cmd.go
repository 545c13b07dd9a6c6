package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"homeroom/dev/bench"
	"homeroom/rules"
)

// pagesCommand measures the console.
type pagesCommand struct {
	Academy  string `type:"existingdir" default:"examples/academy" placeholder:"DIR" help:"The rules that the campus lives under. Default: ${default}."`
	Learners int    `default:"10000" help:"Learners on the campus. Default: ${default}."`
	Days     int    `default:"45" help:"Days of the term. Default: ${default}."`
	Profile  string `placeholder:"FILE" help:"Write a processor profile of the views, for go tool pprof."`
	Seed     uint64 `default:"1" help:"The same seed makes the same campus. Default: ${default}."`
}

// Help is shown by `go run ./dev pages --help`.
func (*pagesCommand) Help() string {
	return `Fills real servers in this process with what a term of a campus leaves behind, and prints how long the server takes for each page
of the console, and how long it takes until a mistake is underlined in Chromium, if Chromium is there. Among the learners is one with
100,000 events.

Run it on a machine without other work.

Examples:
  go run ./dev pages
  go run ./dev pages --learners 200     # smaller`
}

// Run measures and prints.
func (p *pagesCommand) Run(ctx context.Context, c *console) error {
	academy, problems := rules.LoadDir(p.Academy)
	if academy == nil {
		problems.Format(c.out, c.color)
		return fmt.Errorf("%s has mistakes: see above", p.Academy)
	}
	dir, clean, err := (&benchCommand{}).openDirectory()
	if err != nil {
		return err
	}
	defer clean()
	o := &bench.Options{Academy: academy, Learners: p.Learners, Days: p.Days, Seed: p.Seed, Dir: dir, Log: c.log}
	if c.terminal {
		o.Progress = progressLine(c)
	}
	if p.Profile != "" {
		profile, err := os.Create(p.Profile)
		if err != nil {
			return err
		}
		defer profile.Close()
		o.ProfileViews = profile
	}
	report, err := o.Pages(ctx)
	if c.terminal {
		fmt.Fprint(c.errOut, "\r\x1b[K")
	}
	if report == nil {
		return err
	}
	return errors.Join(err, report.WriteTable(c.out))
}
