package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"homeroom/admin"
	"homeroom/report"
)

// RulesExplainCmd is `homeroom rules explain`.
type RulesExplainCmd struct {
	NATSFlags
	Dir         string `arg:"" name:"academy" help:"The academy folder."`
	Rule        string `arg:"" name:"rule" help:"The rule's name."`
	Events      string `xor:"pace" help:"Take the pace at which learners enter the rule's experiment from these recorded events, by simulation; gzipped or not." placeholder:"FILE"`
	FromStreams bool   `xor:"pace" help:"Take it from the decisions of the last 30 days in the installation's streams."`
	Format      string `help:"How to print: text or json (the same texts)." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules explain --help`.
func (*RulesExplainCmd) Help() string {
	return `Says a rule in words: when it starts and leaves, its steps as the program that runs, the messages it sends, what it
listens to, and which of those events wake a learner's workflow. For a rule with a goal it says, too, how many people its holdout
needs until a difference of 1, 3 or 5 points shows, and how long that takes if it is told where to find the pace.

Examples:
  homeroom rules explain examples/academy quiz-retry
  homeroom rules explain examples/academy quiz-retry --events examples/academy/events.ndjson
  homeroom rules explain academy quiz-retry --from-streams`
}

// streamsDays is how far back the pace is taken from the streams.
const streamsDays = 30

// Run prints the explanation.
func (c *RulesExplainCmd) Run(ctx context.Context, o IO) error {
	folder, err := openFolder(c.Dir)
	if err != nil {
		return err
	}
	text, err := admin.ExplainRule(folder, c.Rule)
	if err != nil {
		return err
	}
	pace, err := c.findPace(ctx, o, folder)
	if err != nil {
		return err
	}
	howLong, err := admin.ExplainHoldout(folder, c.Rule, pace)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return o.PrintJSON(map[string]string{"rule": c.Rule, "explanation": text, "holdout": howLong})
	}
	_, err = io.WriteString(o.Out, text+howLong)
	return err
}

// findPace finds out how fast learners enter the rule's experiment, if it is said where to look.
func (c *RulesExplainCmd) findPace(ctx context.Context, o IO, folder *admin.Folder) (report.Pace, error) {
	switch {
	case c.Events != "":
		in, _, err := openEvents(o, c.Events)
		if err != nil {
			return report.Pace{}, err
		}
		defer in.Close()
		pace, err := admin.SimulatedPace(ctx, folder, c.Rule, in)
		if err != nil {
			return report.Pace{}, fmt.Errorf("%s: %w", sourceName(c.Events), err)
		}
		return pace, nil
	case c.FromStreams:
		answer, err := askReading(ctx, o, c, "homeroom rules explain", func(i *admin.Installation, onRead func(done, total int64)) (admin.Report, error) {
			return i.Report(ctx, admin.ReportOptions{
				Since:  i.Now().Add(-streamsDays * 24 * time.Hour),
				Rule:   c.Rule,
				OnRead: onRead,
			})
		})
		if errors.Is(err, admin.ErrNothingDecided) {
			return report.UnknownPace(), nil
		}
		if err != nil {
			return report.Pace{}, err
		}
		return answer.Rules[0].Experiment.Pace(), nil
	}
	return report.UnknownPace(), nil
}
