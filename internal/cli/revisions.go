package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
	"homeroom/rules"
)

// RulesHistoryCmd is `homeroom rules history`.
type RulesHistoryCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules history --help`.
func (*RulesHistoryCmd) Help() string {
	return `Lists the last 64 publications, the newest first: number, revision, author, time, what happened to live runs, note.

Example:
  homeroom rules history --format json`
}

// Run prints the history.
func (c *RulesHistoryCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connectAdmin(ctx, o, "homeroom rules")
	if err != nil {
		return err
	}
	defer installation.Close()
	history, err := installation.PublicationHistory(ctx)
	if err != nil {
		return err
	}
	text := "Nothing has been published yet."
	if len(history.Publications) > 0 {
		text = table(func(row func(...any)) {
			row("NO.", "REVISION", "AUTHOR", "AT", "LIVE RUNS", "", "NOTE")
			for i, p := range history.Publications {
				mark := ""
				if i == 0 {
					mark = "in force"
				}
				row(p.Number, narrate.ShortHash(p.Hash), p.Author, p.At.Format(time.RFC3339), p.RunPolicy, mark, p.Note)
			}
		})
	}
	return printResult(o, c.Format, history, text)
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

// Run prints the difference.
func (c *RulesDiffCmd) Run(ctx context.Context, o IO) error {
	var installation *admin.Installation // nil: two folders need none
	if !isDir(c.A) || !isDir(c.B) {
		var err error
		if installation, err = c.connectAdmin(ctx, o, "homeroom rules"); err != nil {
			return err
		}
		defer installation.Close()
	}
	a, err := findAcademy(ctx, installation, c.A)
	if err != nil {
		return err
	}
	b, err := findAcademy(ctx, installation, c.B)
	if err != nil {
		return err
	}
	diff := admin.CompareAcademies(a, b)
	return printResult(o, c.Format, diff, admin.DescribeChange(diff.Change)+"\n"+strings.TrimRight(paintDiff(o, diff.Diff), "\n"))
}

// findAcademy compiles a folder or a published revision.
func findAcademy(ctx context.Context, installation *admin.Installation, ref string) (*rules.Academy, error) {
	if isDir(ref) {
		return loadAcademy(ref)
	}
	return installation.Revision(ctx, ref)
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
have a live run of each rule.

Example:
  homeroom rules status`
}

// Run prints the status.
func (c *RulesStatusCmd) Run(ctx context.Context, o IO) error {
	installation, err := c.connectAdmin(ctx, o, "homeroom rules")
	if err != nil {
		return err
	}
	defer installation.Close()
	status, err := installation.RulesStatus(ctx)
	if err != nil {
		return err
	}
	return printResult(o, c.Format, status, strings.TrimRight(statusText(status), "\n"))
}

// statusColumns is how many columns the status has, unless names are long.
const statusColumns = 80

func statusText(s admin.RulesStatus) string {
	var b strings.Builder
	if s.Current.Hash == "" {
		b.WriteString("Nothing is in force yet.\n")
	} else {
		current := fmt.Sprintf("In force: no. %d, %s, by %s at %s%s", s.Current.Number, narrate.ShortHash(s.Current.Hash), s.Current.Author,
			s.Current.At.Format(time.RFC3339), narrate.NoteSuffix(s.Current.Note))
		b.WriteString(strings.Join(cells.Wrap(current, statusColumns), "\n") + "\n")
	}
	b.WriteString("\nInstances, and the revision that each runs\n" + table(func(row func(...any)) {
		for _, i := range s.Instances {
			row("  "+i.Name, narrate.ShortHash(i.Running), i.Word(), i.At.UTC().Format("02 Jan 15:04"), strings.Join(i.Roles, "+"))
		}
		if len(s.Instances) == 0 {
			row("  none is running")
		}
	}) + "\nLearners with a live run\n" + table(func(row func(...any)) {
		for _, rule := range slices.Sorted(maps.Keys(s.Live)) {
			row("  "+rule, s.Live[rule])
		}
	}))
	return b.String()
}

// table lines columns up by the cells that they take on a terminal.
func table(fill func(row func(...any))) string {
	var rows [][]string
	fill(func(columns ...any) {
		texts := make([]string, len(columns))
		for i, column := range columns {
			texts[i] = fmt.Sprint(column)
		}
		rows = append(rows, texts)
	})
	return cells.Table(rows)
}
