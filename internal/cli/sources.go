package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"homeroom/admin"
	"homeroom/internal/narrate"
	"homeroom/rules"
)

// SourcesCmd is `homeroom sources`.
type SourcesCmd struct {
	Try  SourcesTryCmd  `cmd:"" help:"Show what each body of a file would become, what is ignored, and what is refused and why."`
	List SourcesListCmd `cmd:"" help:"List the sources that Homeroom ships."`
	Show SourcesShowCmd `cmd:"" help:"Print a source that Homeroom ships, to read it, or to copy and change it."`
}

// SourcesTryCmd is `homeroom sources try`.
type SourcesTryCmd struct {
	File    string `arg:"" help:"Bodies as the platform writes them: NDJSON, one JSON document or an array; - is standard input."`
	Academy string `help:"The academy folder whose sources.yaml counts. Without it, all sources that Homeroom ships." type:"path"`
	Suggest bool   `help:"Also write what could be added to sources.yaml for the names that no source knows."`
	Format  string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom sources try --help`.
func (*SourcesTryCmd) Help() string {
	return `Reads a file of bodies as triggers, imports and simulations would, with no server. Exits with 1 if a body is refused.

Example:
  homeroom sources try tracking.log --academy academy --suggest`
}

// Run tries the file.
func (c *SourcesTryCmd) Run(o IO) error {
	academy, in, err := openBodies(o, c.Academy, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	trial, err := admin.TrySources(academy, in)
	if err != nil {
		return err
	}
	if !c.Suggest {
		trial.Suggestion = ""
	}
	if c.Format == "json" {
		err = printJSON(o.Out, trial)
	} else {
		err = printTrial(o.Out, &trial)
	}
	if err != nil {
		return fmt.Errorf("print what became of the bodies: %w", err)
	}
	if trial.Refused() > 0 {
		return ExitError{Code: 1}
	}
	return nil
}

// openBodies loads the academy of a folder, nil for none, and opens a file of bodies.
func openBodies(o IO, folder, file string) (academy *rules.Academy, in io.ReadCloser, err error) {
	if folder != "" {
		if academy, err = loadAcademy(folder); err != nil {
			return nil, nil, err
		}
	}
	in, _, err = openInput(o, file)
	return academy, in, err
}

func printTrial(out io.Writer, trial *admin.SourceTrial) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, b := range trial.Bodies {
		source := b.Source
		if source == "" {
			source = "-"
		}
		switch {
		case b.Event != "":
			properties, err := json.Marshal(b.Properties)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "line %d\t%s\t%s\t%s %s %s\n", b.Line, source, b.Event, printable(b.Learner), b.Time.Format("2006-01-02T15:04:05Z07:00"), properties)
			for _, remark := range b.Remarks {
				fmt.Fprintf(w, "\t\tremark\t%s\n", printable(remark))
			}
		case b.Reason != "":
			text := b.Reason + ": " + b.Message
			if b.Hint != "" {
				text += "; " + b.Hint
			}
			fmt.Fprintf(w, "line %d\t%s\trefused\t%s\n", b.Line, source, printable(text))
		default:
			fmt.Fprintf(w, "line %d\t%s\tignored\t%s\n", b.Line, source, printable(b.Name))
		}
	}
	fmt.Fprintf(w, "\nsource\tbodies\tread\tignored\trefused\n")
	for _, n := range trial.Counts {
		source := n.Source
		if source == "" {
			source = "no source"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", source, n.Bodies, n.Read, n.Ignored, n.Refused)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	broken := make([]string, 0, len(trial.Broken))
	for source := range trial.Broken {
		broken = append(broken, source)
	}
	slices.Sort(broken)
	for _, source := range broken {
		fmt.Fprintf(out, "The condition recognise: of the source %s failed on %s: %s\n", source, narrate.Count(len(trial.Bodies), "body"), trial.Broken[source])
	}
	shared := make([]string, 0, len(trial.Shared))
	for names := range trial.Shared {
		shared = append(shared, names)
	}
	slices.Sort(shared)
	for _, names := range shared {
		fmt.Fprintf(out, "%s recognised by several sources (%s); the first reads.\n", narrate.Count(trial.Shared[names], "body"), names)
	}
	if trial.Suggestion != "" {
		fmt.Fprintf(out, "\nFor sources.yaml:\n\n%s", trial.Suggestion)
	}
	return nil
}

// SourcesListCmd is `homeroom sources list`.
type SourcesListCmd struct {
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom sources list --help`.
func (*SourcesListCmd) Help() string {
	return `Lists the sources that Homeroom ships. JSON has the text of each as well.

Example:
  homeroom sources list`
}

// Run lists the shipped sources.
func (c *SourcesListCmd) Run(o IO) error {
	shipped, err := admin.ShippedSources()
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return printJSON(o.Out, shipped)
	}
	w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	for _, s := range shipped {
		fmt.Fprintf(w, "%s\t%s\n", s.Name, s.About)
	}
	return w.Flush()
}

// SourcesShowCmd is `homeroom sources show`.
type SourcesShowCmd struct {
	Name   string `arg:"" help:"A name of the list."`
	Format string `help:"How to print: text (YAML) or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom sources show --help`.
func (*SourcesShowCmd) Help() string {
	return `Prints a source that Homeroom ships, as it may stand in an academy's sources.yaml.

Example:
  homeroom sources show segment`
}

// Run prints the source.
func (c *SourcesShowCmd) Run(o IO) error {
	shipped, err := admin.ShippedSources()
	if err != nil {
		return err
	}
	for _, s := range shipped {
		if s.Name == c.Name && c.Format == "json" {
			return printJSON(o.Out, s)
		}
		if s.Name == c.Name {
			_, err := io.WriteString(o.Out, s.Text)
			return err
		}
	}
	return usage(fmt.Errorf("Homeroom ships no source %q; `homeroom sources list` lists them", c.Name))
}
