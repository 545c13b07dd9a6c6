package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// Commands is everything `homeroom` can do, in the order its help shows it.
type Commands struct {
	Serve     ServeCmd     `cmd:"" help:"Run Homeroom: hear events, decide, send."`
	Emit      EmitCmd      `cmd:"" help:"Publish one event, to try things."`
	Rules     RulesCmd     `cmd:"" help:"Check, test and publish a growth team's folder."`
	Simulate  SimulateCmd  `cmd:"" help:"Show what recorded events would have sent, with no server."`
	Backtest  BacktestCmd  `cmd:"" help:"Compare a draft with what is in force over recorded events: which messages change, and for whom."`
	Backtests BacktestsCmd `cmd:"" help:"List, show and cancel backtests in the background, or work on them."`
	Catalog   CatalogCmd   `cmd:"" help:"List the events that Homeroom knows."`
	Events    EventsCmd    `cmd:"" help:"Check bodies as a platform is about to publish them."`
	Watch     WatchCmd     `cmd:"" help:"Show what arrives and what becomes of it, while it does."`
	Sources   SourcesCmd   `cmd:"" help:"Try how bodies of other formats are read."`
	Messages  MessagesCmd  `cmd:"" help:"List messages, and send one to yourself as a test."`
	Learner   LearnerCmd   `cmd:"" help:"Tell a learner's story; export or erase what is known of them."`
	Report    ReportCmd    `cmd:"" help:"Count what was decided and what came of it, rule by rule."`
	Risk      RiskCmd      `cmd:"" help:"List how likely each learner is to leave a course, and why."`
	Console   ConsoleCmd   `cmd:"" help:"Serve the growth team's pages: write, try, approve and publish rules in a browser."`
	Import    ImportCmd    `cmd:"" help:"Bring existing learners in, silently."`

	Broadcast  BroadcastCmd  `cmd:"" help:"Start a rule for everybody in its audience, or count whom it would reach."`
	Broadcasts BroadcastsCmd `cmd:"" help:"List, pause, resume and cancel broadcasts."`

	Deadletters  DeadlettersCmd  `cmd:"" help:"Look at what was refused, mend it, and publish it again."`
	Suppressions SuppressionsCmd `cmd:"" help:"List the addresses that are not written to, and let one be written to again."`
	Keys         KeysCmd         `cmd:"" help:"Make, list and revoke the keys with which events are posted over HTTP."`
	Audit        AuditCmd        `cmd:"" help:"List who did what: published, approved, paused, looked learners up, erased."`
	Calibrate    CalibrateCmd    `cmd:"" help:"Compare what the risk said with what came of it, and work out its intercept."`
	Doctor       DoctorCmd       `cmd:"" help:"Check everything that Homeroom needs, and say what to do."`
	Setup        SetupCmd        `cmd:"" help:"Make the streams, buckets and search attributes that are missing."`

	Pause   PauseCmd   `cmd:"" help:"Stop all sending at once; everything else goes on."`
	Resume  ResumeCmd  `cmd:"" help:"Let messages go out again."`
	Codec   CodecCmd   `cmd:"" help:"Decrypt for the Temporal UI what is stored encrypted."`
	Version VersionCmd `cmd:"" help:"Print the version."`

	Completion CompletionCmd `cmd:"" help:"Print a script that completes commands in a shell."`
	Man        ManCmd        `cmd:"" help:"Print the manual page, or write one for each command."`

	ShowVersion versionFlag `name:"version" help:"Print the version."`
}

// LearnerCmd is `homeroom learner`.
type LearnerCmd struct {
	Why    LearnerWhyCmd    `cmd:"" help:"Tell what happened to a learner, what was decided, and why."`
	Stuck  LearnerStuckCmd  `cmd:"" help:"List the learners who are set aside, and why."`
	Retry  LearnerRetryCmd  `cmd:"" help:"Try a learner who is set aside again at once."`
	Export LearnerExportCmd `cmd:"" help:"Write everything that is held about a learner."`
	Erase  LearnerEraseCmd  `cmd:"" help:"Erase a learner, with a receipt."`

	Requests LearnerRequestsCmd `cmd:"" help:"List what was asked for in the console, exports and erasures, and carry it out."`
}

// RulesCmd is `homeroom rules`.
type RulesCmd struct {
	Check   RulesCheckCmd   `cmd:"" help:"Find every mistake in a folder: rules, settings, messages, courses."`
	Test    RulesTestCmd    `cmd:"" help:"Run the folder's rule tests on a virtual clock."`
	Explain RulesExplainCmd `cmd:"" help:"Say a rule in words: its program, what it listens to, what that costs."`
	Render  RulesRenderCmd  `cmd:"" help:"Show a message as a learner would get it."`
	Schema  RulesSchemaCmd  `cmd:"" help:"Print the JSON Schema of a kind of file, for editors."`

	Publish  RulesPublishCmd  `cmd:"" help:"Put a folder in force, without a restart."`
	Status   RulesStatusCmd   `cmd:"" help:"Show what is in force, who runs it, and how many learners are under way."`
	History  RulesHistoryCmd  `cmd:"" help:"List what was published, by whom, when and why."`
	Diff     RulesDiffCmd     `cmd:"" help:"Compare two revisions, or a revision and a folder."`
	Schedule RulesScheduleCmd `cmd:"" help:"Have a draft of the console put in force at a time, or list what is scheduled."`
	Rollback RulesRollbackCmd `cmd:"" help:"Publish an earlier revision again."`
	Pull     RulesPullCmd     `cmd:"" help:"Write what is in force into a folder."`
	Sweep    RulesSweepCmd    `cmd:"" help:"Reach learners who sleep once more, if publishing was interrupted."`
}

// IO is what a command may read from and write to.
type IO = printing.IO

// Terminal is the IO of this process: colors and progress only where a person looks, and never with NO_COLOR.
func Terminal() IO {
	return IO{
		In:       os.Stdin,
		Out:      os.Stdout,
		Err:      os.Stderr,
		Now:      time.Now,
		Color:    isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "",
		Terminal: isTerminal(os.Stderr),
	}
}

// Main runs one command and returns one of exitCodes.
func Main(ctx context.Context, args []string, o IO) int {
	var commands Commands
	exited := false
	code := 0
	parser, err := kong.New(&commands,
		kong.Name("homeroom"),
		kong.Description("A learner engagement engine: learners' events in, the right nudge at the right moment out."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(o.Out, o.Err),
		kong.Exit(func(c int) {
			exited = true
			code = c
		}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(o.Out, (*io.Writer)(nil)), kong.Bind(o),
	)
	if err != nil {
		fmt.Fprintln(o.Err, "homeroom:", err)
		return 1
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == completeWord:
		return exitCode(writeCompletions(o.Out, parser.Model.Node, args[1:]), o)
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := parser.Parse(args)
	if exited { // --help, --version
		return code
	}
	if err != nil {
		fmt.Fprintf(o.Err, "homeroom: %v\nRun `homeroom --help`, or `homeroom COMMAND --help` for an example.\n", err)
		return 2
	}
	return exitCode(parsed.Run(), o)
}

// exitCode prints an error and returns the exit code for it.
func exitCode(err error, o IO) int {
	var exit ExitError
	var folder *admin.FolderError
	var input *admin.InputError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &folder):
		if err := folder.Problems.Format(o.Err, o.Color); err != nil {
			fmt.Fprintln(o.Err, "homeroom:", err)
		}
		return 1
	case errors.As(err, &exit):
		if exit.Err != nil {
			fmt.Fprintln(o.Err, "homeroom:", err)
		}
		return exit.Code
	}
	fmt.Fprintln(o.Err, "homeroom:", err)
	if errors.As(err, &input) {
		return 2
	}
	return 1
}
