package cli

import (
	"context"
	"fmt"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// AuditCmd is `homeroom audit`.
type AuditCmd struct {
	NATSFlags
	Since   string `default:"30d" help:"What was done since: a duration (7d, 12h), a date, or all." placeholder:"T"`
	Who     string `help:"Only what this person did." placeholder:"NAME"`
	Action  string `help:"Only acts of this kind, for instance publish." placeholder:"ACTION"`
	Learner string `help:"Only what is about this learner." placeholder:"ID"`
	Address string `help:"Only what is about this mail address." placeholder:"ADDRESS"`
	Limit   int    `default:"200" help:"How many of the newest to list; 0: all." placeholder:"N"`
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
	if _, err := sinceFlag(c.Since, o.Now()); err != nil {
		return err
	}
	if c.Limit < 0 {
		return usage(fmt.Errorf("--limit %d: want 0 or more", c.Limit))
	}
	installation, err := c.connectAdmin(ctx, o, "homeroom audit")
	if err != nil {
		return err
	}
	defer installation.Close()
	since, err := sinceFlag(c.Since, installation.Now())
	if err != nil {
		return err
	}
	log, err := installation.AuditLog(ctx, admin.AuditOptions{
		Since:   since,
		Who:     c.Who,
		Action:  c.Action,
		Learner: c.Learner,
		Address: c.Address,
		Limit:   c.Limit,
	})
	if err != nil {
		return err
	}
	return printResult(o, c.Format, log, auditText(log))
}

// maxWhoCells is how wide a name may be in the list, in cells of a terminal.
const maxWhoCells = 24

func auditText(log admin.AuditLog) string {
	if log.Total == 0 && log.Unreadable == 0 {
		return "Nothing is recorded."
	}
	text := table(func(row func(...any)) {
		for _, r := range log.Records {
			row(r.At.UTC().Format(time.RFC3339), cells.Cut(printable(r.Who), maxWhoCells), r.Way, printable(string(r.Action)), printable(admin.DescribeAudit(r)))
		}
	})
	if more := log.Total - len(log.Records); more > 0 {
		text += fmt.Sprintf("and %s older.\n", narrate.Thousands(more))
	}
	if log.Unreadable > 0 {
		text += fmt.Sprintf("%s cannot be read.\n", narrate.Count(log.Unreadable, "record"))
	}
	return text[:len(text)-1]
}
