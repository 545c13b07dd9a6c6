package cli

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"

	"homeroom/admin"
	"homeroom/internal/narrate"
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
	if c.Format == "json" {
		return printTestRunJSON(o, &run)
	}
	failed := printTestRun(o, &run)
	if run.Coverage != nil {
		if err := run.Coverage.Write(o.Out); err != nil {
			return err
		}
	}
	return failed
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

// testAnswer is how one test came out.
type testAnswer struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Story  string `json:"story,omitempty"` // of a failed test: what was expected (-) and what came (+)
}

// printTestRunJSON prints all tests and the problems of the files.
func printTestRunJSON(o IO, run *admin.TestRun) error {
	results := run.Results
	problems := run.Problems
	passed := len(problems) == 0
	tests := []testAnswer{}
	for i := range results {
		r := &results[i]
		answer := testAnswer{File: r.Test.File, Line: r.Test.Line, Name: r.Test.Name, Passed: r.Passed}
		if !r.Passed {
			var story strings.Builder
			if err := r.Write(&story, false); err != nil {
				return err
			}
			answer.Story = story.String()
			passed = false
		}
		tests = append(tests, answer)
	}
	for _, r := range run.Sources {
		tests = append(tests, testAnswer{File: r.File, Line: r.Line, Name: r.Name, Passed: r.Passed})
	}
	if err := printJSON(o.Out, map[string]any{"passed": passed, "tests": tests, "problems": append(rules.Problems{}, problems...)}); err != nil {
		return err
	}
	if !passed {
		return ExitError{Code: 1}
	}
	return nil
}

// printTestRun prints one line a file, the timelines of failed tests, and the sum.
func printTestRun(o IO, run *admin.TestRun) error {
	results := run.Results
	problems := run.Problems
	failed := 0
	for from := 0; from < len(results); {
		to := from
		wrong := 0
		for to < len(results) && results[to].Test.File == results[from].Test.File {
			if !results[to].Passed {
				wrong++
			}
			to++
		}
		if wrong == 0 {
			fmt.Fprintf(o.Out, "%s  %s  %s\n", o.paint("32", "ok  "), results[from].Test.File, narrate.Count(to-from, "test"))
		} else {
			fmt.Fprintf(o.Out, "%s  %s  %d of %s\n", o.paint("31", "FAIL"), results[from].Test.File, wrong, narrate.Count(to-from, "test"))
		}
		for i := from; i < to; i++ {
			if results[i].Passed {
				continue
			}
			fmt.Fprintln(o.Out)
			if err := results[i].Write(o.Out, o.Color); err != nil {
				return err
			}
			fmt.Fprintln(o.Out)
		}
		failed += wrong
		from = to
	}
	failed += printSourceTests(o, run)
	if len(problems) > 0 {
		if err := problems.Format(o.Out, o.Color); err != nil {
			return err
		}
	}
	total := len(results) + len(run.Sources)
	switch {
	case failed == 0 && len(problems) == 0 && total == 0:
		fmt.Fprintln(o.Out, "no tests to run")
		return nil
	case failed == 0 && len(problems) == 0:
		fmt.Fprintf(o.Out, "%s passed\n", narrate.Count(total, "test"))
		return nil
	}
	summary := fmt.Sprintf("%d of %s failed", failed, narrate.Count(total, "test"))
	if len(problems) > 0 {
		summary += fmt.Sprintf(", %s in test files", narrate.Count(len(problems), "problem"))
	}
	fmt.Fprintln(o.Out, summary)
	return ExitError{Code: 1}
}

// printSourceTests prints a line for each file of tests/sources, and returns how many of its tests failed.
func printSourceTests(o IO, run *admin.TestRun) (failed int) {
	for from := 0; from < len(run.Sources); {
		file := run.Sources[from].File
		to := from
		wrong := 0
		for to < len(run.Sources) && run.Sources[to].File == file {
			if !run.Sources[to].Passed {
				wrong++
			}
			to++
		}
		if wrong == 0 {
			fmt.Fprintf(o.Out, "%s  %s  %s\n", o.paint("32", "ok  "), file, narrate.Count(to-from, "test"))
		} else {
			fmt.Fprintf(o.Out, "%s  %s  %d of %s\n", o.paint("31", "FAIL"), file, wrong, narrate.Count(to-from, "test"))
		}
		failed += wrong
		from = to
	}
	return failed
}
