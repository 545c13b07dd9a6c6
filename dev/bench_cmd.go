package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"homeroom/dev/bench"
	"homeroom/dev/play"
	"homeroom/rules"
)

// benchCommand measures Homeroom.
type benchCommand struct {
	Academy  string     `type:"existingdir" default:"examples/academy" placeholder:"DIR" help:"The rules that the campus lives under. Default: ${default}."`
	Learners int        `default:"200" help:"Learners on the campus. Default: ${default}."`
	Days     int        `default:"45" help:"Days of the term. Default: ${default}."`
	Seed     uint64     `default:"1" help:"The same seed makes the same load. Default: ${default}."`
	Lapse    play.Lapse `name:"timelapse" default:"1d=6s" placeholder:"1d=6s" help:"How fast the term passes; too fast, and one signal carries what would have been two. Default: a day in six seconds."`
	Events   int        `default:"300000" help:"Events that no rule needs, for the figures per second. Default: ${default}."`
	Runs     int        `default:"1" help:"Do each job so many times, and report medians and spreads. Default: ${default}."`
	Jobs     string     `placeholder:"ABCDEF" help:"Do these of the jobs instead, on durable storage; 'all' does all. F is A beside a broadcast."`
	Scale    bool       `help:"Measure one to four processes of each role instead."`
	JSON     string     `name:"json" placeholder:"FILE" help:"Write the report as JSON too."`
	Profile  string     `placeholder:"FILE" help:"Write a processor profile of the whole run, for go tool pprof."`
	Data     string     `type:"path" placeholder:"DIR" help:"Keep everything below this directory, and leave it there. Default: a temporary one."`
}

// Help is shown by `go run ./dev bench --help`.
func (*benchCommand) Help() string {
	return `Measures Homeroom on real servers in this process and prints a table with the budgets of docs/performance.md: the rate of
events that no rule needs, compared with the limit (only fetch and acknowledge) and the naive way (every event a signal); the
cost of a term of a campus in Temporal actions, read from the histories; history events per nudge; the cost of a resting
learner; the engine alone; memory. With --jobs it runs the five jobs that two other engines were given, and shows their
results next to Homeroom's; job F does A beside a broadcast to 10,000 learners. --scale runs one to four processes of each
role on a cluster of three NATS servers and Temporal on PostgreSQL, if that is installed (Debian's package postgresql; it is
started with a temporary directory of its own), else on SQLite, and shows throughput, latency and processor time for a message.

Run it on a machine without other work: it takes ten minutes, the jobs seven.

Examples:
  go run ./dev bench --json bench.json
  go run ./dev bench --jobs all --runs 3   # with spreads, in some 20 minutes
  go run ./dev bench --scale               # in some 20 minutes
  go run ./dev bench --learners 40 --days 20 --events 50000 \
    --timelapse 1d=3s                      # smaller, in three minutes`
}

// Validate refuses flags that would be passed over.
func (b *benchCommand) Validate() error {
	switch {
	case b.Scale && b.Jobs != "":
		return errors.New("--scale and --jobs are two measurements: run one after the other")
	case b.Runs != 1 && b.Jobs == "":
		return errors.New("--runs repeats jobs: name them with --jobs")
	}
	return nil
}

// Run measures and prints.
func (b *benchCommand) Run(ctx context.Context, c *console) error {
	academy, problems := rules.LoadDir(b.Academy)
	if academy == nil {
		problems.Format(c.out, c.color)
		return fmt.Errorf("%s has mistakes: see above", b.Academy)
	}
	dir, clean, err := b.openDirectory()
	if err != nil {
		return err
	}
	defer clean()
	stop, err := b.startProfile()
	if err != nil {
		return err
	}
	defer stop()
	log, closeLog, err := openServerLog()
	if err != nil {
		return err
	}
	defer closeLog(c.errOut)
	o := &bench.Options{
		Academy:  academy,
		Learners: b.Learners,
		Days:     b.Days,
		Seed:     b.Seed,
		Factor:   b.Lapse.Factor(),
		Events:   b.Events,
		Dir:      dir,
		Log:      log,
	}
	if c.terminal {
		o.Progress = progressLine(c)
	}
	if b.Scale {
		return b.runScale(ctx, c, o)
	}
	var report *bench.Report
	if b.Jobs == "" {
		report, err = o.Run(ctx, drillProcess)
	} else {
		letters := b.Jobs
		if strings.EqualFold(letters, "all") {
			letters = ""
		}
		report, err = o.Jobs(ctx, letters, b.Runs, bench.Sizes{}, drillProcess)
	}
	if c.terminal {
		fmt.Fprint(c.errOut, "\r\x1b[K")
	}
	if report == nil || len(report.Figures) == 0 {
		return err
	}
	return errors.Join(err, report.WriteTable(c.out), b.writeJSONFile(report.WriteJSON)) // after a failure too, with the figures so far
}

// runScale measures counts of processes and prints a table, after a failure too, with what was measured so far.
func (b *benchCommand) runScale(ctx context.Context, c *console, o *bench.Options) error {
	report, err := o.Scale(ctx, bench.DefaultScaleSizes(), bench.FindScaleServers(), drillProcess)
	if c.terminal {
		fmt.Fprint(c.errOut, "\r\x1b[K")
	}
	if len(report.Points) == 0 {
		return err
	}
	return errors.Join(err, report.WriteTable(c.out), b.writeJSONFile(report.WriteJSON))
}

// drillProcess returns a command that runs this program as the process that serves.
func drillProcess() *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	cmd := exec.Command(program, "drill", "--serve")
	cmd.Stderr = os.Stderr
	return cmd
}

// openServerLog opens a file for what the servers log: their errors while they are being stopped are no news for whoever reads a table. closeLog says where the file is, or removes it if
// nothing was logged.
func openServerLog() (log *slog.Logger, closeLog func(say io.Writer), err error) {
	file, err := os.CreateTemp("", "homeroom-bench-*.log")
	if err != nil {
		return nil, nil, fmt.Errorf("opening a file for the servers' log: %w", err)
	}
	log = slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelError}))
	return log, func(say io.Writer) {
		info, err := file.Stat()
		_ = file.Close()
		if err == nil && info.Size() == 0 {
			_ = os.Remove(file.Name())
			return
		}
		fmt.Fprintf(say, "what the servers logged: %s\n", file.Name())
	}, nil
}

func (b *benchCommand) openDirectory() (dir string, clean func(), err error) {
	if b.Data == "" {
		dir, err = os.MkdirTemp("", "homeroom-bench-")
		return dir, func() { _ = os.RemoveAll(dir) }, err
	}
	if left, err := filepath.Glob(filepath.Join(b.Data, "*")); err == nil && len(left) > 0 {
		return "", nil, fmt.Errorf("%s is not empty: a bench begins with nothing", b.Data)
	}
	return b.Data, func() {}, os.MkdirAll(b.Data, 0o700)
}

// startProfile starts a processor profile if --profile is given. stop writes it.
func (b *benchCommand) startProfile() (stop func(), err error) {
	if b.Profile == "" {
		return func() {}, nil
	}
	out, err := os.Create(b.Profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = out.Close()
	}, nil
}

// writeJSONFile has the file of --json written, if there is to be one.
func (b *benchCommand) writeJSONFile(write func(io.Writer) error) error {
	if b.JSON == "" {
		return nil
	}
	out, err := os.Create(b.JSON)
	if err != nil {
		return err
	}
	if err := errors.Join(write(out), out.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", b.JSON, err)
	}
	return nil
}

// progressLine returns a function that writes the progress to one line of the terminal, at most five times a second.
func progressLine(c *console) func(stage string, done, total int) {
	var mu sync.Mutex
	var last time.Time
	return func(stage string, done, total int) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) < 200*time.Millisecond {
			return
		}
		last = time.Now()
		if total == 0 {
			fmt.Fprintf(c.errOut, "\r\x1b[K%s", stage)
			return
		}
		fmt.Fprintf(c.errOut, "\r\x1b[K%s: %d of %d", stage, done, total)
	}
}
