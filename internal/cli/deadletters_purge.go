package cli

import (
	"context"
	"fmt"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
)

// DeadlettersPurgeCmd is `homeroom deadletters purge`.
type DeadlettersPurgeCmd struct {
	NATSFlags
	LetterFlags
	Older  string `help:"All that were refused longer ago than this, for instance 30d." placeholder:"DURATION"`
	DryRun bool   `name:"dry-run" help:"Count them, and delete nothing."`
	Yes    bool   `short:"y" help:"Do not ask."`
}

// Help is shown by `homeroom deadletters purge --help`.
func (*DeadlettersPurgeCmd) Help() string {
	return `Deletes dead letters for good. --older, --reason and --learner together mean those for which all of them are true. The
events themselves stay in the stream of events as long as it keeps them.

Example:
  homeroom deadletters purge --older 30d --dry-run
  homeroom deadletters purge 12 13 --yes`
}

// Run deletes.
func (c *DeadlettersPurgeCmd) Run(ctx context.Context, o IO) error {
	if err := c.checkLetters(c.Older); err != nil {
		return err
	}
	selection := c.selection()
	var age time.Duration
	if c.Older != "" {
		var err error
		if age, err = engine.ParseDuration(c.Older); err != nil {
			return usage(fmt.Errorf("--older: %w", err))
		}
	}
	installation, err := c.connect(ctx, o, "homeroom deadletters")
	if err != nil {
		return err
	}
	defer installation.Close()
	if c.Older != "" {
		selection.Before = installation.Now().Add(-age)
	}
	onRead, clearLine := o.DrawReading()
	found, err := installation.FindDeadLetters(ctx, selection, onRead)
	clearLine()
	if err != nil {
		return err
	}
	if c.DryRun || len(found) == 0 {
		return o.PrintText(narrate.Count(len(found), "dead letter") + " would be deleted; nothing was done.")
	}
	if !c.Yes {
		question := fmt.Sprintf("Delete %s for good?", narrate.Count(len(found), "dead letter"))
		if err := confirmByAnswer(o, "nothing was deleted: look at it with --dry-run, then add --yes", question, "nothing was deleted"); err != nil {
			return err
		}
	}
	if err := installation.PurgeDeadLetters(ctx, found); err != nil {
		return err
	}
	return o.PrintText(narrate.Count(len(found), "dead letter") + " deleted.")
}
