package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/narrate"
)

// LearnerStuckCmd is `homeroom learner stuck`.
type LearnerStuckCmd struct {
	NATSFlags
	Keys   []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"The keys that serve encrypts with, if it does." placeholder:"FILE"`
	Format string   `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom learner stuck --help`.
func (*LearnerStuckCmd) Help() string {
	return `Lists the learners who are set aside: their events could not be handed over for two minutes, and wait in order so that they
hold nobody else up. They are tried again after a minute at first and an hour at last, and at once after homeroom learner retry.

Below them stand learners whose events were handed over and whose workflow gets nowhere, because deciding fails or because no
worker can complete their workflow task: they go on by themselves once the cause is mended.

Example:
  homeroom learner stuck`
}

// Run prints the list.
func (c *LearnerStuckCmd) Run(ctx context.Context, o IO) error {
	flags := InstallationFlags{NATSFlags: c.NATSFlags, Keys: c.Keys}
	installation, err := flags.connectReading(ctx, o, "homeroom learner stuck")
	if err != nil {
		return err
	}
	defer installation.Close()
	learners, err := installation.LearnersSetAside(ctx)
	if err != nil {
		return err
	}
	failing, count, err := installation.LearnersFailing(ctx)
	if err != nil {
		fmt.Fprintf(o.Err, "Temporal could not be asked whose workflows get nowhere: %v\n", err)
	}
	if c.Format == "json" {
		all := make([]any, 0, len(learners)+len(failing))
		for _, l := range learners {
			all = append(all, l)
		}
		for _, l := range failing {
			all = append(all, l)
		}
		return printJSON(o.Out, all)
	}
	if err := printSetAside(o.Out, learners); err != nil {
		return err
	}
	return printFailing(o.Out, failing, count)
}

// printFailing prints the learners whose workflows get nowhere; nothing if there are none.
func printFailing(out io.Writer, learners []admin.LearnerFailing, count int) error {
	if count == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "\nHanded over, and getting nowhere: %s.\n%s", narrate.Count(count, "learner"), table(func(row func(...any)) {
		row("LEARNER", "SINCE", "TRIED", "WHAT FAILS")
		for _, l := range learners {
			since := "–"
			if !l.Since.IsZero() {
				since = l.Since.UTC().Format(time.RFC3339)
			}
			tried := "–"
			if l.Attempts > 0 {
				tried = fmt.Sprintf("%d×", l.Attempts)
			}
			row(printable(l.Learner), since, tried, printable(strings.TrimSuffix(l.Step+": "+l.Error, ": ")))
		}
	}))
	return err
}

func printSetAside(out io.Writer, learners []admin.LearnerSetAside) error {
	if len(learners) == 0 {
		_, err := fmt.Fprintln(out, "No learner is set aside.")
		return err
	}
	_, err := io.WriteString(out, table(func(row func(...any)) {
		row("LEARNER", "SINCE", "EVENTS", "TRIED", "NEXT TRY", "WHAT FAILS")
		for _, l := range learners {
			row(printable(l.Learner), l.Since.UTC().Format(time.RFC3339), l.Waiting, fmt.Sprintf("%d×", l.Attempts),
				l.Next.UTC().Format(time.RFC3339), printable(setAsideCause(l)))
		}
	}))
	return err
}

// setAsideCause says what failed.
func setAsideCause(l admin.LearnerSetAside) string {
	return strings.TrimPrefix(l.Step+": "+l.Error, ": ")
}

// setAsideText is a sentence for the learner's story.
func setAsideText(l admin.LearnerSetAside) string {
	return fmt.Sprintf("Set aside since %s; waiting in order: %s. Nothing is decided beyond them. %s. Next try at %s; `homeroom learner retry %s` tries at once.",
		l.Since.UTC().Format(time.RFC3339), narrate.Count(int(l.Waiting), "event"), strings.TrimSuffix(setAsideCause(l), "."),
		l.Next.UTC().Format(time.RFC3339), l.Learner)
}

// LearnerRetryCmd is `homeroom learner retry`.
type LearnerRetryCmd struct {
	NATSFlags
	Learner string `arg:"" name:"id" help:"The learner's id."`
}

// Help is shown by `homeroom learner retry --help`.
func (*LearnerRetryCmd) Help() string {
	return `Has a learner who is set aside tried again within a second or two, once what failed is mended. If it works, their events are
handed over in order; if not, homeroom learner stuck says why.

Example:
  homeroom learner retry u_42`
}

// Run asks for another try.
func (c *LearnerRetryCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connectAdmin(ctx, o, "homeroom learner retry")
	if err != nil {
		return err
	}
	defer installation.Close()
	before, err := installation.RetryLearner(ctx, c.Learner)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s is tried again within seconds: %s set aside since %s. `homeroom learner stuck` says whether it worked.\n",
		c.Learner, narrate.Count(int(before.Waiting), "event"), before.Since.UTC().Format(time.RFC3339))
	return err
}
