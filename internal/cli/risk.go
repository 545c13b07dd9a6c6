package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/narrate"
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
	return `Lists who is how likely to leave which course, the greatest risk first, and why: a long silence, few study days, little done.
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
	case "json":
		return printJSON(o.Out, list)
	case "ndjson":
		return writeRiskLines(o.Out, &list)
	case "csv":
		return writeRiskCSV(o.Out, &list)
	}
	return writeRiskTable(o.Out, &list)
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
		installation, err := source.connectAdmin(ctx, o, source.command)
		if err != nil {
			return answer, err
		}
		defer installation.Close()
		var clear func()
		opts.Progress, clear = o.drawReading()
		answer, err = ofInstallation(installation, ctx, *opts)
		clear()
		return answer, err
	}
	var academy *rules.Academy
	if source.academy != "" {
		if academy, err = loadAcademy(source.academy); err != nil {
			return answer, err
		}
	}
	in, size, err := openEvents(o, source.events)
	if err != nil {
		return answer, err
	}
	defer in.Close()
	bar := newProgress(o, size)
	opts.Progress = func(events, _ int64) { bar.draw(int(events)) }
	answer, err = ofRecording(ctx, academy, bar.reader(in), *opts)
	bar.clear()
	if err != nil {
		return answer, fmt.Errorf("%s: %w", sourceName(source.events), err)
	}
	return answer, nil
}

func writeRiskTable(w io.Writer, list *admin.RiskList) error {
	fmt.Fprintf(w, "%s under way at %s\n", narrate.Count(list.Of, "enrollment"), narrate.Moment(list.At, nil))
	if len(list.Risks) == 0 {
		_, err := fmt.Fprintln(w, "Nobody is in a course that is under way: risk is of a learner who is enrolled and has neither completed nor left.")
		return err
	}
	_, err := io.WriteString(w, "\n"+table(func(row func(...any)) {
		row("LEARNER", "COURSE", "RISK", "WHY")
		for i := range list.Risks {
			r := &list.Risks[i]
			row(r.Learner, r.Course, fmt.Sprintf("%.2f", r.Value), narrate.Risk(&r.RiskScore))
		}
	}))
	return err
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

func writeRiskCSV(w io.Writer, list *admin.RiskList) error {
	rows := [][]string{{"learner", "course", "risk", "reasons", "silent_days", "study_days", "activities"}}
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', 4, 64) }
	for i := range list.Risks {
		r := &list.Risks[i]
		rows = append(rows, []string{
			r.Learner, r.Course, number(r.Value), joinReasons(r.Reasons), number(r.SilentDays), number(r.StudyDays), number(r.Activities),
		})
	}
	return admin.WriteCSV(w, rows)
}

func joinReasons(reasons []engine.RiskReason) string {
	words := make([]string, len(reasons))
	for i, reason := range reasons {
		words[i] = string(reason)
	}
	return strings.Join(words, " ")
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
	if c.Format == "json" {
		return printJSON(o.Out, found)
	}
	return writeCalibration(o.Out, &found)
}

func writeCalibration(w io.Writer, c *admin.Calibration) error {
	if c.Observations == 0 {
		_, err := fmt.Fprintln(w, "There is nothing to compare: nobody was in a course for ten days before the last event.")
		return err
	}
	fmt.Fprintf(w, "%s of %s, each week from %s to %s\n", narrate.Count(c.Observations, "observation"), narrate.Count(c.Learners, "learner"),
		c.First.Format(time.DateOnly), c.Last.Format(time.DateOnly))
	fmt.Fprintf(w, "gone for ten days: %.1f %%\n", 100*c.BaseRate)
	fmt.Fprintf(w, "probability that a learner who leaves is ranked above one who stays: %.3f (with silence alone: %.3f)\n\n", c.AUC, c.AUCSilence)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "PREDICTED\tOBSERVED\t")
	for _, b := range c.Bins {
		fmt.Fprintf(table, "%.1f %%\t%.1f %%\t\n", 100*b.Predicted, 100*b.Observed)
	}
	fmt.Fprintln(table, "\t\t\nAT_RISK\tMESSAGES A MONTH\tREACHED\tBACK ANYWAY\t")
	for _, m := range c.Thresholds {
		fmt.Fprintf(table, "%.1f\t%.2f\t%.1f %%\t%.1f %%\t\n", m.AtRisk, m.Messages, 100*m.Reach, 100*m.BackAnyway)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nThe intercept in force is %.2f. With %.2f the risk is a probability in this academy. Write in settings.yaml:\n\n  risk: {intercept: %.2f}\n",
		c.InterceptInForce, c.Intercept, c.Intercept)
	return err
}
