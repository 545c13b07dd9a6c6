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

Last stand messages that the provider or the target refuses and that are tried again, with its words: of the newest 20,000 deferrals of
the last 30 hours. A refusal is recorded with the try that follows it.

Example:
  homeroom learner stuck
  homeroom learner stuck --format json | jq -r '.[] | select(.step == "delivering") | .error' | sort | uniq -c`
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
	deliveries, err := installation.DeliveriesFailing(ctx)
	if err != nil {
		fmt.Fprintf(o.Err, "the decisions could not be read, which say what is tried again: %v\n", err)
	}
	if c.Format == "json" {
		all := make([]any, 0, len(learners)+len(failing)+len(deliveries.Some))
		for _, l := range learners {
			all = append(all, l)
		}
		for _, l := range failing {
			all = append(all, l)
		}
		for _, d := range deliveries.Some {
			all = append(all, d)
		}
		return o.PrintJSON(all)
	}
	_, err = io.WriteString(o.Out, printing.SetAsideText(learners)+printing.FailingText(failing, count)+printing.DeliveriesFailingText(deliveries))
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
