package cli

import (
	"context"
	"fmt"
	"os/user"

	"homeroom/admin"
)

// PauseCmd is `homeroom pause`.
type PauseCmd struct {
	NATSFlags
	Note    string `arg:"" optional:"" help:"Why, for whoever finds it paused."`
	Replace bool   `help:"If it is paused already, put your name and note in the place of the first ones."`
}

// Help is shown by `homeroom pause --help`.
func (*PauseCmd) Help() string {
	return `The kill switch: from the moment this returns, no worker calls the provider. Events are still heard and decided;
what falls due meanwhile waits, and is skipped if that lasts longer than its patience (settings.yaml).

If it is paused already, it says by whom, when and why, and that note stays; --replace puts yours in its place.

Example:
  homeroom pause "wrong price in the spring offer"`
}

// Run stops all sending.
func (c *PauseCmd) Run(ctx context.Context, o IO) error {
	change, err := askInstallation(ctx, o, c, "homeroom pause", func(i *admin.Installation) (admin.KillSwitchChange, error) {
		return i.Pause(ctx, admin.PauseOptions{Author: currentUser(), Note: c.Note, Replace: c.Replace})
	})
	if err != nil {
		return err
	}
	return o.PrintText(c.describe(change))
}

// describe says what pausing did.
func (c *PauseCmd) describe(change admin.KillSwitchChange) string {
	switch {
	case change.Changed && change.Before.Paused:
		return fmt.Sprintf("Paused, as before; your note stands in the place of the one by %s.", admin.DescribePause(change.Before))
	case change.Changed:
		return "Paused: nothing goes out until `homeroom resume`."
	case c.Note == "" || c.Note == change.Before.Note:
		return fmt.Sprintf("Already paused by %s. `homeroom resume` lifts it.", admin.DescribePause(change.Before))
	}
	return fmt.Sprintf("Already paused by %s. That stays, and your note was not written; --replace puts it in its place. `homeroom resume` lifts the pause.",
		admin.DescribePause(change.Before))
}

// ResumeCmd is `homeroom resume`.
type ResumeCmd struct {
	NATSFlags
	Note string `arg:"" optional:"" help:"Why."`
}

// Help is shown by `homeroom resume --help`.
func (*ResumeCmd) Help() string {
	return `Lifts what homeroom pause did. What waited and is still wanted goes out within minutes.

Example:
  homeroom resume "the price is right again"`
}

// Run lifts the pause.
func (c *ResumeCmd) Run(ctx context.Context, o IO) error {
	change, err := askInstallation(ctx, o, c, "homeroom resume", func(i *admin.Installation) (admin.KillSwitchChange, error) {
		return i.Resume(ctx, currentUser(), c.Note)
	})
	if err != nil {
		return err
	}
	text := "Nothing was paused."
	if change.Changed {
		text = fmt.Sprintf("Resumed. It was paused by %s; what waited goes out within minutes.", admin.DescribePause(change.Before))
	}
	return o.PrintText(text)
}

// currentUser returns who runs this process, for records of who did what.
func currentUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}
