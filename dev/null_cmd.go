package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"homeroom/dev/nullsim"
	"homeroom/rules"
)

// nullCommand tries reports where nothing is true.
type nullCommand struct {
	Academy       string    `type:"existingdir" default:"examples/academy" placeholder:"DIR" help:"The rules. Default: ${default}."`
	Repetitions   int       `default:"400" help:"Terms to make up for each holdout. Default: ${default}."`
	Learners      int       `default:"1500" help:"Learners of a term. Default: ${default}."`
	Days          int       `default:"90" help:"Days of a term, with a look at the report on each. Default: ${default}."`
	Holdout       []float64 `default:"10,50" placeholder:"PERCENT" help:"Holdouts to try, of every rule. Default: ${default}."`
	Undeliverable float64   `default:"8" placeholder:"PERCENT" help:"Learners whose messages all fail. Default: ${default}."`
	Seed          uint64    `default:"1" help:"The same seed makes the same terms. Default: ${default}."`
	JSON          string    `name:"json" placeholder:"FILE" help:"Write the rows as JSON too."`
}

// Help is shown by `go run ./dev null --help`.
func (*nullCommand) Help() string {
	return `Makes up terms of learners whom no message moves, under the rules with a holdout, caps, back-off and failing deliveries, reads the
report on every day of each term, and prints how often an interval excluded 0. The true difference is 0 for every rule, so an
always-valid interval may do that in at most 5 % of the terms, whatever day it is looked at. Rules of the stock academy without
a goal are given one.

Four hundred terms for each of two holdouts take half an hour on two cores.

Examples:
  go run ./dev null
  go run ./dev null --repetitions 20 --learners 300    # half a minute`
}

// Run plays the terms and prints the table.
func (n *nullCommand) Run(ctx context.Context, c *console) error {
	academy, problems := rules.LoadDir(n.Academy)
	if academy == nil {
		problems.Format(c.out, c.color)
		return fmt.Errorf("%s has mistakes: see above", n.Academy)
	}
	var all []nullsim.Row
	for _, holdout := range n.Holdout {
		o := nullsim.Options{
			Academy:       academy,
			Repetitions:   n.Repetitions,
			Learners:      n.Learners,
			Days:          n.Days,
			Holdout:       holdout,
			Seed:          n.Seed,
			Undeliverable: n.Undeliverable,
		}
		if c.terminal {
			o.Progress = func(done, total int) {
				_, _ = fmt.Fprintf(c.errOut, "\r\x1b[Kholdout %g %%: %d of %d terms", holdout, done, total)
			}
		}
		rows, err := nullsim.Run(ctx, o)
		if c.terminal {
			_, _ = fmt.Fprint(c.errOut, "\r\x1b[K")
		}
		if err != nil {
			return err
		}
		all = append(all, rows...)
	}
	if n.JSON != "" {
		body, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return fmt.Errorf("write %s: %w", n.JSON, err)
		}
		if err := os.WriteFile(n.JSON, append(body, '\n'), 0o644); err != nil {
			return fmt.Errorf("write the rows: %w", err)
		}
	}
	_, err := fmt.Fprint(c.out, nullTable(all))
	return err
}

// nullTable writes the rows as a table in Markdown.
func nullTable(rows []nullsim.Row) string {
	var b strings.Builder
	b.WriteString("| holdout | rule | terms | people, of them held out | reached | mean difference, points | always valid: excludes 0 at any of the looks | verdict at any | fixed: at the last look | fixed: at any | sizes alarm |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i := range rows {
		r := &rows[i]
		percent := func(n int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(r.Repetitions)) }
		fmt.Fprintf(&b, "| %g %% | %s | %d | %.0f, %.0f | %.0f %% | %+.2f | **%s** | %s | %s | %s | %s |\n", r.Holdout, r.Rule, r.Repetitions, r.People, r.HeldOut,
			100*r.Reached, r.Difference, percent(r.Excludes), percent(r.Verdicts), percent(r.FixedExcludes), percent(r.FixedEver), percent(r.Mismatches))
	}
	return b.String()
}
