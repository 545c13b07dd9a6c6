package cli

import (
	"context"
	"fmt"
	"os"
	"regexp"

	"homeroom/admin"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
	"homeroom/rules"
	"homeroom/rules/ruletest"
)

// RulesTestCmd is `homeroom rules test`.
type RulesTestCmd struct {
	Dir      string `arg:"" name:"academy" help:"The academy folder."`
	Match    string `name:"run" help:"Run only the tests whose name or file matches this regular expression." placeholder:"PATTERN"`
	Coverage bool   `help:"Also say which steps, branches and ways out no test reached."`
	JUnit    string `name:"junit" help:"Also write the results as JUnit XML." placeholder:"FILE"`
	Format   string `help:"How to print: text or json (without the coverage)." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules test --help`.
func (*RulesTestCmd) Help() string {
	return `Plays tests/*.yaml of the folder on a virtual clock, with the engine that production runs, and shows what came
otherwise than expected as a timeline. Exits with 1 if a test fails or cannot be read.

Example:
  homeroom rules test academy --run retry`
}

// Run runs the tests and prints how they came out.
func (c *RulesTestCmd) Run(ctx context.Context, o IO) error {
	pattern, err := regexp.Compile(c.Match)
	if err != nil {
		return usage(fmt.Errorf("--run: %w", err))
	}
	folder, err := openFolder(c.Dir)
	if err != nil {
		return err
	}
	run, err := admin.TestFolder(ctx, folder, admin.TestOptions{Match: pattern, Coverage: c.Coverage})
	if err != nil {
		return err
	}
	if c.Match != "" && len(run.Results)+len(run.Sources) == 0 && len(run.Problems) == 0 && !c.Coverage {
		return usage(fmt.Errorf("--run %s: no test has such a name, of %s", c.Match, narrate.Count(run.Defined, "test")))
	}
	if c.JUnit != "" {
		if err := c.writeJUnit(run.Results, run.Problems); err != nil {
			return err
		}
	}
	if err := c.printRun(o, &run); err != nil {
		return err
	}
	if !run.Passed() {
		return ExitError{Code: 1}
	}
	return nil
}

func (c *RulesTestCmd) printRun(o IO, run *admin.TestRun) error {
	if c.Format == "json" {
		return o.PrintJSON(run.Document())
	}
	if err := printing.WriteTestRun(o, run); err != nil || run.Coverage == nil {
		return err
	}
	return run.Coverage.Write(o.Out)
}

func (c *RulesTestCmd) writeJUnit(results []ruletest.Result, problems rules.Problems) error {
	f, err := os.Create(c.JUnit)
	if err != nil {
		return usage(fmt.Errorf("--junit: %w", err))
	}
	if err := ruletest.WriteJUnit(f, results, problems); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	return nil
}
