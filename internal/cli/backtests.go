package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"homeroom/admin"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
	"homeroom/telemetry"
)

// BacktestsCmd is `homeroom backtests`.
type BacktestsCmd struct {
	List   BacktestsListCmd   `cmd:"" help:"List the newest backtests in the background, and how far they are."`
	Show   BacktestsShowCmd   `cmd:"" help:"Show a backtest in the background: how far it is, or its result."`
	Cancel BacktestsCancelCmd `cmd:"" help:"End a backtest in the background."`
	Work   BacktestsWorkCmd   `cmd:"" help:"Work on backtests in the background, as one more process that does."`
}

// BacktestsListCmd is `homeroom backtests list`.
type BacktestsListCmd struct {
	TemporalFlags
	AtMost int    `default:"20" help:"How many of the newest to list. Default: ${default}." placeholder:"N"`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom backtests list --help`.
func (*BacktestsListCmd) Help() string {
	return `Lists the newest backtests that run, or ran, in the background: those of homeroom backtest --background, and large ones of the console. Temporal lists one some seconds after its start, and forgets it
when the namespace's retention has passed.

Example:
  homeroom backtests list`
}

// Run lists backtests.
func (c *BacktestsListCmd) Run(ctx context.Context, o IO) error {
	list, err := askInstallation(ctx, o, c, "homeroom backtest", func(i *admin.Installation) ([]admin.BackgroundBacktest, error) { return i.Backtests(ctx, c.AtMost) })
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, list, printing.BacktestsText(list))
}

// BacktestsShowCmd is `homeroom backtests show`.
type BacktestsShowCmd struct {
	TemporalFlags
	ID        string `arg:"" help:"The backtest, as homeroom backtests list names it."`
	Wait      bool   `help:"Wait until it has ended."`
	MaxChange int    `default:"-1" help:"End with exit code 3 if more messages than this change. Default: however many change." placeholder:"N"`
	Format    string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom backtests show --help`.
func (*BacktestsShowCmd) Help() string {
	return `Shows how far a backtest in the background is or, once it is done, its result as homeroom backtest prints it.

Examples:
  homeroom backtests show bt-k3m9x2p7qa
  homeroom backtests show bt-k3m9x2p7qa --wait --max-change 500`
}

// Run shows a backtest.
func (c *BacktestsShowCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connect(ctx, o, "homeroom backtest")
	if err != nil {
		return err
	}
	defer installation.Close()
	if c.Wait {
		return followBacktest(ctx, o, installation, c.ID, c.Format, c.MaxChange)
	}
	b, err := installation.FindBacktest(ctx, c.ID)
	if err != nil {
		return err
	}
	if b.Live() && c.Format == "text" {
		_, err := fmt.Fprintln(o.Out, printing.DescribeBackground(&b))
		return err
	}
	return printBackground(o, &b, c.Format, c.MaxChange)
}

// printBackground prints a backtest that has ended, or all of any as JSON.
func printBackground(o IO, b *admin.BackgroundBacktest, format string, maxChange int) error {
	if format == "json" {
		if err := o.PrintJSON(b); err != nil {
			return err
		}
	}
	switch {
	case b.Live():
		return nil
	case b.Status == admin.BackgroundCancelled:
		return errors.New("the backtest was cancelled")
	case b.Status == admin.BackgroundFailed:
		return fmt.Errorf("the backtest failed: %s", b.Failed)
	case b.Result == nil:
		return errors.New("the result cannot be read: if serve and the console encrypt, give the same --encryption-key-file")
	}
	if format == "text" {
		if _, err := io.WriteString(o.Out, printing.BacktestText(o, b.Result)); err != nil {
			return err
		}
	}
	return checkChanges(b.Result, maxChange)
}

// checkChanges returns an error with exit code 3 if more messages change than allowed; a negative number allows all.
func checkChanges(answer *admin.Backtest, most int) error {
	if most >= 0 && answer.Changes > most {
		return ExitError{Code: 3, Err: fmt.Errorf("%s, and --max-change allows %s", printing.CountChanges(answer.Changes), narrate.Thousands(most))}
	}
	return nil
}

// followBacktest waits for the end of a backtest in the background and prints its result. When ctx ends the backtest goes on.
func followBacktest(ctx context.Context, o IO, installation *admin.Installation, id, format string, maxChange int) error {
	var line *printing.Progress
	unattended := false
	b, err := installation.FollowBacktest(ctx, id, func(b admin.BackgroundBacktest) {
		if line == nil {
			line = printing.NewProgress(o, b.Events)
		}
		if b.Unattended != unattended {
			unattended = b.Unattended
			line.Clear()
			o.PrintStage(printing.DescribeBackground(&b))
		}
		line.DrawRead(b.EventsDone)
	})
	if line != nil {
		line.Clear()
	}
	if ctx.Err() != nil {
		o.PrintStage(fmt.Sprintf("It goes on in the background. `homeroom backtests show %s` says how far it is and shows the result, `homeroom backtests cancel %s` ends it.", id, id))
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	return printBackground(o, &b, format, maxChange)
}

// BacktestsCancelCmd is `homeroom backtests cancel`.
type BacktestsCancelCmd struct {
	TemporalFlags
	ID string `arg:"" help:"The backtest, as homeroom backtests list names it."`
}

// Help is shown by `homeroom backtests cancel --help`.
func (*BacktestsCancelCmd) Help() string {
	return `Ends a backtest in the background, within some seconds. Nothing is lost by it but the work.

Example:
  homeroom backtests cancel bt-k3m9x2p7qa`
}

// Run cancels.
func (c *BacktestsCancelCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connect(ctx, o, "homeroom backtest")
	if err != nil {
		return err
	}
	defer installation.Close()
	if err := installation.CancelBacktest(ctx, c.ID); err != nil {
		return err
	}
	return o.PrintText("Cancelled.")
}

// BacktestsWorkCmd is `homeroom backtests work`.
type BacktestsWorkCmd struct {
	TemporalFlags
	History string `help:"Keep the recorded events in this folder, so that only new ones are read from NATS. It is made when missing and can be deleted at any time." type:"path" placeholder:"DIR"`
}

// Help is shown by `homeroom backtests work --help`.
func (*BacktestsWorkCmd) Help() string {
	return `Works on backtests in the background until it is stopped, two partitions at a time. Every console does so already; more processes, on other machines, make large backtests faster. It has no pages, and needs Temporal
and the NATS user homeroom-console of deploy/nats/accounts.conf. What it was working on when it stops is begun anew by another process.

Example:
  homeroom backtests work --history /var/lib/homeroom/history`
}

// Run works until ctx ends.
func (c *BacktestsWorkCmd) Run(ctx context.Context, o IO) error {
	installation, err := admin.Connect(ctx, admin.ConnectOptions{Name: "homeroom backtests", NATS: c.natsOptions(), KeyFiles: c.Keys, Directly: true, Now: o.Now})
	if err != nil {
		return err
	}
	defer installation.Close()
	log := telemetry.NewLog(o.Err, telemetry.LogOptions{})
	events, stopKeeping, err := keepEventCopy(ctx, c.History, installation, log)
	if err != nil {
		return err
	}
	defer stopKeeping()
	fmt.Fprintln(o.Out, "Working on backtests in the background. Ctrl-C stops it.")
	installation.WorkOnBacktests(ctx, admin.BacktestWork{EventCopy: events, Log: log})
	return nil
}
