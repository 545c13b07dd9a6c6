package cli

import (
	"context"
	"fmt"
	"os"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// SuppressionsImportCmd is `homeroom suppressions import`.
type SuppressionsImportCmd struct {
	SuppressionFlags
	File   string            `arg:"" type:"existingfile" help:"CSV with headers, or JSON as SendGrid's API answers it."`
	List   string            `enum:",bounces,blocks,spam_reports,invalid_emails,unsubscribes,group_unsubscribes" default:"" help:"Which of SendGrid's lists it is: bounces, blocks, spam_reports, invalid_emails, unsubscribes, group_unsubscribes. Default: each entry says so in its field named list." placeholder:"LIST"`
	Topic  map[string]string `help:"With group_unsubscribes: a group's name or id, and the topic that leaving it leaves. May be given again." placeholder:"GROUP=TOPIC"`
	DryRun bool              `help:"Read the file and write nothing."`
	Format string            `enum:"text,json" default:"text" help:"text or json."`
}

// Help is shown by `homeroom suppressions import --help`.
func (*SuppressionsImportCmd) Help() string {
	return `Takes in a suppression list that SendGrid exported: bounces and invalid addresses suppress as bounced, spam reports as
complained, unsubscribes as unsubscribed, a block counts as a soft bounce, and a group unsubscribe leaves a topic for the
address. It may be repeated; what was lifted after an address was listed stays lifted. No address is printed.

Examples:
  homeroom suppressions import bounces.csv --list bounces
  homeroom suppressions import groups.json --list group_unsubscribes --topic "Weekly news=news"`
}

// Run imports the file.
func (c *SuppressionsImportCmd) Run(ctx context.Context, o IO) error {
	file, err := os.Open(c.File)
	if err != nil {
		return usage(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return usage(fmt.Errorf("%s is no regular file", c.File))
	}
	installation, err := c.connect(ctx, o, "homeroom suppressions")
	if err != nil {
		return err
	}
	defer installation.Close()
	result, err := installation.ImportSuppressions(ctx, admin.SuppressionImportOptions{
		In:     file,
		List:   c.List,
		Topics: c.Topic,
		DryRun: c.DryRun,
	})
	if c.Format == "json" {
		if printed := o.PrintJSON(result); printed != nil {
			return printed
		}
		return err
	}
	printing.WriteSuppressionImport(o.Out, result)
	return err
}

// SuppressionsExportCmd is `homeroom suppressions export`.
type SuppressionsExportCmd struct {
	SuppressionFlags
	Format string `enum:"csv,json" default:"csv" help:"csv or json."`
}

// Help is shown by `homeroom suppressions export --help`.
func (*SuppressionsExportCmd) Help() string {
	return `Prints the suppressed addresses that learners have now, with the list of SendGrid's that says the same; homeroom suppressions
import reads it. These are personal data. Of addresses that no learner has only hashes are kept: they are counted, and
stay in the bucket. It reads every profile.

Example:
  homeroom suppressions export >suppressions.csv`
}

// Run prints the addresses.
func (c *SuppressionsExportCmd) Run(ctx context.Context, o IO) error {
	export, err := askInstallation(ctx, o, c, "homeroom suppressions", func(i *admin.Installation) (admin.SuppressionExport, error) { return i.ExportSuppressions(ctx) })
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return o.PrintJSON(export)
	}
	err = admin.WriteSuppressionsCSV(o.Out, export.Suppressions)
	if export.Unknown > 0 {
		fmt.Fprintf(o.Err, "%d more addresses are suppressed that no learner has; only their hashes are kept.\n", export.Unknown)
	}
	return err
}
