package cli

import (
	"context"
	"fmt"

	"homeroom/admin"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
)

// BroadcastCmd is `homeroom broadcast`.
type BroadcastCmd struct {
	TemporalFlags
	Rule     string  `arg:"" help:"The rule, which says when: {broadcast: true} and is in force."`
	Course   string  `help:"The course, of a rule with audience: {in: course}." placeholder:"ID"`
	At       string  `help:"When: 2026-12-01T09:00:00Z, or 09:00 for nine o'clock where each learner is. Default: now." placeholder:"TIME"`
	Audience string  `help:"One more condition over learner and course, such as: learner.locale == \"de\"." placeholder:"CONDITION"`
	Rate     float64 `help:"How many learners a second, 0.2 to 10000. Default: at most 100, fewer while others would have to wait." placeholder:"N"`
	DryRun   bool    `help:"Only count: how many it reaches, and who is left out, by reason."`
	Format   string  `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom broadcast --help`.
func (*BroadcastCmd) Help() string {
	return `Starts a rule for everybody in its audience. Each learner's own workflow decides as ever: caps, quiet hours, topics, holdouts and again.

--dry-run looks at every learner and writes to nobody. With --at 09:00 the learners are looked at now, and each run begins at the next nine o'clock where the learner is.

Examples:
  homeroom broadcast spring-news --dry-run
  homeroom broadcast spring-news --at 09:00 --audience 'learner.locale == "de"'
  homeroom broadcast course-news --course crs_go --rate 20`
}

// Run starts the broadcast, or counts.
func (c *BroadcastCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connect(ctx, o, "homeroom broadcast")
	if err != nil {
		return err
	}
	defer installation.Close()
	options := admin.BroadcastOptions{
		Rule:      c.Rule,
		Course:    c.Course,
		At:        c.At,
		Audience:  c.Audience,
		PerSecond: c.Rate,
	}
	if c.DryRun {
		counted, err := installation.CountBroadcast(ctx, options, func(b admin.Broadcast) {
			o.PrintStage(fmt.Sprintf("looked at %s of %s learners", narrate.Thousands(b.Counts.Seen), narrate.Thousands(b.Total)))
		})
		if err != nil {
			return err
		}
		return o.PrintResult(c.Format, counted, printing.DescribeCount(&counted))
	}
	started, err := installation.StartBroadcast(ctx, options)
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, started, fmt.Sprintf("Started %s. `homeroom broadcasts list` says how far it has come, `homeroom broadcasts pause %s` pauses it.", started.ID, started.ID))
}

// BroadcastsCmd is `homeroom broadcasts`.
type BroadcastsCmd struct {
	List         BroadcastsListCmd   `cmd:"" help:"List the newest broadcasts, and how far they have come."`
	Pause        BroadcastsPauseCmd  `cmd:"" help:"Pause a broadcast."`
	Resume       BroadcastsResumeCmd `cmd:"" help:"Let a broadcast go on."`
	Cancel       BroadcastsCancelCmd `cmd:"" help:"End a broadcast; who was reached stays reached."`
	NameLearners NameLearnersCmd     `cmd:"" name:"name-learners" help:"Make standings that an earlier version wrote say whose they are, so that broadcasts reach them."`
}

// BroadcastsListCmd is `homeroom broadcasts list`.
type BroadcastsListCmd struct {
	TemporalFlags
	AtMost int    `default:"20" help:"How many of the newest to list. Default: ${default}." placeholder:"N"`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom broadcasts list --help`.
func (*BroadcastsListCmd) Help() string {
	return `Lists the newest broadcasts: those that a person started, and those of events without a learner. Temporal lists one some seconds after its start.

Example:
  homeroom broadcasts list`
}

// Run lists broadcasts.
func (c *BroadcastsListCmd) Run(ctx context.Context, o IO) error {
	list, err := askInstallation(ctx, o, c, "homeroom broadcast", func(i *admin.Installation) ([]admin.Broadcast, error) { return i.Broadcasts(ctx, c.AtMost) })
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, list, printing.BroadcastsText(list))
}

// broadcastControl is what pause, resume and cancel have in common.
type broadcastControl struct {
	TemporalFlags
	ID string `arg:"" help:"The broadcast, as homeroom broadcasts list names it."`
}

func (c *broadcastControl) controlBroadcast(ctx context.Context, o IO, do admin.BroadcastCommand, said string) error {
	installation, err := c.connect(ctx, o, "homeroom broadcast")
	if err != nil {
		return err
	}
	defer installation.Close()
	if err := installation.ControlBroadcast(ctx, c.ID, do); err != nil {
		return err
	}
	return o.PrintText(said)
}

// BroadcastsPauseCmd is `homeroom broadcasts pause`.
type BroadcastsPauseCmd struct{ broadcastControl }

// Help is shown by `homeroom broadcasts pause --help`.
func (*BroadcastsPauseCmd) Help() string {
	return `Nobody else is handed the event within a few seconds. Messages of those who were go on; homeroom pause stops all sending.

Example:
  homeroom broadcasts pause bc-k3m9x2p7qa`
}

// Run pauses.
func (c *BroadcastsPauseCmd) Run(ctx context.Context, o IO) error {
	return c.controlBroadcast(ctx, o, admin.BroadcastPause, "Paused. `homeroom broadcasts resume "+c.ID+"` lets it go on.")
}

// BroadcastsResumeCmd is `homeroom broadcasts resume`.
type BroadcastsResumeCmd struct{ broadcastControl }

// Help is shown by `homeroom broadcasts resume --help`.
func (*BroadcastsResumeCmd) Help() string {
	return `Lets a broadcast go on where it was paused.

Example:
  homeroom broadcasts resume bc-k3m9x2p7qa`
}

// Run resumes.
func (c *BroadcastsResumeCmd) Run(ctx context.Context, o IO) error {
	return c.controlBroadcast(ctx, o, admin.BroadcastResume, "It goes on.")
}

// BroadcastsCancelCmd is `homeroom broadcasts cancel`.
type BroadcastsCancelCmd struct{ broadcastControl }

// Help is shown by `homeroom broadcasts cancel --help`.
func (*BroadcastsCancelCmd) Help() string {
	return `Ends a broadcast. Who was handed the event keeps it, with the messages that follow.

Example:
  homeroom broadcasts cancel bc-k3m9x2p7qa`
}

// Run cancels.
func (c *BroadcastsCancelCmd) Run(ctx context.Context, o IO) error {
	return c.controlBroadcast(ctx, o, admin.BroadcastCancel, "Cancelled.")
}

// NameLearnersCmd is `homeroom broadcasts name-learners`.
type NameLearnersCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom broadcasts name-learners --help`.
func (*NameLearnersCmd) Help() string {
	return `Standings that an earlier version wrote do not say whose they are, and a broadcast leaves them out (reason no_id). A learner's next event names theirs; this names those of all learners whose events
are still in the stream or who have a profile. It may run beside everything, and again.

Example:
  homeroom broadcasts name-learners`
}

// Run names learners.
func (c *NameLearnersCmd) Run(ctx context.Context, o IO) error {
	done, err := askInstallation(ctx, o, c, "homeroom broadcasts", func(i *admin.Installation) (admin.NamedLearners, error) {
		return i.NameLearners(ctx, func(so admin.NamedLearners) {
			o.PrintStage(fmt.Sprintf("%s learners", narrate.Thousands(so.Seen)))
		})
	})
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, done, fmt.Sprintf("Named %s standings, of %s learners.", narrate.Thousands(done.Named), narrate.Thousands(done.Seen)))
}
