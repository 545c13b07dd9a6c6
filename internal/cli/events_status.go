package cli

import (
	"context"
	"fmt"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// EventsStatusCmd is `homeroom events status`.
type EventsStatusCmd struct {
	NATSFlags
	Since  string `default:"7d" help:"Events that were stored since: a duration (30d, 12h), a date, or all. Default: ${default}." placeholder:"T"`
	All    bool   `help:"Also list the events that were not seen and that no rule in force needs."`
	Strict bool   `help:"Exit with 3 if an event that starts a rule in force was not seen."`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom events status --help`.
func (*EventsStatusCmd) Help() string {
	return `Reads the events that arrived and holds them against the catalog and the rules in force: which have been seen and when last, which properties none of
them had, what was refused, and which the rules wait for in vain. Prints no property's value.

Example:
  homeroom events status --since 7d`
}

// Run reads the events and prints what was seen.
func (c *EventsStatusCmd) Run(ctx context.Context, o IO) error {
	since, err := readSince(c.Since)
	if err != nil {
		return err
	}
	status, err := askReading(ctx, o, c, "homeroom events", func(i *admin.Installation, onRead func(done, total int64)) (admin.EventsStatus, error) {
		return i.EventsStatus(ctx, admin.EventsStatusOptions{Since: since(i.Now()), OnRead: onRead})
	})
	if err != nil {
		return err
	}
	err = o.PrintResult(c.Format, status, printing.EventsStatusText(o, &status, c.All))
	if err != nil {
		return fmt.Errorf("print the status of events: %w", err)
	}
	if c.Strict && !status.Complete {
		return ExitError{Code: 3}
	}
	return nil
}
