package cli

import (
	"context"
	"fmt"
	"time"

	"homeroom/admin"
	"homeroom/app"
	"homeroom/internal/printing"
)

// SuppressionsCmd is `homeroom suppressions`.
type SuppressionsCmd struct {
	List   SuppressionsListCmd   `cmd:"" help:"List the suppressed addresses: why, since when, until when and whose."`
	Lift   SuppressionsLiftCmd   `cmd:"" help:"Let an address be written to again."`
	Import SuppressionsImportCmd `cmd:"" help:"Take in a suppression list that SendGrid exported."`
	Export SuppressionsExportCmd `cmd:"" help:"Print the suppressed addresses that learners have, for another system."`
}

// SuppressionFlags say where suppressions are kept, and under which secrets.
type SuppressionFlags struct {
	NATSFlags
	SecretFlags
}

// SuppressionsListCmd is `homeroom suppressions list`.
type SuppressionsListCmd struct {
	SuppressionFlags
	Format string `enum:"table,json" default:"table" help:"table or json."`
}

// Help is shown by `homeroom suppressions list --help`.
func (*SuppressionsListCmd) Help() string {
	return `Addresses are kept as keyed hashes. The list has the first digits of each hash, and the learners whose profile has the
address now; it prints no address. UNTIL is when a suppression ends by itself: an address that refused five messages
within 14 days and took none (soft_bounced) rests for 30 days. It reads every profile.

Example:
  homeroom suppressions list`
}

// Run prints the list.
func (c *SuppressionsListCmd) Run(ctx context.Context, o IO) error {
	list, err := askInstallation(ctx, o, c, "homeroom suppressions", func(i *admin.Installation) (admin.SuppressionList, error) { return i.ListSuppressions(ctx) })
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, list, printing.SuppressionsText(list.Suppressions))
}

// SuppressionsLiftCmd is `homeroom suppressions lift`.
type SuppressionsLiftCmd struct {
	SuppressionFlags
	SendGridAccountFlags
	Address    string `arg:"" help:"The mail address."`
	AtSendGrid bool   `name:"at-sendgrid" help:"Take the address off SendGrid's suppression lists too. The API key needs full access to Suppressions."`
	Yes        bool   `help:"Do not ask."`
}

// Help is shown by `homeroom suppressions lift --help`.
func (*SuppressionsLiftCmd) Help() string {
	return `Lets Homeroom write to an address again that bounced, refused too many messages, complained, was unsubscribed from everything or was erased. What the
learner said themselves stays: if they left everything, left a topic or do not consent, it is printed, and mail that they
do not want still does not go out.

SendGrid keeps lists of its own, and drops mail to whoever is on them: with --at-sendgrid the address is taken off its bounces,
invalid addresses, spam reports, global unsubscribes and blocks, and each is named. That works for an address too that
Homeroom does not suppress.

Examples:
  homeroom suppressions lift ada@example.org
  homeroom suppressions lift ada@example.org --at-sendgrid`
}

// Run lifts the suppression, after asking.
func (c *SuppressionsLiftCmd) Run(ctx context.Context, o IO) error {
	if err := admin.CheckAddress(c.Address); err != nil {
		return err
	}
	var lists app.MailSender
	if c.AtSendGrid { // a key that is missing is said before anything is changed
		var err error
		if lists, err = c.newAccountSender(false); err != nil {
			return err
		}
		defer lists.Close()
	}
	installation, err := c.connect(ctx, o, "homeroom suppressions")
	if err != nil {
		return err
	}
	defer installation.Close()
	status, err := installation.AddressStatus(ctx, c.Address)
	if err != nil {
		return err
	}
	if status.Suppressed || c.AtSendGrid {
		if err := c.confirm(o, status); err != nil {
			return err
		}
	}
	if status.Suppressed {
		if err := installation.LiftSuppression(ctx, c.Address); err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "Lifted in Homeroom: the address was suppressed as %s since %s.\n",
			status.Suppression.Reason, status.Suppression.At.UTC().Format(time.RFC3339))
	} else {
		fmt.Fprintln(o.Out, "The address is not suppressed in Homeroom.")
	}
	if c.AtSendGrid {
		removals, err := installation.RemoveAtProvider(ctx, lists, c.Address)
		printing.WriteRemovals(o.Out, removals)
		if err != nil {
			return fmt.Errorf("%w; run this again, with a key that has full access to Suppressions", err)
		}
	} else if status.Suppressed {
		fmt.Fprintln(o.Out, "SendGrid's own lists were not touched: if the address is on one, its next mail is dropped. --at-sendgrid takes it off.")
	}
	printing.WritePreferences(o.Out, status.Owners)
	return nil
}

// confirm asks whether the address may be written to again.
func (c *SuppressionsLiftCmd) confirm(o IO, status admin.AddressStatus) error {
	if c.Yes {
		return nil
	}
	known := "not suppressed in Homeroom"
	if s := status.Suppression; status.Suppressed {
		known = fmt.Sprintf("suppressed as %s since %s", s.Reason, s.At.UTC().Format(time.RFC3339))
	}
	atSendGrid := ""
	if c.AtSendGrid {
		atSendGrid = ", and take it off SendGrid's lists"
	}
	question := fmt.Sprintf("%s is %s. Write to it again%s?", c.Address, known, atSendGrid)
	return confirmAtTerminal(o, "no terminal is there to ask whether this address is meant: add --yes", question, "nothing was lifted")
}

// connect implements connector, with the installation's secret.
func (f SuppressionFlags) connect(ctx context.Context, o IO, name string) (*admin.Installation, error) {
	return InstallationFlags{NATSFlags: f.NATSFlags, SecretFlags: f.SecretFlags}.connect(ctx, o, name)
}
