package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"homeroom/store"
)

// SuppressionsCmd is `homeroom suppressions`.
type SuppressionsCmd struct {
	List SuppressionsListCmd `cmd:"" help:"List the suppressed addresses: why, since when and whose."`
	Lift SuppressionsLiftCmd `cmd:"" help:"Let an address be written to again."`
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
address now; it prints no address. It reads every profile.

Example:
  homeroom suppressions list`
}

// Run prints the list.
func (c *SuppressionsListCmd) Run(ctx context.Context, o IO) error {
	return c.withPeople(ctx, func(people store.People) error {
		records, err := people.ListSuppressions(ctx)
		if err != nil {
			return err
		}
		if c.Format == "json" {
			return writeIndented(o.Out, map[string]any{"suppressions": append([]store.SuppressionRecord{}, records...)})
		}
		return printSuppressions(o.Out, records)
	})
}

func printSuppressions(out io.Writer, records []store.SuppressionRecord) error {
	if len(records) == 0 {
		_, err := fmt.Fprintln(out, "No address is suppressed.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "HASH\tREASON\tSINCE\tLEARNERS")
	for _, r := range records {
		learners := strings.Join(r.Learners, ", ")
		if learners == "" {
			learners = "–"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Hash[:min(12, len(r.Hash))], r.Reason, r.At.UTC().Format(time.RFC3339), learners)
	}
	return table.Flush()
}

// SuppressionsLiftCmd is `homeroom suppressions lift`.
type SuppressionsLiftCmd struct {
	SuppressionFlags
	Address string `arg:"" help:"The mail address."`
	Yes     bool   `help:"Do not ask."`
}

// Help is shown by `homeroom suppressions lift --help`.
func (*SuppressionsLiftCmd) Help() string {
	return `Lets Homeroom write to an address again that bounced, complained, was unsubscribed from everything or was erased. What the
learner said themselves stays: if they left everything, left a topic or do not consent, it is printed, and mail that they
do not want still does not go out. SendGrid keeps a list of its own: remove the address there too.

Example:
  homeroom suppressions lift ada@example.org`
}

// Run lifts the suppression, after asking.
func (c *SuppressionsLiftCmd) Run(ctx context.Context, o IO) error {
	if !strings.Contains(c.Address, "@") {
		return usage(errors.New("the address has no @: give a mail address, not a learner's id"))
	}
	return c.withPeople(ctx, func(people store.People) error {
		status, err := people.AddressStatus(ctx, c.Address)
		if err != nil {
			return err
		}
		if !status.Suppressed {
			fmt.Fprintln(o.Out, "The address is not suppressed.")
			printWishes(o.Out, status.Owners)
			return nil
		}
		if err := c.confirm(o, status.Suppression); err != nil {
			return err
		}
		if err := people.Suppressions.Lift(ctx, c.Address); err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "Lifted: the address was suppressed as %s since %s.\n",
			status.Suppression.Reason, status.Suppression.At.UTC().Format(time.RFC3339))
		printWishes(o.Out, status.Owners)
		return nil
	})
}

// confirm asks whether the address may be written to again.
func (c *SuppressionsLiftCmd) confirm(o IO, s store.Suppression) error {
	if c.Yes {
		return nil
	}
	in, ok := o.In.(*os.File)
	if !ok || !isTerminal(in) || !o.Terminal {
		return usage(errors.New("no terminal is there to ask whether this address is meant: add --yes"))
	}
	fmt.Fprintf(o.Err, "%s is suppressed as %s since %s. Write to it again? [y/N] ", c.Address, s.Reason, s.At.UTC().Format(time.RFC3339))
	typed, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(typed), "y") {
		return errors.New("nothing was lifted")
	}
	return nil
}

// printWishes prints what the learners who have an address still forbid.
func printWishes(out io.Writer, owners []store.AddressOwner) {
	if len(owners) == 0 {
		fmt.Fprintln(out, "No learner has this address now.")
		return
	}
	for _, owner := range owners {
		wishes := describeWishes(owner)
		if len(wishes) == 0 {
			fmt.Fprintf(out, "Learner %s forbids nothing themselves.\n", owner.Learner)
			continue
		}
		fmt.Fprintf(out, "Learner %s still forbids mail: %s. Only they can change that.\n", owner.Learner, strings.Join(wishes, "; "))
	}
}

func describeWishes(owner store.AddressOwner) []string {
	var wishes []string
	if owner.LeftEverything {
		wish := "they unsubscribed from everything"
		if !owner.LeftAt.IsZero() {
			wish += " on " + owner.LeftAt.UTC().Format(time.DateOnly)
		}
		wishes = append(wishes, wish)
	}
	if owner.RefusesConsent {
		wishes = append(wishes, "they do not consent")
	}
	if len(owner.LeftTopics) > 0 {
		wishes = append(wishes, "they left the topics "+strings.Join(owner.LeftTopics, ", "))
	}
	return wishes
}

// withPeople opens the store for as long as use takes.
func (f SuppressionFlags) withPeople(ctx context.Context, use func(store.People) error) error {
	nc, js, err := f.connect("homeroom suppressions")
	if err != nil {
		return err
	}
	defer nc.Close()
	secrets, err := f.secrets(ctx, js)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, js, store.OpenOptions{Secret: secrets[0], OldSecrets: secrets[1:]})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	return use(st.People)
}

func writeIndented(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}
