package cli

import (
	"context"

	"homeroom/admin"
	"homeroom/internal/printing"
	"homeroom/rules"
)

// RulesHistoryCmd is `homeroom rules history`.
type RulesHistoryCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules history --help`.
func (*RulesHistoryCmd) Help() string {
	return `Lists the last 64 publications, the newest first: number, revision, author, time, what happened to live runs, note.

Example:
  homeroom rules history --format json`
}

// Run prints the history.
func (c *RulesHistoryCmd) Run(ctx context.Context, o IO) error {
	history, err := askInstallation(ctx, o, c, "homeroom rules", func(i *admin.Installation) (admin.PublicationHistory, error) { return i.PublicationHistory(ctx) })
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, history, printing.PublicationHistoryText(&history))
}

// RulesDiffCmd is `homeroom rules diff`.
type RulesDiffCmd struct {
	NATSFlags
	A      string `arg:"" help:"A revision's number or hash, current, or a folder."`
	B      string `arg:"" optional:"" default:"current" help:"The other one. Default: current."`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules diff --help`.
func (*RulesDiffCmd) Help() string {
	return `Shows which rules and files differ, and how, line by line.

Example:
  homeroom rules diff current academy    # what would publishing change?
  homeroom rules diff 6 7`
}

// Run prints the difference.
func (c *RulesDiffCmd) Run(ctx context.Context, o IO) error {
	var installation *admin.Installation // nil: two folders need none
	if !isDir(c.A) || !isDir(c.B) {
		var err error
		if installation, err = c.connect(ctx, o, "homeroom rules"); err != nil {
			return err
		}
		defer installation.Close()
	}
	a, err := findAcademy(ctx, installation, c.A)
	if err != nil {
		return err
	}
	b, err := findAcademy(ctx, installation, c.B)
	if err != nil {
		return err
	}
	diff := admin.CompareAcademies(a, b)
	return o.PrintResult(c.Format, diff, printing.DiffText(o, &diff))
}

// findAcademy compiles a folder or a published revision.
func findAcademy(ctx context.Context, installation *admin.Installation, ref string) (*rules.Academy, error) {
	if isDir(ref) {
		return loadAcademy(ref)
	}
	return installation.Revision(ctx, ref)
}

// RulesStatusCmd is `homeroom rules status`.
type RulesStatusCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules status --help`.
func (*RulesStatusCmd) Help() string {
	return `Shows the revision in force, which revision each running instance has and how its last swap went, and how many learners
have a live run of each rule.

Example:
  homeroom rules status`
}

// Run prints the status.
func (c *RulesStatusCmd) Run(ctx context.Context, o IO) error {
	status, err := askInstallation(ctx, o, c, "homeroom rules", func(i *admin.Installation) (admin.RulesStatus, error) { return i.RulesStatus(ctx) })
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, status, printing.RulesStatusText(status))
}
