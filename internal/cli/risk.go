package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"homeroom/admin"
	"homeroom/internal/printing"
	"homeroom/rules"
	"homeroom/simulate"
)

// RiskCmd is `homeroom risk`.
type RiskCmd struct {
	Course  string `help:"This course only." placeholder:"ID"`
	Top     *int   `help:"How many, the greatest risk first; 0: everybody. Default: 50, and everybody with --format ndjson." placeholder:"N"`
	At      string `help:"At this instant (2026-03-02T10:00:00Z or 2026-03-02); events after it are left out. Default: now or, of a file, its last event." placeholder:"T"`
	Events  string `help:"NDJSON events instead of those that Homeroom keeps, gzipped or not; - reads standard input." placeholder:"FILE"`
	Academy string `help:"With --events: the folder whose activity, courses and intercept count." type:"path" placeholder:"DIR"`
	Format  string `help:"How to print: table, csv, json or ndjson." enum:"table,csv,json,ndjson" default:"table"`
	NATSFlags
}

// Help is shown by `homeroom risk --help`.
func (*RiskCmd) Help() string {
	return `Lists how likely each learner is to leave a course, the greatest risk first, and why: a long silence, few study days, little done.
docs/judgement.md says what the risk sees and what it does not.

Without --events the events that Homeroom keeps are read, with the settings and courses in force. With it no server is needed.

Examples:
  homeroom risk --course crs_go --top 20
  homeroom risk --format csv > at-risk.csv
  homeroom risk --events last-term.ndjson.gz --academy academy --at 2026-03-02 --format ndjson`
}

// Run works the risks out and prints them.
func (c *RiskCmd) Run(ctx context.Context, o IO) error {
	opts := admin.RiskOptions{Course: c.Course, Top: defaultTop}
	switch {
	case c.Top != nil && *c.Top < 0:
		return usage(fmt.Errorf("--top %d: write how many, or 0 for everybody", *c.Top))
	case c.Top != nil:
		opts.Top = *c.Top
	case c.Format == "ndjson":
		opts.Top = 0
	}
	if c.At != "" {
		at, _, err := simulate.ParseUntil(c.At)
		if err != nil || at.IsZero() {
			return usage(fmt.Errorf("--at %s: write an instant or a date: 2026-03-02T10:00:00Z or 2026-03-02", c.At))
		}
		opts.At = at
	}
	source := eventSource{NATSFlags: c.NATSFlags, events: c.Events, academy: c.Academy, command: "homeroom risk"}
	list, err := readSource(ctx, o, source, &opts, admin.RisksOfRecording, (*admin.Installation).Risks)
	if err != nil {
		return err
	}
	switch c.Format {
	case "ndjson":
		return writeRiskLines(o.Out, &list)
	case "csv":
		return admin.WriteRisksCSV(o.Out, &list)
	}
	return o.PrintResult(c.Format, list, printing.RisksText(&list))
}

// defaultTop is how many risks are listed unless somebody says.
const defaultTop = 50

// eventSource is where events come from: a file, with or without a folder, or an installation.
type eventSource struct {
	NATSFlags
	events, academy, command string
}

// readSource asks a question of recorded events or, without a file, of an installation, and shows how far it is.
func readSource[T any](
	ctx context.Context, o IO, source eventSource, opts *admin.RiskOptions,
	ofRecording func(context.Context, *rules.Academy, io.Reader, admin.RiskOptions) (T, error),
	ofInstallation func(*admin.Installation, context.Context, admin.RiskOptions) (T, error),
) (answer T, err error) {
	if source.events == "" {
		if source.academy != "" {
			return answer, usage(fmt.Errorf("--academy goes with --events; an installation has the folder in force"))
		}
		return askReading(ctx, o, source, source.command, func(i *admin.Installation, onRead func(done, total int64)) (T, error) {
			opts.Progress = onRead
			return ofInstallation(i, ctx, *opts)
		})
	}
	var academy *rules.Academy
	if source.academy != "" {
		if academy, err = loadAcademy(source.academy); err != nil {
			return answer, err
		}
	}
	return readRecording(o, source.events, func(in io.Reader, progress func(events, total int64)) (T, error) {
		opts.Progress = progress
		return ofRecording(ctx, academy, in, *opts)
	})
}

func writeRiskLines(w io.Writer, list *admin.RiskList) error {
	buffered := bufio.NewWriter(w)
	lines := json.NewEncoder(buffered)
	for i := range list.Risks {
		if err := lines.Encode(&list.Risks[i]); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// CalibrateCmd is `homeroom calibrate`.
type CalibrateCmd struct {
	Academy string `arg:"" optional:"" help:"The folder whose activity, courses and intercept count; with --events." placeholder:"DIR"`
	Events  string `help:"NDJSON events instead of those that Homeroom keeps, gzipped or not; - reads standard input." placeholder:"FILE"`
	Course  string `help:"This course only." placeholder:"ID"`
	Format  string `help:"How to print: table or json." enum:"table,json" default:"table"`
	NATSFlags
}

// Help is shown by `homeroom calibrate --help`.
func (*CalibrateCmd) Help() string {
	return `Compares what the risk said each week with what came of it: whether the learner did nothing for ten days. It works out the intercept with
which the risk is a probability in this academy, and says what a rule with at_risk would do at each threshold: how many messages, how many of
those who left for good it reaches, and how many come back within three days anyway. It writes nothing.

Examples:
  homeroom calibrate academy --events last-term.ndjson.gz
  homeroom calibrate --course crs_go`
}

// Run compares and prints.
func (c *CalibrateCmd) Run(ctx context.Context, o IO) error {
	opts := admin.RiskOptions{Course: c.Course}
	source := eventSource{NATSFlags: c.NATSFlags, events: c.Events, academy: c.Academy, command: "homeroom calibrate"}
	found, err := readSource(ctx, o, source, &opts, admin.CalibrateRecording, (*admin.Installation).Calibrate)
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, found, printing.CalibrationText(&found))
}
