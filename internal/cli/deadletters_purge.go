package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	if c.Older != "" {
		age, err := engine.ParseDuration(c.Older)
		if err != nil {
			return usage(fmt.Errorf("--older: %w", err))
		}
		selection.Before = o.Now().Add(-age)
	}
	installation, err := c.connectAdmin(ctx, o, "homeroom deadletters")
	if err != nil {
		return err
	}
	defer installation.Close()
	onRead, clearLine := o.drawReading()
	found, err := installation.FindDeadLetters(ctx, selection, onRead)
	clearLine()
	if err != nil {
		return err
	}
	if c.DryRun || len(found) == 0 {
		_, err := fmt.Fprintf(o.Out, "%s would be deleted; nothing was done.\n", narrate.Count(len(found), "dead letter"))
		return err
	}
	if !c.Yes {
		if err := confirmPurge(o, len(found)); err != nil {
			return err
		}
	}
	if err := installation.PurgeDeadLetters(ctx, found); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s deleted.\n", narrate.Count(len(found), "dead letter"))
	return err
}

func confirmPurge(o IO, n int) error {
	if !o.Terminal || o.In == nil {
		return usage(errors.New("nothing was deleted: look at it with --dry-run, then add --yes"))
	}
	fmt.Fprintf(o.Err, "Delete %s for good? [y/N] ", narrate.Count(n, "dead letter"))
	answer, err := bufio.NewReader(o.In).ReadString('\n')
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return errors.Join(ExitError{Code: 1, Err: errors.New("nothing was deleted")}, err)
	}
	return nil
}
