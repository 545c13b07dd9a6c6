package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/printing"
	"homeroom/rules"
)

// PublishFlags are what every command takes that puts rules in force.
type PublishFlags struct {
	NATSFlags
	InFlight string `name:"in-flight" enum:"finish,migrate,cancel" default:"finish" help:"What happens to live runs: finish (they end on the rules they began with), migrate (they go on at the step with the same id, or leave) or cancel (those of changed rules leave). Default: ${default}." placeholder:"MODE"`
	Note     string `help:"Why, for the history." placeholder:"TEXT"`
	DryRun   bool   `name:"dry-run" help:"Say what would happen, and do nothing."`
	Yes      bool   `short:"y" help:"Do not ask."`
	Format   string `help:"How to print: text or json." enum:"text,json" default:"text"`

	rollBack bool     // an earlier revision is put in force again
	with     []string // what the audit record says besides
}

// RulesPublishCmd is `homeroom rules publish`.
type RulesPublishCmd struct {
	Dir      string `arg:"" name:"academy" help:"The academy folder." type:"existingdir"`
	Untested bool   `help:"Do not run the folder's rule tests; the history says so."`
	Base     string `help:"The revision that the folder began from (number or hash, as rules pull says it). If something else is in force by now, nothing is published." placeholder:"REVISION"`
	Force    bool   `help:"Publish although what is in force is not --base; the history says so."`
	PublishFlags
}

// Help is shown by `homeroom rules publish --help`.
func (*RulesPublishCmd) Help() string {
	return `Compiles the folder and runs its rule tests, has every running instance compile it too and listen for its events, puts it in force, and then
wakes the learners whose next moment it changes. Nothing is restarted. If somebody else publishes at the same time one of the two is
told, and nothing of theirs is in force. Until it is in force, an error leaves everything as it was.

With --base a folder cannot undo what others published since it was pulled: publishing is refused if anything but the base (or the
folder itself) is in force. homeroom rules pull prints the base of what it writes.

Example:
  homeroom rules publish academy --dry-run
  homeroom rules publish academy --base 3f9a1c2e
  homeroom rules publish academy --in-flight migrate --note "shorter waits"`
}

// Run publishes the folder.
func (c *RulesPublishCmd) Run(ctx context.Context, o IO) error {
	folder, err := compileFolder(c.Dir)
	if err != nil {
		return err
	}
	if c.Force && c.Base == "" {
		return usage(errors.New("--force goes with --base: it publishes although the base is not in force any more"))
	}
	if c.Untested {
		c.Note = strings.TrimSpace(c.Note + " (untested)")
		c.with = append(c.with, admin.WithFailedTests)
	} else if err := testBeforePublishing(ctx, o, folder); err != nil {
		return err
	}
	installation, err := c.connect(ctx, o, "homeroom rules")
	if err != nil {
		return err
	}
	defer installation.Close()
	return c.publish(ctx, o, installation, folder.Academy, admin.PrepareOptions{Base: c.Base, Force: c.Force})
}

// testBeforePublishing runs a folder's rule tests. If some fail, it prints them and returns an error.
func testBeforePublishing(ctx context.Context, o IO, folder *admin.Folder) error {
	err := admin.CheckTests(ctx, folder)
	var failed *admin.FailedTestsError
	if !errors.As(err, &failed) {
		return err
	}
	if err := failed.Write(o.Err, o.Color); err != nil {
		return err
	}
	return fmt.Errorf("nothing was published: %w. Mend them, or publish with --untested", failed)
}

// RulesRollbackCmd is `homeroom rules rollback`.
type RulesRollbackCmd struct {
	To string `arg:"" name:"revision" help:"Its number or its hash, as homeroom rules history shows them."`
	PublishFlags
}

// Help is shown by `homeroom rules rollback --help`.
func (*RulesRollbackCmd) Help() string {
	return `Publishes a revision that was in force before once more. It is a publication like every other: it has a number of its
own, reaches learners who sleep, and can be rolled back.

Example:
  homeroom rules rollback 7 --in-flight cancel --note "the new nudge was wrong"`
}

// Run publishes an earlier revision.
func (c *RulesRollbackCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connect(ctx, o, "homeroom rules")
	if err != nil {
		return err
	}
	defer installation.Close()
	academy, err := installation.Revision(ctx, c.To)
	if err != nil {
		return err
	}
	if c.Note == "" {
		c.Note = "rollback to " + c.To
	}
	c.rollBack = true
	return c.publish(ctx, o, installation, academy, admin.PrepareOptions{})
}

// RulesSweepCmd is `homeroom rules sweep`.
type RulesSweepCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules sweep --help`.
func (*RulesSweepCmd) Help() string {
	return `Goes over all learners once more for the publication in force, if homeroom rules publish was interrupted.
A learner who was reached before has nothing left to do, so it may run any number of times.

Example:
  homeroom rules sweep`
}

// Run sweeps.
func (c *RulesSweepCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connect(ctx, o, "homeroom rules")
	if err != nil {
		return err
	}
	defer installation.Close()
	line := printing.NewPublicationProgress(o)
	swept, err := installation.Sweep(ctx, line.Draw)
	line.Clear()
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, swept, swept.Outcome())
}

// publish asks, publishes and sweeps.
func (c *PublishFlags) publish(ctx context.Context, o IO, installation *admin.Installation, academy *rules.Academy, prepare admin.PrepareOptions) error {
	line := printing.NewPublicationProgress(o)
	prepare.RunPolicy = engine.RunPolicy(c.InFlight)
	prepare.OnProgress = line.Draw
	publication, err := installation.PreparePublication(ctx, academy, prepare)
	line.Clear()
	if err != nil {
		return err
	}
	outlook := publication.Outlook()
	if c.DryRun {
		publication.DryRun = true
		return o.PrintResult(c.Format, publication, outlook+"\nNothing was published.")
	}
	if err := c.confirm(o, outlook); err != nil {
		return err
	}
	err = installation.Publish(ctx, publication, admin.PublishOptions{
		Author:     currentUser(),
		Note:       c.Note,
		RollBack:   c.rollBack,
		With:       c.with,
		OnProgress: line.Draw,
	})
	line.Clear()
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, publication, publication.Outcome())
}

// confirm shows what would happen and asks.
func (c *PublishFlags) confirm(o IO, outlook string) error {
	if c.Format == "text" {
		if _, err := fmt.Fprintln(o.Out, outlook); err != nil {
			return err
		}
	}
	if c.Yes {
		return nil
	}
	return confirmByAnswer(o, "nothing was published: look at it with --dry-run, then add --yes", "Publish?", "nothing was published")
}
