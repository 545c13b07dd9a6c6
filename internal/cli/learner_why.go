package cli

import (
	"context"
	"errors"
	"fmt"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// LearnerWhyCmd is `homeroom learner why`.
type LearnerWhyCmd struct {
	TemporalFlags
	Learner    string `arg:"" name:"id" help:"The learner's id."`
	Rule       string `help:"Tell of this rule only." placeholder:"NAME"`
	Not        bool   `help:"Instead of the story, tell for each rule why its messages did not go out to the learner."`
	Rules      string `type:"path" help:"With --not: ask the rules of this folder, and not those in force." placeholder:"DIR"`
	Since      string `default:"30d" help:"How far back: a duration (30d, 12h), a date, or all. Default: ${default}." placeholder:"T"`
	Format     string `help:"How to print: text or json." enum:"text,json" default:"text"`
	TemporalUI string `name:"temporal-ui" env:"HOMEROOM_TEMPORAL_UI" default:"http://127.0.0.1:8233" help:"Where the Temporal UI is, for the link to the learner's workflow. Default: ${default}." placeholder:"URL"`
}

// Help is shown by `homeroom learner why --help`.
func (*LearnerWhyCmd) Help() string {
	return `Tells one learner's story, run by run: what happened, what Homeroom decided and why, and what came of each message, from
the event that began it to the certificate that was shared and the friend who came. It prints ids, and no address or name.
What the learner's workflow decided but has not published yet is asked of it; without Temporal that is left out, and said.

With --not it tells of each rule in force why its messages did not go out: the learner's recorded events run through the rules on a virtual
clock, and what was looked at last is told: each part of the trigger's condition with its value at that moment, the question that ended a
message (homeroom rules explain lists them), and what would have to become true. --rules DIR asks a draft's folder instead. It prints values
that conditions read, traits among them.

Example:
  homeroom learner why u_42
  homeroom learner why u_42 --rule certificate-share --since all --format json
  homeroom learner why u_42 --not --rule quiz-retry
  homeroom learner why u_42 --not --rules my-draft`
}

// Run prints the story.
func (c *LearnerWhyCmd) Run(ctx context.Context, o IO) error {
	if err := c.checkNot(); err != nil {
		return err
	}
	if c.Not {
		return c.runNot(ctx, o)
	}
	since, err := readSince(c.Since)
	if err != nil {
		return err
	}
	story, err := askReading(ctx, o, c, "homeroom learner", func(i *admin.Installation, onRead func(done, total int64)) (admin.LearnerStory, error) {
		return i.LearnerStory(ctx, admin.StoryOptions{
			Learner:    c.Learner,
			Rule:       c.Rule,
			Since:      since(i.Now()),
			TemporalUI: c.TemporalUI,
			OnRead:     onRead,
		})
	})
	if err != nil {
		return err
	}
	if story.Problem != "" {
		fmt.Fprintf(o.Err, "Note: %s: %v\n", story.Problem, story.ProblemCause)
	}
	if c.Format == "json" {
		return o.PrintJSON(story)
	}
	return printing.WriteStory(o, &story, c.Rule)
}

// runNot prints why the learner has not been sent what the rules send.
func (c *LearnerWhyCmd) runNot(ctx context.Context, o IO) error {
	opts := admin.WhyNotOptions{Learner: c.Learner, Rule: c.Rule}
	if c.Rules != "" {
		folder, err := compileFolder(c.Rules)
		if err != nil {
			return err
		}
		opts.Folder = folder
	}
	answer, err := askReading(ctx, o, c, "homeroom learner", func(i *admin.Installation, onRead func(done, total int64)) (admin.WhyNot, error) {
		opts.OnRead = onRead
		return i.WhyNot(ctx, opts)
	})
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return o.PrintJSON(answer)
	}
	return printing.WriteWhyNot(o, &answer)
}

// checkNot returns an error for flags that do not go together.
func (c *LearnerWhyCmd) checkNot() error {
	if c.Rules != "" && !c.Not {
		return usage(errors.New("--rules asks why messages of a folder would not go out: add --not"))
	}
	return nil
}
