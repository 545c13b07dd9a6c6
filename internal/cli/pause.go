package cli

import (
	"context"
	"fmt"
	"os/user"
	"time"

	"homeroom/store"
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
	return withControl(ctx, c.NATSFlags, func(control *store.Control) error {
		was, err := control.PauseState(ctx)
		if err != nil {
			return err
		}
		if was.Paused && c.Note == "" { // the first note stays
			_, err := fmt.Fprintf(o.Out, "Already paused by %s at %s%s. `homeroom resume` lifts it.\n", was.By, was.At.Format(time.RFC3339), because(was.Note))
			return err
		}
		if err := control.Pause(ctx, whoami(), c.Note, o.Now().UTC()); err != nil {
			return err
		}
		_, err = fmt.Fprintln(o.Out, "Paused: nothing goes out until `homeroom resume`.")
		return err
	})
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
	return withControl(ctx, c.NATSFlags, func(control *store.Control) error {
		was, err := control.PauseState(ctx)
		if err != nil {
			return err
		}
		if !was.Paused {
			_, err := fmt.Fprintln(o.Out, "Nothing was paused.")
			return err
		}
		if err := control.Resume(ctx, whoami(), c.Note, o.Now().UTC()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(o.Out, "Resumed. It was paused by %s at %s%s; what waited goes out within minutes.\n",
			was.By, was.At.Format(time.RFC3339), because(was.Note))
		return err
	})
}

func because(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

func withControl(ctx context.Context, flags NATSFlags, do func(*store.Control) error) error {
	nc, js, err := flags.connect("homeroom pause")
	if err != nil {
		return err
	}
	defer nc.Close()
	st, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	return do(st.Control)
}

func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}
