package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"homeroom/deadletters"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
	"homeroom/internal/safefiles"
)

// LetterFlags say which dead letters are meant.
type LetterFlags struct {
	Seqs    []uint64 `arg:"" optional:"" name:"seq" help:"Their sequences, as homeroom deadletters list shows them."`
	Reason  string   `help:"All that were refused for this reason." placeholder:"CODE"`
	Learner string   `help:"All of this learner." placeholder:"ID"`
	All     bool     `help:"All there are."`
}

// checkLetters returns an error unless the flags, or others that narrow a selection, say which letters are meant.
func (c *LetterFlags) checkLetters(others ...string) error {
	some := c.Reason != "" || c.Learner != "" || strings.Join(others, "") != ""
	switch {
	case len(c.Seqs) > 0 && (c.All || some):
		return usage(errors.New("name sequences, or say which with flags, not both"))
	case len(c.Seqs) == 0 && !c.All && !some:
		return usage(errors.New("say which: sequences as `homeroom deadletters list` shows them, --reason CODE, --learner ID, or --all"))
	}
	return nil
}

// selection returns the letters that the flags mean.
func (c *LetterFlags) selection() deadletters.Selection {
	return deadletters.Selection{Sequences: c.Seqs, Learner: c.Learner, Reason: c.Reason}
}

// DeadlettersReplayCmd is `homeroom deadletters replay`.
type DeadlettersReplayCmd struct {
	NATSFlags
	LetterFlags
	As      string `name:"as" help:"Publish as this event, for letters whose event was misspelled." placeholder:"EVENT"`
	Body    string `type:"existingfile" help:"Publish this body instead: for one letter." placeholder:"FILE"`
	Catalog string `type:"existingfile" help:"A catalog.yaml to check against. Default: the one of the rules in force." placeholder:"FILE"`
	Force   bool   `help:"Publish those again too that will be refused again."`
	DryRun  bool   `name:"dry-run" help:"Say what would happen, and do nothing."`
}

// Help is shown by `homeroom deadletters replay --help`.
func (*DeadlettersReplayCmd) Help() string {
	return `Publishes refused events again under their own subjects, as they came, and deletes each dead letter once the stream has
its event. First each is checked as it will be on arrival: what would be refused again is skipped, and the exit code is 1.

It may be stopped and repeated: an event that was published twice is recognized by its id. An event without a time keeps the one
at which it first arrived. One that is older than max_event_age counts, but starts no rule.

Example:
  homeroom deadletters replay 12 13
  homeroom deadletters replay --reason unknown_event --as lesson.completed --dry-run
  homeroom deadletters replay 12 --body mended.json`
}

// Run replays.
func (c *DeadlettersReplayCmd) Run(ctx context.Context, o IO) error {
	opts, err := c.replayOptions()
	if err != nil {
		return err
	}
	installation, err := c.connect(ctx, o, "homeroom deadletters")
	if err != nil {
		return err
	}
	defer installation.Close()
	skipped := 0
	opts.OnSkip = func(l deadletters.Letter, refusal error) {
		if skipped++; skipped <= maxSkipsPrinted {
			fmt.Fprintf(o.Err, "%d %s of %s is skipped: %s\n", l.Sequence, cells.Printable(l.Event), cells.Printable(l.Learner), cells.Printable(refusal.Error()))
		}
	}
	onRead, clearLine := o.DrawReading()
	opts.OnRead = onRead
	result, err := installation.ReplayDeadLetters(ctx, opts)
	clearLine()
	if err != nil {
		return err
	}
	verb := "published again"
	rest := "."
	if c.DryRun {
		verb = "would be published again"
		rest = "; nothing was done."
	}
	if _, err := fmt.Fprintf(o.Out, "%s %s, %s skipped%s\n", narrate.Count(result.Published, "event"), verb, narrate.Thousands(result.Skipped), rest); err != nil {
		return err
	}
	if result.Skipped > 0 {
		return ExitError{Code: 1}
	}
	return nil
}

// replayOptions checks the flags and reads the files that they name.
func (c *DeadlettersReplayCmd) replayOptions() (deadletters.ReplayOptions, error) {
	opts := deadletters.ReplayOptions{
		Selection: c.selection(),
		As:        c.As,
		Force:     c.Force,
		DryRun:    c.DryRun,
	}
	if err := c.checkLetters(); err != nil {
		return opts, err
	}
	if c.Body != "" && len(c.Seqs) != 1 {
		return opts, usage(errors.New("--body is for one letter: name its sequence"))
	}
	if c.Body != "" {
		body, err := safefiles.ReadFile(c.Body, maxInputFile)
		if err != nil {
			return opts, usage(fmt.Errorf("--body: %w", err))
		}
		opts.Body = body
	}
	var err error
	opts.Catalog, err = givenCatalog(c.Catalog)
	return opts, err
}

// maxSkipsPrinted is how many skipped letters are printed one by one.
const maxSkipsPrinted = 20
