package cli

import (
	"fmt"
	"io"

	"homeroom/admin"
	"homeroom/internal/printing"
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
	Academy string `help:"The academy folder whose sources.yaml counts. Without it, all sources that Homeroom ships." type:"path" placeholder:"DIR"`
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
	trial, err := admin.TrySources(academy, in, o.Now())
	if err != nil {
		return err
	}
	if !c.Suggest {
		trial.Suggestion = ""
	}
	if c.Format == "json" {
		err = o.PrintJSON(trial)
	} else {
		err = printing.WriteTrial(o.Out, &trial)
	}
	if err != nil {
		return fmt.Errorf("print what became of the bodies: %w", err)
	}
	if trial.Refused() > 0 {
		return ExitError{Code: 1}
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
	return o.PrintResult(c.Format, shipped, printing.SourcesText(shipped))
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
			return o.PrintJSON(s)
		}
		if s.Name == c.Name {
			_, err := io.WriteString(o.Out, s.Text)
			return err
		}
	}
	return usage(fmt.Errorf("Homeroom ships no source %q; `homeroom sources list` lists them", c.Name))
}
