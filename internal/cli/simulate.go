package cli

import (
	"context"
	"fmt"
	"io"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
	"homeroom/simulate"
)

// SimulateCmd is `homeroom simulate`.
type SimulateCmd struct {
	Dir             string `arg:"" name:"academy" help:"The academy folder."`
	Events          string `required:"" help:"NDJSON events, one a line (native, CloudEvents or Segment), gzipped or not; - reads standard input." placeholder:"FILE"`
	Learner         string `help:"Simulate this learner only." placeholder:"ID"`
	Until           string `help:"Run the clock to this time (2026-03-02T10:00:00Z or 2026-03-02), or for so long after the last event (+10d); default +30d." placeholder:"T"`
	AssumeReachable bool   `help:"Pretend that every learner has an address."`
	Format          string `help:"How to print: text or json." enum:"text,json" default:"text"`
	Summary         bool   `help:"Print the summary only."`
}

// Help is shown by `homeroom simulate --help`.
func (*SimulateCmd) Help() string {
	return `Runs recorded events through the rules on a virtual clock, with no server, and prints every decision: what would
have been sent, what not, and why. A summary follows, with what the rules' goals and holdouts measure in these events. Nobody reacts to a
simulated message: a difference comes from messages that were really sent when the events were recorded, or from chance.

Examples:
  homeroom simulate examples/academy --events examples/academy/events.ndjson
  homeroom simulate academy --events last-term.ndjson.gz --assume-reachable --summary`
}

// Run simulates and prints.
func (c *SimulateCmd) Run(ctx context.Context, o IO) error {
	opts := admin.SimulateOptions{Learner: c.Learner, AssumeReachable: c.AssumeReachable, SummaryOnly: c.Summary}
	if c.Until != "" {
		var err error
		if opts.Until, opts.After, err = simulate.ParseUntil(c.Until); err != nil {
			return usage(fmt.Errorf("--until: %w", err))
		}
	}
	folder, err := compileFolder(c.Dir)
	if err != nil {
		return err
	}
	report, err := readRecording(o, c.Events, func(in io.Reader, progress func(events, total int64)) (*simulate.Result, error) {
		opts.Progress = progress
		return admin.Simulate(ctx, folder, in, opts)
	})
	if err != nil {
		return err
	}
	c.printComplaints(o, report)
	if c.Format == "json" {
		return report.WriteJSON(o.Out)
	}
	return printing.WriteSimulation(o, report)
}

// printComplaints says what the document has no room for.
func (c *SimulateCmd) printComplaints(o IO, report *simulate.Result) {
	for _, d := range report.DeadLetters {
		fmt.Fprintf(o.Err, "%s: %s\n", sourceName(c.Events), d)
	}
	if more := report.Summary.DeadLetters - len(report.DeadLetters); more > 0 {
		fmt.Fprintf(o.Err, "%s: and %s more dead letters\n", sourceName(c.Events), narrate.Thousands(more))
	}
	switch s := &report.Summary; {
	case c.Learner != "" && s.Events == 0:
		fmt.Fprintf(o.Err, "%s: no event of learner %s\n", sourceName(c.Events), c.Learner)
	case len(s.Sent) == 0 && s.Skipped[string(engine.ReasonNoAddress)] > 0:
		fmt.Fprintln(o.Err, "Nobody has an address here; --assume-reachable shows what would be sent if they had.")
	}
}
