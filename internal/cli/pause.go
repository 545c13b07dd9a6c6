package cli

import (
	"context"
	"fmt"
	"os/user"
	"time"

	"homeroom/admin"
	"homeroom/internal/narrate"
)

// PauseCmd is `homeroom pause`.
type PauseCmd struct {
	NATSFlags
	Note string `arg:"" optional:"" help:"Why, for whoever finds it paused."`
}

// Help is shown by `homeroom pause --help`.
func (*PauseCmd) Help() string {
	return `The kill switch: from the moment this returns, no worker calls the provider. Events are still heard and decided;
what falls due meanwhile waits, as long as its patience lasts.

Example:
  homeroom pause "wrong price in the spring offer"`
}

// Run stops all sending.
func (c *PauseCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connectAdmin(ctx, o, "homeroom pause")
	if err != nil {
		return err
	}
	defer installation.Close()
	change, err := installation.Pause(ctx, currentUser(), c.Note)
	if err != nil {
		return err
	}
	text := "Paused: nothing goes out until `homeroom resume`."
	if !change.Changed {
		text = fmt.Sprintf("Already paused by %s. `homeroom resume` lifts it.", pauseText(change.Before))
	}
	_, err = fmt.Fprintln(o.Out, text)
	return err
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
	installation, err := c.connectAdmin(ctx, o, "homeroom resume")
	if err != nil {
		return err
	}
	defer installation.Close()
	change, err := installation.Resume(ctx, currentUser(), c.Note)
	if err != nil {
		return err
	}
	text := "Nothing was paused."
	if change.Changed {
		text = fmt.Sprintf("Resumed. It was paused by %s; what waited goes out within minutes.", pauseText(change.Before))
	}
	_, err = fmt.Fprintln(o.Out, text)
	return err
}

// pauseText says who paused, when and why.
func pauseText(s admin.KillSwitch) string {
	return fmt.Sprintf("%s at %s%s", s.By, s.At.Format(time.RFC3339), narrate.NoteSuffix(s.Note))
}

// currentUser returns who runs this process, for records of who did what.
func currentUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}
