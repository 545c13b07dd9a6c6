// Command dashboard draws the dashboard of deploy/grafana as it looks while a campus runs: it plays a term in time-lapse on everything that Homeroom talks to, scrapes
// Homeroom's processes as Prometheus would, evaluates the queries of the panels with Prometheus' engine, and writes one SVG.
//
//	go run ./dev/dashboard
//
// The drawing is not Grafana's: no Grafana runs here. What it shows was measured, and is what Grafana is given.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/alecthomas/kong"

	"homeroom/dev/process"
)

type flags struct {
	Board    string        `type:"existingfile" default:"deploy/grafana/homeroom.json" placeholder:"FILE" help:"The dashboard. Default: ${default}."`
	Academy  string        `type:"existingdir" default:"examples/academy" placeholder:"DIR" help:"The rules that the campus lives under. Default: ${default}."`
	Learners int           `default:"80" help:"Learners on the campus. Default: ${default}."`
	Days     int           `default:"45" help:"Days of the term. Default: ${default}."`
	DayLasts time.Duration `default:"8s" placeholder:"8s" help:"How long a day of the campus takes. Default: ${default}."`
	Every    time.Duration `default:"5s" placeholder:"5s" help:"Time between two scrapes. Default: ${default}."`
	Out      string        `default:"docs/images/dashboard.svg" placeholder:"FILE" help:"The drawing. Default: ${default}."`
	Serve    bool          `hidden:"" help:"Be one of Homeroom's processes."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Description("Draws the dashboard of deploy/grafana as it looks while a campus runs."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := f.run
	if f.Serve {
		run = func(context.Context) error { return process.Serve(os.Stdin, os.Stdout) }
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}

// run plays the campus and draws.
func (f *flags) run(ctx context.Context) error {
	text, err := os.ReadFile(f.Board)
	if err != nil {
		return err
	}
	b, err := parseBoard(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Board, err)
	}
	measured, err := f.measureCampus(ctx)
	if err != nil {
		return err
	}
	panels, err := b.askQueries(ctx, measured)
	if err != nil {
		return err
	}
	about := fmt.Sprintf("A term of %d learners and %d days, a day in %s, scraped every %s; how late and how old something is is said by the campus's clock. Drawn by `go run ./dev/dashboard` from the queries of this dashboard; not a picture of Grafana.",
		f.Learners, f.Days, f.DayLasts, f.Every)
	return os.WriteFile(f.Out, []byte(drawBoard(b.Title, about, panels)), 0o644)
}
