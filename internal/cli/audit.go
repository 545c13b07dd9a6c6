package cli

import (
	"context"
	"fmt"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// AuditCmd is `homeroom audit`.
type AuditCmd struct {
	NATSFlags
	Since   string `default:"30d" help:"What was done since: a duration (7d, 12h), a date, or all. Default: ${default}." placeholder:"T"`
	Who     string `help:"Only what this person did." placeholder:"NAME"`
	Action  string `help:"Only acts of this kind, for instance publish." placeholder:"ACTION"`
	Learner string `help:"Only what is about this learner." placeholder:"ID"`
	Address string `help:"Only what is about this mail address." placeholder:"ADDRESS"`
	Limit   int    `default:"200" help:"How many of the newest to list; 0: all. Default: ${default}." placeholder:"N"`
	Format  string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom audit --help`.
func (*AuditCmd) Help() string {
	return `Lists who did what to this installation, in the console and by commands, the newest first. Learners and addresses stand
there as keyed hashes: ask with --learner or --address who looked at one.

Example:
  homeroom audit --since 7d
  homeroom audit --learner u_42 --since all
  homeroom audit --who maya --format json`
}

// Run lists.
func (c *AuditCmd) Run(ctx context.Context, o IO) error {
	since, err := readSince(c.Since)
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return usage(fmt.Errorf("--limit %d: want 0 or more", c.Limit))
	}
	log, err := askInstallation(ctx, o, c, "homeroom audit", func(i *admin.Installation) (admin.AuditLog, error) {
		return i.AuditLog(ctx, admin.AuditOptions{
			Since:   since(i.MachineNow()),
			Who:     c.Who,
			Action:  c.Action,
			Learner: c.Learner,
			Address: c.Address,
			Limit:   c.Limit,
		})
	})
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, log, printing.AuditText(log))
}
