package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"homeroom/dev/drill"
	"homeroom/dev/process"
	"homeroom/internal/cells"
)

// drillCommand practices disasters.
type drillCommand struct {
	Names    []string      `arg:"" optional:"" name:"name" help:"Drills; 'all', or 'list' to see which there are (what happens without a name)."`
	JSON     bool          `name:"json" help:"Print JSON instead of the table."`
	Quick    bool          `help:"Seconds instead of minutes: the sizes of the tests."`
	Patience time.Duration `placeholder:"5m" help:"How long to wait without progress after all servers are back. Default: 5m, with --quick 3m."`
	Seed     uint64        `placeholder:"N" help:"Make the random schedule of an earlier run again; its report names the seed."`
	Verbose  bool          `help:"Show what Homeroom's process warns of."`
	Serve    bool          `hidden:"" help:"Be the process that a drill kills."`
}

// Help is shown by `go run ./dev drill --help`.
func (*drillCommand) Help() string {
	return `Practices disasters with Homeroom in a process of its own, then accounts for every event that was published, with the drill's
own list, the mails at the stand-in SendGrid and the streams, but not with Homeroom's own counters. The exit code is 1 if anything
is lost, doubled, still waiting or otherwise wrong. Uncertain sends (it is unknown whether the provider took them) are listed
and not counted as lost: each has a decision, and none is ever sent again.

Examples:
  go run ./dev drill list
  go run ./dev drill kill               # kill -9 under load, several times
  go run ./dev drill temporal-away nats-away
  go run ./dev drill all --quick        # a few minutes
  go run ./dev drill all --json > drills.json`
}

// Run runs the drills one after the other.
func (d *drillCommand) Run(ctx context.Context, c *console) error {
	switch {
	case d.Serve:
		return process.Serve(os.Stdin, c.out)
	case len(d.Names) == 0, len(d.Names) == 1 && d.Names[0] == "list":
		return d.listDrills(c)
	}
	drills, err := d.chosenDrills()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program, to start it again: %w", err)
	}
	var reports []drill.Report
	var broken error
	for i, one := range drills {
		report, err := one.Run(ctx, d.drillOptions(c, program, fmt.Sprintf("%d/%d %s", i+1, len(drills), one.Name)))
		c.showProgress("")
		if ctx.Err() != nil {
			break // the drills that have ended are still reported
		}
		if err != nil {
			broken = errors.Join(broken, err)
			continue
		}
		reports = append(reports, report)
	}
	if err := errors.Join(d.printReports(c, reports), broken); err != nil {
		return err
	}
	return ctx.Err()
}

// printReports prints the reports. The error names the drills that failed.
func (d *drillCommand) printReports(c *console, reports []drill.Report) error {
	if len(reports) == 0 {
		return nil
	}
	write := drill.WriteTable
	if d.JSON {
		write = drill.WriteJSON
	}
	if err := write(c.out, reports); err != nil {
		return err
	}
	var failed []string
	for _, report := range reports {
		if !report.Passed() {
			failed = append(failed, report.Drill)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d drills failed: %s", len(failed), len(reports), strings.Join(failed, ", "))
	}
	return nil
}

// listColumns is how many columns the list of drills has.
const listColumns = 80

// listDrills prints the name of each drill and, beside it, what happens.
func (d *drillCommand) listDrills(c *console) error {
	all := drill.All()
	names := 0
	for _, one := range all {
		names = max(names, len(one.Name))
	}
	for _, one := range all {
		name := one.Name
		for _, line := range cells.Wrap(one.About, listColumns-names-2) {
			if _, err := fmt.Fprintf(c.out, "%-*s  %s\n", names, name, line); err != nil {
				return err
			}
			name = ""
		}
	}
	return nil
}

// chosenDrills returns the drills that the arguments name.
func (d *drillCommand) chosenDrills() ([]drill.Drill, error) {
	var drills []drill.Drill
	for _, name := range d.Names {
		if name == "all" {
			return drill.All(), nil
		}
		one, err := drill.Find(name)
		if err != nil {
			return nil, err
		}
		drills = append(drills, one)
	}
	return drills, nil
}

func (d *drillCommand) drillOptions(c *console, program, title string) drill.Options {
	began := time.Now()
	o := drill.Options{
		Patience: d.Patience,
		Seed:     d.Seed,
		Verbose:  d.Verbose,
		Process: func() *exec.Cmd {
			cmd := exec.Command(program, "drill", "--serve")
			cmd.Stderr = c.errOut
			return cmd
		},
		Progress: func(line string) {
			c.showProgress(fmt.Sprintf("%s  %4.0f s  %s", title, time.Since(began).Seconds(), line))
		},
	}
	if d.Verbose { // otherwise dropped, because disconnected servers log many errors
		o.Log = c.log
	}
	if d.Quick {
		o.Size = drill.Quick
	}
	return o
}

// showProgress replaces the current line of a terminal. Without a terminal it writes nothing.
func (c *console) showProgress(line string) {
	if c.terminal {
		fmt.Fprint(c.errOut, "\r\x1b[K"+line)
	}
}
