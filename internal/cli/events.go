package cli

import (
	"fmt"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// EventsCmd is `homeroom events`.
type EventsCmd struct {
	Status EventsStatusCmd `cmd:"" help:"Say whether the integration is complete: which events have been seen, when last, and what they lack."`
	Check  EventsCheckCmd  `cmd:"" help:"Check a file of bodies as triggers would read them; for the CI of a platform."`
}

// EventsCheckCmd is `homeroom events check`.
type EventsCheckCmd struct {
	File    string `arg:"" help:"Bodies as the platform publishes them: NDJSON, one JSON document or an array; - is standard input."`
	Academy string `help:"The academy folder whose catalog.yaml and sources.yaml count. Without it, the built-in events." type:"path" placeholder:"DIR"`
	Strict  bool   `help:"Exit with 3 if there are remarks: traits that cannot be used, properties that look misspelt."`
	Format  string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom events check --help`.
func (*EventsCheckCmd) Help() string {
	return `Prints what is refused and why, and remarks about what counts and cannot be used whole. Each body must name its learner and its time, as
there is no subject. Needs no server.

Exits with 0 if all bodies are read, 1 if one is refused, 3 for remarks with --strict.

Example:
  homeroom events check tests/events.ndjson --academy academy`
}

// Run checks the file.
func (c *EventsCheckCmd) Run(o IO) error {
	academy, in, err := openBodies(o, c.Academy, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	trial, err := admin.CheckEvents(academy, in, o.Now())
	if err != nil {
		return err
	}
	err = o.PrintResult(c.Format, trial, printing.EventsCheckText(&admin.SourceTrial{Trial: trial}))
	switch {
	case err != nil:
		return fmt.Errorf("print what is wrong: %w", err)
	case trial.Refused() > 0:
		return ExitError{Code: 1}
	case c.Strict && trial.Remarks() > 0:
		return ExitError{Code: 3}
	}
	return nil
}
