package cli

import (
	"context"
	"errors"
	"fmt"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/printing"
)

// RulesScheduleCmd is `homeroom rules schedule`.
type RulesScheduleCmd struct {
	Draft string `arg:"" optional:"" help:"The draft's name, as the list shows it. Default: list what is scheduled."`
	NATSFlags
	At              string `help:"When: a time of a day, such as '2026-12-01 09:00'." placeholder:"TIME"`
	Zone            string `default:"UTC" help:"The time zone of --at, such as Europe/Berlin. Default: ${default}." placeholder:"ZONE"`
	Cancel          bool   `help:"Cancel what is scheduled."`
	InFlight        string `name:"in-flight" enum:"finish,migrate,cancel" default:"finish" help:"What happens to live runs; see homeroom rules publish. Default: ${default}." placeholder:"MODE"`
	Note            string `help:"Why, for the history." placeholder:"TEXT"`
	Approvals       int    `env:"HOMEROOM_CONSOLE_APPROVALS" default:"1" help:"How many other people must have approved the draft, if settings.yaml does not say; as the console has it. Default: ${default}." placeholder:"N"`
	WithoutApproval bool   `name:"without-approval" help:"Although approvals are missing; the history says so."`
	Untested        bool   `help:"Although rule tests fail; the history says so."`
	Format          string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules schedule --help`.
func (*RulesScheduleCmd) Help() string {
	return `Has a draft of the console put in force at a time. The console does it, which must run then, at most an hour late. An edit of the draft
cancels it, and so does another publication; the list and the console's overview then say so.

Example:
  homeroom rules schedule
  homeroom rules schedule maya --at '2026-12-01 09:00' --zone Europe/Berlin
  homeroom rules schedule maya --cancel`
}

// Run lists, schedules or cancels.
func (c *RulesScheduleCmd) Run(ctx context.Context, o IO) error {
	switch {
	case c.Draft == "" && (c.At != "" || c.Cancel):
		return usage(errors.New("say which draft; homeroom rules schedule lists them"))
	case c.Draft != "" && (c.At == "") == !c.Cancel:
		return usage(errors.New("say when with --at, or --cancel"))
	}
	installation, err := c.connect(ctx, o, "homeroom rules")
	if err != nil {
		return err
	}
	defer installation.Close()
	if c.Draft == "" {
		return c.list(ctx, o, installation)
	}
	draft, err := installation.Draft(ctx, c.Draft)
	if err != nil {
		return err
	}
	if c.Cancel {
		draft, err = installation.UnscheduleDraft(ctx, draft)
	} else {
		draft, err = installation.ScheduleDraft(ctx, draft, c.readScheduling(&draft))
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("The draft of %s is not put in force by itself.", draft.Author)
	if draft.Schedule.Waits() {
		text = fmt.Sprintf("The draft of %s is %s.", draft.Author, admin.DescribeSchedule(draft.Schedule))
	}
	return o.PrintResult(c.Format, draft.Summary(), text)
}

// readScheduling returns what the flags ask for, of the draft as it is.
func (c *RulesScheduleCmd) readScheduling(draft *admin.Draft) admin.Scheduling {
	return admin.Scheduling{
		At:   c.At,
		Zone: c.Zone,
		DraftPublication: admin.DraftPublication{
			Seen:            draft.Hash,
			By:              currentUser(),
			Note:            c.Note,
			RunPolicy:       engine.RunPolicy(c.InFlight),
			Approvals:       c.Approvals,
			WithoutApproval: c.WithoutApproval,
			Untested:        c.Untested,
		},
	}
}

// list prints the drafts, with what is scheduled.
func (c *RulesScheduleCmd) list(ctx context.Context, o IO, installation *admin.Installation) error {
	drafts, err := installation.Drafts(ctx)
	if err != nil {
		return err
	}
	summaries := []admin.DraftSummary{}
	for n := range drafts {
		summaries = append(summaries, drafts[n].Summary())
	}
	return o.PrintResult(c.Format, summaries, printing.DraftSchedulesText(summaries))
}
