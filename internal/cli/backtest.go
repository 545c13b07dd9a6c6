package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
	"homeroom/rules"
	"homeroom/simulate"
)

// BacktestCmd is `homeroom backtest`.
type BacktestCmd struct {
	Dir            string `arg:"" name:"academy" help:"The folder with the draft."`
	Against        string `default:"current" help:"What to compare with: a folder, a revision's number or hash, or current, what is in force. Default: ${default}." placeholder:"DIR|HASH"`
	Events         string `help:"NDJSON events instead of those that Homeroom keeps, gzipped or not; - reads standard input." placeholder:"FILE"`
	Since          string `help:"Compare messages from then on: a duration before the end (90d), a date, or all. Default: 90d, and all of a file." placeholder:"T"`
	Until          string `help:"Compare until then (2026-03-02T10:00:00Z or 2026-03-02), or for so long after the last event (+10d)." placeholder:"T"`
	KnownAddresses bool   `help:"Leave out learners whose address is not in the events. Otherwise everybody counts as reachable."`
	History        string `help:"Keep the events that were read in this folder, and read only new ones. It is made when missing and can be deleted at any time." type:"path" placeholder:"DIR"`
	Background     bool   `help:"Run it in the background, on the processes that work on backtests (consoles, homeroom backtests work), and follow it. Ctrl-C leaves it running."`
	MaxChange      int    `default:"-1" help:"End with exit code 3 if more messages than this change. Default: however many change." placeholder:"N"`
	Format         string `help:"How to print: text or json." enum:"text,json" default:"text"`
	TemporalFlags
}

// Help is shown by `homeroom backtest --help`.
func (*BacktestCmd) Help() string {
	return `Runs recorded events through a draft and through what is in force, on a virtual clock, and compares what they send: per rule and
message which stay the same, come at another time, come no longer or are new, also of rules that nobody edited; how many messages a learner
gets in a month; caps, quiet hours, the busiest hour; ten affected learners side by side; what cannot be rendered. Nothing is sent.

What learners did is as recorded on both sides: nobody reacts to a message that only the draft sends.

Without --events the events that Homeroom keeps are read. With --events and a folder for --against no server is needed. With --background
this process only follows: Temporal hands the partitions of the events to the consoles, and more of them make it faster. Exit code 3: more
messages change than --max-change allows.

Examples:
  homeroom backtest academy
  homeroom backtest academy --history /var/lib/homeroom/history
  homeroom backtest academy --since 2026-03-01 --format json
  homeroom backtest academy --since all --background
  homeroom backtest academy --against main/academy --events last-term.ndjson.gz --max-change 500`
}

// Run compares and prints.
func (c *BacktestCmd) Run(ctx context.Context, o IO) error {
	opts, err := c.readRange()
	if err != nil {
		return err
	}
	draft, err := loadAcademy(c.Dir)
	if err != nil {
		return err
	}
	if c.History != "" && c.Events != "" {
		return usage(errors.New("--history is for the events that Homeroom keeps: leave it out with --events"))
	}
	opts.KnownAddresses = c.KnownAddresses
	if c.Background {
		return c.runInBackground(ctx, o, draft, opts)
	}
	answer, err := c.compare(ctx, o, draft, opts)
	if err != nil {
		return err
	}
	if answer.Unreadable > 0 {
		c.printUnreadable(o, &answer)
	}
	err = o.PrintResult(c.Format, answer, printing.BacktestText(o, &answer))
	if err != nil {
		return err
	}
	return checkChanges(&answer, c.MaxChange)
}

// runInBackground starts the backtest in the background and follows it.
func (c *BacktestCmd) runInBackground(ctx context.Context, o IO, draft *rules.Academy, opts admin.BacktestOptions) error {
	switch {
	case c.Events != "":
		return usage(errors.New("--background is for the events that Homeroom keeps: leave it out with --events"))
	case c.History != "":
		return usage(errors.New("--history is of a process that works on backtests (homeroom console, homeroom backtests work): leave it out with --background"))
	}
	installation, err := c.connect(ctx, o, "homeroom backtest")
	if err != nil {
		return err
	}
	defer installation.Close()
	inForce, err := c.findAgainst(ctx, installation)
	if err != nil {
		return err
	}
	started, err := installation.StartBacktest(ctx, admin.NewBacktestID(), inForce, draft, opts)
	if err != nil {
		return err
	}
	o.PrintStage("Started " + started.ID + ".")
	return followBacktest(ctx, o, installation, started.ID, c.Format, c.MaxChange)
}

// readRange reads --since and --until.
func (c *BacktestCmd) readRange() (admin.BacktestOptions, error) {
	var opts admin.BacktestOptions
	since := c.Since
	if since == "" && c.Events == "" {
		since = "90d"
	}
	if since != "" && since != "all" {
		if back, err := engine.ParseDuration(since); err == nil {
			opts.Back = back
		} else if opts.Since, err = sinceFlag(since, time.Time{}); err != nil {
			return opts, err
		}
	}
	if c.Until == "" {
		return opts, nil
	}
	var err error
	if opts.Until, opts.RunOn, err = simulate.ParseUntil(c.Until); err != nil {
		return opts, usage(fmt.Errorf("--until: %w", err))
	}
	return opts, nil
}

// compare runs the backtest. It connects to the installation only if something of it is needed.
func (c *BacktestCmd) compare(ctx context.Context, o IO, draft *rules.Academy, opts admin.BacktestOptions) (admin.Backtest, error) {
	var installation *admin.Installation
	if c.Events == "" || !isDir(c.Against) {
		var err error
		if installation, err = c.connect(ctx, o, "homeroom backtest"); err != nil {
			return admin.Backtest{}, err
		}
		defer installation.Close()
	}
	inForce, err := c.findAgainst(ctx, installation)
	if err != nil {
		return admin.Backtest{}, err
	}
	if c.Events == "" {
		return c.compareKept(ctx, o, installation, inForce, draft, opts)
	}
	in, size, err := openEvents(o, c.Events)
	if err != nil {
		return admin.Backtest{}, err
	}
	defer in.Close()
	line := printing.NewBacktestProgress(o, size)
	opts.Progress = line.Draw
	answer, err := admin.BacktestRecording(ctx, inForce, draft, line.Reader(in), opts)
	line.Clear()
	if err != nil {
		return answer, fmt.Errorf("%s: %w", sourceName(c.Events), err)
	}
	return answer, nil
}

// compareKept compares over the events that the installation keeps.
func (c *BacktestCmd) compareKept(ctx context.Context, o IO, installation *admin.Installation, inForce, draft *rules.Academy, opts admin.BacktestOptions) (answer admin.Backtest, err error) {
	if c.History != "" {
		if opts.EventCopy, err = admin.OpenEventCopy(c.History); err != nil {
			return admin.Backtest{}, err
		}
		defer func() { err = errors.Join(err, opts.EventCopy.Close()) }()
	}
	line := printing.NewBacktestProgress(o, 0)
	defer line.Clear()
	opts.Progress = line.Draw
	return installation.Backtest(ctx, inForce, draft, opts)
}

// findAgainst compiles what the draft is compared with.
func (c *BacktestCmd) findAgainst(ctx context.Context, installation *admin.Installation) (*rules.Academy, error) {
	academy, err := findAcademy(ctx, installation, c.Against)
	var input *admin.InputError
	if errors.As(err, &input) {
		return nil, usage(fmt.Errorf("--against %s: %w", c.Against, err))
	}
	return academy, err
}

func (c *BacktestCmd) printUnreadable(o IO, answer *admin.Backtest) {
	for _, text := range answer.UnreadableText {
		fmt.Fprintf(o.Err, "%s: %s\n", sourceName(c.Events), text)
	}
	if more := answer.Unreadable - len(answer.UnreadableText); more > 0 {
		fmt.Fprintf(o.Err, "%s: and %s more dead letters\n", sourceName(c.Events), narrate.Thousands(more))
	}
}
