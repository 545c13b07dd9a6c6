package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// LearnerEraseCmd is `homeroom learner erase`.
type LearnerEraseCmd struct {
	InstallationFlags
	Learner string `arg:"" help:"The learner's id, as the platform publishes it."`
	Yes     bool   `help:"Do not ask."`
	DryRun  bool   `help:"Only count what would be removed."`
}

// Help is shown by `homeroom learner erase --help`.
func (*LearnerEraseCmd) Help() string {
	return `Removes everything that is held about a learner, suppresses their addresses for good, looks again until nothing is
found, and prints a receipt as JSON that names nobody. Homeroom may go on serving meanwhile. Let the platform stop
publishing about the learner first: what it publishes afterwards is taken in again.

The id _ stands for no learner: it removes the events about the platform, and what was published under it by mistake.

It exits with 1 if something remains; run it again then.

Example:
  homeroom learner erase u_42 --dry-run
  homeroom learner erase u_42 --yes > receipt.json`
}

// Run erases the learner.
func (c *LearnerEraseCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connect(ctx, o, "homeroom learner")
	if err != nil {
		return err
	}
	defer installation.Close()
	if c.DryRun {
		counts, err := installation.CountLearnerData(ctx, c.Learner, o.PrintStage)
		if err != nil {
			return err
		}
		return o.PrintText(printing.CountTable(counts))
	}
	if err := c.confirm(o); err != nil {
		return err
	}
	receipt, err := installation.EraseLearner(ctx, c.Learner, currentUser(), o.PrintStage)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(receipt, "", "  ")
	if err == nil {
		_, err = fmt.Fprintln(o.Out, string(data))
	}
	if err != nil {
		return fmt.Errorf("writing the receipt: %w", err)
	}
	return summarizeReceipt(o, receipt)
}

// confirm asks for the id once more: there is no way back.
func (c *LearnerEraseCmd) confirm(o IO) error {
	if c.Yes {
		return nil
	}
	if !isAtTerminal(o) {
		return usage(errors.New("nobody is there to ask whether this learner is meant: add --yes"))
	}
	fmt.Fprintf(o.Err, "This removes everything about %s and cannot be undone. Type the id to go on: ", c.Learner)
	typed, err := bufio.NewReader(o.In).ReadString('\n')
	if err != nil || strings.TrimRight(typed, "\r\n") != c.Learner {
		return errors.New("that was another id: nothing was removed")
	}
	return nil
}

// summarizeReceipt prints for people what the receipt says. It is an error if something remains.
func summarizeReceipt(o IO, r admin.ErasureReceipt) error {
	for _, warning := range r.Warnings {
		fmt.Fprintln(o.Err, "Careful:", warning)
	}
	if !r.Complete {
		return fmt.Errorf("after %d rounds something remains (%s): stop the platform from publishing about this learner, and run this again", r.Rounds, printing.CountLine(r.Remaining))
	}
	removed := printing.CountLine(r.Removed)
	fmt.Fprintf(o.Err, "Erased: %s. Nothing was found any more.\n", removed)
	if removed == "nothing" {
		fmt.Fprintf(o.Err, "There was no such learner, or they were erased before. %s\n", admin.LearnerIDAdvice)
	}
	return nil
}
