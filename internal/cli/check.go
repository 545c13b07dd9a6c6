package cli

import (
	"fmt"
	"strings"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/printing"
	"homeroom/rules"
)

// RulesCheckCmd is `homeroom rules check`.
type RulesCheckCmd struct {
	Dir    string `arg:"" name:"academy" help:"The academy folder."`
	Strict bool   `help:"Exit with 3 if there are warnings. Notes do not count."`
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules check --help`.
func (*RulesCheckCmd) Help() string {
	return `Compiles the folder as publishing would, type-checks every condition against the event catalog and renders every
message with sample data. All problems are shown at once, each with its line and what to do about it.

` + listWarnings() + `

Messages that are not written in a language in which another one is are listed as a note: their learners read the default. That is no
warning, also with --strict.

Exits with 0 if nothing is wrong, 1 if something is, 3 for warnings with --strict.

Example:
  homeroom rules check academy`
}

// helpColumns is how wide a paragraph of help is that is not written by hand.
const helpColumns = 130

// listWarnings names the warnings in a paragraph.
func listWarnings() string {
	names := strings.Join(rules.WarningNames(), ", ")
	return strings.Join(cells.Wrap("Warnings have names: "+names+". docs/rules.md says what they mean.", helpColumns), "\n")
}

// Run checks the folder and prints what is wrong with it.
func (c *RulesCheckCmd) Run(o IO) error {
	folder, err := openFolder(c.Dir)
	if err != nil {
		return err
	}
	check := admin.CheckFolder(folder)
	if c.Format == "json" {
		err = o.PrintJSON(check)
	} else {
		err = printing.WriteFolderCheck(o, folderName(c.Dir), &check)
	}
	switch {
	case err != nil:
		return fmt.Errorf("print the problems: %w", err)
	case check.Problems.Err() != nil:
		return ExitError{Code: 1}
	case c.Strict && check.Problems.Warnings() > 0:
		return ExitError{Code: 3}
	}
	return nil
}
