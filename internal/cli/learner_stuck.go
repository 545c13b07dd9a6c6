package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"homeroom/admin"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
)

// LearnerStuckCmd is `homeroom learner stuck`.
type LearnerStuckCmd struct {
	TemporalFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
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
	installation, err := c.connect(ctx, o, "homeroom learner stuck")
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
		return o.PrintJSON(all)
	}
	_, err = io.WriteString(o.Out, printing.SetAsideText(learners)+printing.FailingText(failing, count))
	return err
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
	before, err := askInstallation(ctx, o, c, "homeroom learner retry", func(i *admin.Installation) (admin.LearnerSetAside, error) { return i.RetryLearner(ctx, c.Learner) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s is tried again within seconds: %s set aside since %s. `homeroom learner stuck` says whether it worked.\n",
		c.Learner, narrate.Count(int(before.Waiting), "event"), before.Since.UTC().Format(time.RFC3339))
	return err
}
