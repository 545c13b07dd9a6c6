package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"homeroom/dev/keyboard"
)

// commands is the command line. Run is the default command.
type commands struct {
	Run   runCommand   `cmd:"" default:"withargs" help:"Start everything and play a term of a small campus (what happens without a command)."`
	Play  playCommand  `cmd:"" help:"Play recorded events through the production path in time-lapse."`
	Drill drillCommand `cmd:"" help:"Practice disasters and account for every event."`
	Bench benchCommand `cmd:"" help:"Measure, and compare with budgets and with other engines."`
	Pages pagesCommand `cmd:"" help:"Measure how long the pages of the console take on a large campus."`
	Judge judgeCommand `cmd:"" help:"Measure whom an academy's rules about silence and risk reach and bother, over recorded events."`
	Null  nullCommand  `cmd:"" help:"Try reports on made-up learners whom no message moves: how often is a difference seen that is not there?"`
}

// console is a command's output.
type console struct {
	out, errOut io.Writer
	in          *os.File   // whose keys are read; nil: out is no terminal
	columns     func() int // how many the terminal of out has; 0: out is no terminal
	log         *slog.Logger
	color       bool // out may be colored
	terminal    bool // errOut is a terminal
}

func main() {
	if os.Getenv("GOGC") == "" && !slices.Contains(os.Args, "--serve") { // a process whose memory is measured runs as in production
		debug.SetGCPercent(200) // the embedded servers make much garbage and keep little: this saves a few percent of processor time
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx := untilInterrupted(signals, os.Stderr, os.Exit)
	os.Exit(runMain(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// exampleAcademy is the folder that the commands take unless they are told another, seen from the repository's own.
const exampleAcademy = "examples/academy"

// usageHint says what to do about arguments that are not understood.
func usageHint(err error) string {
	if _, missing := os.Stat(exampleAcademy); missing != nil && strings.Contains(err.Error(), exampleAcademy) {
		return "run it in the folder that git cloned, where " + exampleAcademy + " is, or name an academy with --academy DIR"
	}
	return "run --help and play --help list the flags"
}

// runMain parses the arguments, runs the command and returns the exit code: 0 success, 1 failure, 2 wrong usage.
func runMain(ctx context.Context, args []string, out, errOut io.Writer) int {
	exit := -1
	parser, err := kong.New(&commands{},
		kong.Name("dev"),
		kong.Description("Homeroom and everything it talks to, on this machine only. Without a command it starts everything and plays a term; run --help lists the flags of that, such as --live."),
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { exit = code }), // --help
		kong.DefaultEnvars("HOMEROOM_DEV"),
	)
	if err != nil {
		printError(errOut, err)
		return 1
	}
	command, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "dev: %v\ndev: %s\n", err, usageHint(err))
		return 2
	}
	c := &console{
		out:      out,
		errOut:   errOut,
		columns:  func() int { return columnsOf(out) },
		color:    isTerminal(out) && os.Getenv("NO_COLOR") == "",
		terminal: isTerminal(errOut),
		log:      slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: untilStopped{ctx}})),
	}
	if isTerminal(out) {
		c.in = os.Stdin
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(c); err != nil && !errors.Is(err, context.Canceled) {
		printError(errOut, err)
		return 1
	}
	return 0
}

// untilStopped is a log level that admits errors until ctx ends. Errors of servers that are being stopped are expected, and
// a failure to stop them is returned.
type untilStopped struct{ ctx context.Context }

// Level returns the lowest level that is logged.
func (u untilStopped) Level() slog.Level {
	if u.ctx.Err() != nil {
		return slog.LevelError + 1
	}
	return slog.LevelError
}

// printError prints an error; each of several joined errors has a line.
func printError(out io.Writer, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintln(out, "dev:", line)
	}
}

// untilInterrupted returns a context that ends with the first signal. The second signal ends the program at once.
func untilInterrupted(signals <-chan os.Signal, out io.Writer, leave func(code int)) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-signals
		_, _ = fmt.Fprintln(out, "\nStopping. Ctrl-C again leaves at once.")
		cancel()
		<-signals
		leave(130)
	}()
	return ctx
}

// columnsOf returns how many columns the terminal of a writer has; 0: it is no terminal.
func columnsOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	return keyboard.Columns(f)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
