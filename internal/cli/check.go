package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"homeroom/rules"
)

// RulesCheckCmd is `homeroom rules check`.
type RulesCheckCmd struct {
	Dir    string `arg:"" name:"academy" help:"The academy folder."`
	Strict bool   `help:"Exit with 3 if there are warnings."`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules check --help`.
func (*RulesCheckCmd) Help() string {
	return `Compiles the folder as publishing would, type-checks every condition against the event catalog and renders every
message with sample data. All problems are shown at once, each with its line and what to do about it.

Warnings have names: unreachable-step, never-matches, goal-without-message, holdout-without-goal, unused-message,
unused-variable, undeclared-topic, wakes-on-high-volume, file-not-read. docs/rules.md says what they mean.

Exits with 0 if nothing is wrong, 1 if something is, 3 for warnings with --strict.

Example:
  homeroom rules check academy`
}

// checkReport is what --format json prints.
type checkReport struct {
	OK       bool           `json:"ok"`
	Hash     string         `json:"hash,omitempty"` // of the revision, if it compiles
	Rules    int            `json:"rules"`
	Messages int            `json:"messages"`
	Events   int            `json:"events"`
	Problems rules.Problems `json:"problems"`
}

// Run checks the folder and prints what is wrong with it.
func (c *RulesCheckCmd) Run(o IO) error {
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return ExitError{Code: 2, Err: fmt.Errorf("there is no folder %s; give the path of the folder that holds rules/", c.Dir)}
	}
	academy, problems := rules.LoadDir(c.Dir)
	show := c.text
	if c.Format == "json" {
		show = c.json
	}
	if err := show(o, academy, problems); err != nil {
		return fmt.Errorf("print the problems: %w", err)
	}
	switch {
	case problems.Err() != nil:
		return ExitError{Code: 1}
	case c.Strict && problems.Warnings() > 0:
		return ExitError{Code: 3}
	}
	return nil
}

func (c *RulesCheckCmd) json(o IO, academy *rules.Academy, problems rules.Problems) error {
	report := checkReport{OK: academy != nil, Problems: problems}
	if problems == nil {
		report.Problems = rules.Problems{}
	}
	if academy != nil {
		report.Hash = academy.Ruleset.Hash
		report.Rules, report.Messages, report.Events = sizes(academy)
	}
	e := json.NewEncoder(o.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(report)
}

func (c *RulesCheckCmd) text(o IO, academy *rules.Academy, problems rules.Problems) error {
	if err := problems.Format(o.Out, o.Color); err != nil {
		return err
	}
	found := "no problems"
	if len(problems) > 0 {
		if _, err := fmt.Fprintln(o.Out); err != nil {
			return err
		}
		found = tally(problems)
	}
	if academy == nil {
		_, err := fmt.Fprintln(o.Out, found)
		return err
	}
	nRules, nMessages, nEvents := sizes(academy)
	_, err := io.WriteString(o.Out, fmt.Sprintf("%s: %s, %s, %s known, %s\n", academy.Name,
		count(nRules, "rule"), count(nMessages, "message"), count(nEvents, "event"), found))
	return err
}

func sizes(academy *rules.Academy) (nRules, nMessages, nEvents int) {
	return len(academy.Ruleset.Rules), len(academy.Library.Names()), len(academy.Catalog.Events())
}

// tally counts problems and warnings in words.
func tally(problems rules.Problems) string {
	errors := problems.Errors()
	warnings := problems.Warnings()
	switch {
	case warnings == 0:
		return count(errors, "problem")
	case errors == 0:
		return count(warnings, "warning")
	}
	return count(errors, "problem") + ", " + count(warnings, "warning")
}
