package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rogpeppe/go-internal/diff"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/workflows"
)

// RulesHistoryCmd is `homeroom rules history`.
type RulesHistoryCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules history --help`.
func (*RulesHistoryCmd) Help() string {
	return `Lists the last 64 publications, the newest first: number, revision, author, time, what happened to live runs, note.`
}

// Run prints the history.
func (c *RulesHistoryCmd) Run(ctx context.Context, o IO) error {
	return withStore(ctx, o, c.NATSFlags, func(_ jetstream.JetStream, d *desk) error {
		history, err := d.store.Rulesets.History(ctx)
		if err != nil {
			return err
		}
		slices.Reverse(history)
		text := "Nothing has been published yet."
		if len(history) > 0 {
			text = table(func(row func(...any)) {
				for i, p := range history {
					mark := ""
					if i == 0 {
						mark = "in force"
					}
					row(p.Number, publish.ShortHash(p.Hash), p.Author, p.At.Format(time.RFC3339), p.InFlight, mark, p.Note)
				}
			})
		}
		return d.print(c.Format, map[string]any{"publications": append([]store.Pointer{}, history...)}, text)
	})
}

// RulesDiffCmd is `homeroom rules diff`.
type RulesDiffCmd struct {
	NATSFlags
	A      string `arg:"" help:"A revision's number or hash, current, or a folder."`
	B      string `arg:"" optional:"" default:"current" help:"The other one. Default: current."`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules diff --help`.
func (*RulesDiffCmd) Help() string {
	return `Shows which rules and files differ, and how, line by line.

Example:
  homeroom rules diff current academy    # what would publishing change?
  homeroom rules diff 6 7`
}

// diffReport is what --format json prints.
type diffReport struct {
	Change publish.Change `json:"change"`
	Diff   string         `json:"diff"` // unified
}

// Run prints the difference.
func (c *RulesDiffCmd) Run(ctx context.Context, o IO) error {
	compare := func(d *desk) error {
		a, err := d.side(ctx, o, c.A)
		if err != nil {
			return err
		}
		b, err := d.side(ctx, o, c.B)
		if err != nil {
			return err
		}
		report := diffReport{Change: publish.Compare(a, b), Diff: unified(a, b)}
		return d.print(c.Format, report, changeLines(report.Change)+"\n"+strings.TrimRight(paintDiff(o, report.Diff), "\n"))
	}
	if isDir(c.A) && isDir(c.B) {
		return compare(&desk{io: o})
	}
	return withStore(ctx, o, c.NATSFlags, func(_ jetstream.JetStream, d *desk) error { return compare(d) })
}

// side is one of the two that are compared.
func (d *desk) side(ctx context.Context, o IO, ref string) (*rules.Academy, error) {
	if isDir(ref) {
		return loadAcademy(ref)
	}
	bundle, err := d.revision(ctx, ref)
	if err != nil {
		return nil, err
	}
	academy, problems := rules.FromBundle(bundle.Files)
	if problems.Err() != nil {
		return nil, fmt.Errorf("revision %s does not compile with this version of Homeroom: %w", publish.ShortHash(bundle.Hash), problems.Err())
	}
	return academy, nil
}

// unified is the difference between the files of two academies, in the form of diff -u.
func unified(a, b *rules.Academy) string {
	var text strings.Builder
	for _, file := range publish.Compare(a, b).Files {
		old := "a/" + file
		next := "b/" + file
		if a.Files[file] == nil {
			old = "/dev/null"
		}
		if b.Files[file] == nil {
			next = "/dev/null"
		}
		_, body, _ := strings.Cut(string(diff.Diff(old, a.Files[file], next, b.Files[file])), "\n") // its first line is a command
		text.WriteString(body)
	}
	return text.String()
}

func paintDiff(o IO, text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "+"):
			lines[i] = o.paint("32", line)
		case strings.HasPrefix(line, "-"):
			lines[i] = o.paint("31", line)
		}
	}
	return strings.Join(lines, "\n")
}

// RulesStatusCmd is `homeroom rules status`.
type RulesStatusCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules status --help`.
func (*RulesStatusCmd) Help() string {
	return `Shows the revision in force, which revision each running instance has and how its last swap went, and how many learners
have a live run of each rule.`
}

// statusReport is what --format json prints.
type statusReport struct {
	Current   store.Pointer    `json:"current"`
	Instances []instanceReport `json:"instances"`
	Live      map[string]int64 `json:"live"` // learners with a live run, by rule
}

type instanceReport struct {
	store.Instance
	Alive bool      `json:"alive"`
	Seen  time.Time `json:"seen"`
}

// Run prints the status.
func (c *RulesStatusCmd) Run(ctx context.Context, o IO) error {
	return (&PublishFlags{NATSFlags: c.NATSFlags}).with(ctx, o, func(d *desk) error {
		var report statusReport
		var err error
		if report.Current, err = d.store.Rulesets.Current(ctx); err != nil {
			return err
		}
		report.Instances = []instanceReport{}
		for _, i := range d.store.Control.Instances() {
			report.Instances = append(report.Instances, instanceReport{i, i.Live(o.Now()), i.Seen})
		}
		if report.Live, err = d.live(ctx); err != nil {
			return err
		}
		return d.print(c.Format, report, strings.TrimRight(report.text(), "\n"))
	})
}

func (r statusReport) text() string {
	var b strings.Builder
	if r.Current.Hash == "" {
		b.WriteString("Nothing is in force yet.\n")
	} else {
		fmt.Fprintf(&b, "In force: no. %d, %s, by %s at %s%s\n", r.Current.Number, publish.ShortHash(r.Current.Hash), r.Current.Author,
			r.Current.At.Format(time.RFC3339), because(r.Current.Note))
	}
	b.WriteString("\nInstances\n" + table(func(row func(...any)) {
		for _, i := range r.Instances {
			row("  "+i.Name, strings.Join(i.Roles, "+"), "runs "+publish.ShortHash(i.Running), i.state(), i.At.Format(time.RFC3339))
		}
		if len(r.Instances) == 0 {
			row("  none is running")
		}
	}) + "\nLearners with a live run\n" + table(func(row func(...any)) {
		for _, name := range sortedKeys(r.Live) {
			row("  "+name, r.Live[name])
		}
	}))
	return b.String()
}

func (i instanceReport) state() string {
	switch {
	case !i.Alive:
		return "gone, last seen " + i.Seen.UTC().Format(time.RFC3339)
	case i.Outcome == store.SwapRefused:
		return "refused " + publish.ShortHash(i.Swap) + ": " + i.Problem
	default:
		return "swap " + string(i.Outcome)
	}
}

func sortedKeys(m map[string]int64) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// live counts the learners with a live run of each rule: of all in force, and of those before that still have one.
func (d *desk) live(ctx context.Context) (map[string]int64, error) {
	history, err := d.store.Rulesets.History(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	looked := map[string]bool{}
	for i, p := range slices.Backward(history) {
		if looked[p.Hash] {
			continue
		}
		looked[p.Hash] = true
		bundle, err := d.store.Rulesets.Get(ctx, p.Hash)
		if err != nil {
			return nil, err
		}
		for file := range bundle.Files {
			name, isRule := strings.CutPrefix(strings.TrimSuffix(file, ".yaml"), "rules/")
			if !isRule || looked["rule "+name] {
				continue
			}
			looked["rule "+name] = true
			answer, err := d.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
				Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND %s = '%s'", workflows.LearnerWorkflow, workflows.SearchRules.GetName(), name),
			})
			if err != nil {
				return nil, fmt.Errorf("counting the learners with a live run of %s: %w", name, err)
			}
			if answer.Count > 0 || i == len(history)-1 {
				counts[name] = answer.Count
			}
		}
	}
	return counts, nil
}

// revision finds a published revision by number, hash (or how it begins), or as current.
func (d *desk) revision(ctx context.Context, ref string) (store.Bundle, error) {
	history, err := d.store.Rulesets.History(ctx)
	if err != nil {
		return store.Bundle{}, err
	}
	if ref == "current" {
		if len(history) == 0 {
			return store.Bundle{}, errors.New("nothing is in force yet")
		}
		return d.store.Rulesets.Get(ctx, history[len(history)-1].Hash)
	}
	if n, err := strconv.Atoi(ref); err == nil && len(ref) < 6 {
		for _, p := range history {
			if p.Number == n {
				return d.store.Rulesets.Get(ctx, p.Hash)
			}
		}
		return store.Bundle{}, usage(fmt.Errorf("there is no publication no. %d; `homeroom rules history` lists them", n))
	}
	hashes, err := d.store.Rulesets.List(ctx)
	if err != nil {
		return store.Bundle{}, err
	}
	hashes = slices.DeleteFunc(hashes, func(hash string) bool { return !strings.HasPrefix(hash, strings.ToLower(ref)) })
	switch {
	case len(ref) < 6 || len(hashes) == 0:
		return store.Bundle{}, usage(fmt.Errorf("%q is no revision: give a number or at least six letters of a hash, as `homeroom rules history` lists them, or a folder where a command takes one", ref))
	case len(hashes) > 1:
		return store.Bundle{}, usage(fmt.Errorf("%q may be %s: give more of the hash", ref, strings.Join(hashes, " or ")))
	}
	return d.store.Rulesets.Get(ctx, hashes[0])
}

// withStore connects to NATS.
func withStore(ctx context.Context, o IO, flags NATSFlags, do func(jetstream.JetStream, *desk) error) error {
	nc, js, err := flags.connect("homeroom rules")
	if err != nil {
		return err
	}
	defer nc.Close()
	st, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	return do(js, &desk{io: o, store: st})
}

// table lines columns up.
func table(fill func(row func(...any))) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fill(func(cells ...any) {
		texts := make([]string, len(cells))
		for i, cell := range cells {
			texts[i] = fmt.Sprint(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(texts, "\t"), "\t"))
	})
	_ = w.Flush()
	return b.String()
}
