package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/app"
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
	installation, err := c.connectWithSecret(ctx, o)
	if err != nil {
		return err
	}
	defer installation.Close()
	list, err := installation.ListSuppressions(ctx)
	if err != nil {
		return err
	}
	return printResult(o, c.Format, list, suppressionsText(list.Suppressions))
}

func suppressionsText(records []admin.SuppressionRecord) string {
	if len(records) == 0 {
		return "No address is suppressed."
	}
	text := table(func(row func(...any)) {
		row("HASH", "REASON", "SINCE", "UNTIL", "LEARNERS")
		for _, r := range records {
			learners := printable(strings.Join(r.Learners, ", "))
			if learners == "" {
				learners = "–"
			}
			until := "lifted"
			if !r.Until.IsZero() {
				until = r.Until.UTC().Format(time.RFC3339)
			}
			row(r.Hash[:min(12, len(r.Hash))], r.Reason, r.At.UTC().Format(time.RFC3339), until, learners)
		}
	})
	return strings.TrimSuffix(text, "\n")
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
	installation, err := c.connectWithSecret(ctx, o)
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
		printRemovals(o.Out, removals)
		if err != nil {
			return fmt.Errorf("%w; run this again, with a key that has full access to Suppressions", err)
		}
	} else if status.Suppressed {
		fmt.Fprintln(o.Out, "SendGrid's own lists were not touched: if the address is on one, its next mail is dropped. --at-sendgrid takes it off.")
	}
	printPreferences(o.Out, status.Owners)
	return nil
}

// printRemovals prints what became of an address on each of SendGrid's lists.
func printRemovals(out io.Writer, removals []admin.ProviderRemoval) {
	for _, r := range removals {
		what := "was not there"
		if r.Removed {
			what = "taken off"
		}
		if r.Err != nil {
			what = "could not be asked; the address may be on it"
		}
		fmt.Fprintf(out, "SendGrid's list %s: %s.\n", r.List, what)
	}
}

// confirm asks whether the address may be written to again.
func (c *SuppressionsLiftCmd) confirm(o IO, status admin.AddressStatus) error {
	if c.Yes {
		return nil
	}
	in, ok := o.In.(*os.File)
	if !ok || !isTerminal(in) || !o.Terminal {
		return usage(errors.New("no terminal is there to ask whether this address is meant: add --yes"))
	}
	known := "not suppressed in Homeroom"
	if s := status.Suppression; status.Suppressed {
		known = fmt.Sprintf("suppressed as %s since %s", s.Reason, s.At.UTC().Format(time.RFC3339))
	}
	atSendGrid := ""
	if c.AtSendGrid {
		atSendGrid = ", and take it off SendGrid's lists"
	}
	fmt.Fprintf(o.Err, "%s is %s. Write to it again%s? [y/N] ", c.Address, known, atSendGrid)
	typed, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(typed), "y") {
		return errors.New("nothing was lifted")
	}
	return nil
}

// printPreferences prints what the learners who have an address still forbid.
func printPreferences(out io.Writer, owners []admin.AddressOwner) {
	if len(owners) == 0 {
		fmt.Fprintln(out, "No learner has this address now.")
		return
	}
	for _, owner := range owners {
		refusals := describePreferences(owner)
		if len(refusals) == 0 {
			fmt.Fprintf(out, "Learner %s forbids nothing themselves.\n", owner.Learner)
			continue
		}
		fmt.Fprintf(out, "Learner %s still forbids mail: %s. Only they can change that.\n", owner.Learner, strings.Join(refusals, "; "))
	}
}

func describePreferences(owner admin.AddressOwner) []string {
	var refusals []string
	if owner.LeftEverything {
		refusal := "they unsubscribed from everything"
		if !owner.LeftAt.IsZero() {
			refusal += " on " + owner.LeftAt.UTC().Format(time.DateOnly)
		}
		refusals = append(refusals, refusal)
	}
	if owner.RefusesConsent {
		refusals = append(refusals, "they do not consent")
	}
	if len(owner.LeftTopics) > 0 {
		refusals = append(refusals, "they left the topics "+strings.Join(owner.LeftTopics, ", "))
	}
	return refusals
}

// connectWithSecret connects to the installation with its secret; whoever calls it closes it.
func (f SuppressionFlags) connectWithSecret(ctx context.Context, o IO) (*admin.Installation, error) {
	return InstallationFlags{NATSFlags: f.NATSFlags, SecretFlags: f.SecretFlags}.connectInstallation(ctx, o, "homeroom suppressions", 0)
}
