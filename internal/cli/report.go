package cli

import (
	"context"

	"homeroom/admin"
	"homeroom/experiment"
	"homeroom/internal/printing"
)

// ReportCmd is `homeroom report`.
type ReportCmd struct {
	NATSFlags
	Since     string `default:"30d" help:"How far back: a duration (30d, 12h), a date, or all. Default: ${default}." placeholder:"T"`
	Rule      string `help:"This rule only, with its arms, messages, channels and guardrails." placeholder:"NAME"`
	Fixed     bool   `help:"Intervals for one look that was planned before, instead of intervals that are valid at every look."`
	Weeks     bool   `help:"The difference week by week instead, with intervals that are valid at all these looks together."`
	Steps     bool   `help:"Count the runs of the last 30 days step by step instead, as the console's page of a rule does."`
	ReadModel string `help:"Keep what was read in this file, and read only what is new. It is made when missing and can be deleted at any time." type:"path" placeholder:"FILE"`
	Format    string `help:"How to print: table, json or csv." enum:"table,json,csv" default:"table"`
}

// Help is shown by `homeroom report --help`.
func (*ReportCmd) Help() string {
	return `Counts, rule by rule, what was decided and what came of it: messages sent and not sent, delivered, opened by people, clicked;
goals reached by those who were sent something and by those who were held out, the difference with its 95 % interval, and what that
means; share links followed, visits, certificates shared, friends referred. A message counts once, however often it was opened.

The intervals are valid however often you look. --fixed gives narrower ones for a look whose day was planned before.

Example:
  homeroom report
  homeroom report --since 2026-03-01 --rule certificate-share
  homeroom report --rule quiz-retry --since 90d --fixed
  homeroom report --weeks --rule quiz-retry
  homeroom report --steps --rule quiz-retry
  homeroom report --read-model /var/lib/homeroom/report.db
  homeroom report --since all --format csv > report.csv`
}

// Run counts and prints.
func (c *ReportCmd) Run(ctx context.Context, o IO) error {
	since, err := readSince(c.Since)
	if err != nil {
		return err
	}
	if c.Steps {
		return c.printSteps(ctx, o)
	}
	answer, err := askReading(ctx, o, c, "homeroom report", func(i *admin.Installation, onRead func(done, total int64)) (admin.Report, error) {
		return i.Report(ctx, admin.ReportOptions{
			Since:     since(i.Now()),
			Rule:      c.Rule,
			Method:    c.chooseMethod(),
			ReadModel: c.ReadModel,
			OnRead:    onRead,
		})
	})
	switch {
	case err != nil:
		return err
	case c.Format == "csv" && c.Weeks:
		return admin.WriteWeeksCSV(o.Out, &answer.Report)
	case c.Format == "csv":
		return admin.WriteReportCSV(o.Out, &answer)
	case c.Weeks:
		return o.PrintResult(c.Format, answer, printing.WeeksText(o, &answer))
	}
	return o.PrintResult(c.Format, answer, printing.ReportText(o, &answer, c.Rule == ""))
}

// printSteps prints what runs did at each step.
func (c *ReportCmd) printSteps(ctx context.Context, o IO) error {
	counts, err := askInstallation(ctx, o, c, "homeroom report", func(i *admin.Installation) (admin.StepCounts, error) { return i.StepCounts(ctx) })
	if err != nil {
		return err
	}
	if c.Rule != "" {
		counts = counts.OnlyOf(c.Rule)
	}
	if c.Format == "csv" {
		return admin.WriteStepsCSV(o.Out, counts)
	}
	return o.PrintResult(c.Format, counts, printing.StepsText(counts))
}

// chooseMethod returns how intervals are worked out.
func (c *ReportCmd) chooseMethod() experiment.Method {
	if c.Fixed {
		return experiment.Fixed
	}
	return experiment.Sequential
}
