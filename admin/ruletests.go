package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"homeroom/internal/narrate"
	"homeroom/rules"
	"homeroom/rules/ruletest"
)

// testsOfRule runs the tests of a folder and returns those that are about a rule: they name it, or they name no rule and it decides
// something in them. A folder without tests has none.
func testsOfRule(ctx context.Context, f *Folder, rule string) ([]TestResult, error) {
	return selectTests(ctx, f, func(r *ruletest.Result) bool { return isAbout(r, rule) })
}

// AllTests runs the tests of a folder. A folder without tests, or one that does not compile, has none.
func AllTests(ctx context.Context, f *Folder) ([]TestResult, error) {
	if f.Academy == nil {
		return []TestResult{}, nil
	}
	return selectTests(ctx, f, func(*ruletest.Result) bool { return true })
}

// selectTests runs the tests of a folder and returns those that wanted reports true for. A test file that cannot be read is a failed
// test.
func selectTests(ctx context.Context, f *Folder, wanted func(*ruletest.Result) bool) ([]TestResult, error) {
	results := []TestResult{}
	if _, err := fs.Stat(f.files, "tests"); errors.Is(err, fs.ErrNotExist) {
		return results, nil
	}
	run, err := f.runTests(ctx)
	if err != nil {
		return results, err
	}
	for n := range run.Results {
		if r := &run.Results[n]; wanted(r) {
			results = append(results, describeTest(r))
		}
	}
	for n := range run.Problems {
		if p := &run.Problems[n]; !p.Warning {
			results = append(results, TestResult{Name: "this file cannot be read", File: p.File, Story: p.Error()})
		}
	}
	return results, nil
}

// runTests runs all tests of a folder. They are run once: a folder does not change.
func (f *Folder) runTests(ctx context.Context) (*TestRun, error) {
	f.testing.Lock()
	defer f.testing.Unlock()
	if f.tested == nil {
		run, err := TestFolder(ctx, f, TestOptions{})
		if err != nil {
			return nil, err
		}
		f.tested = &run
	}
	return f.tested, nil
}

func isAbout(r *ruletest.Result, rule string) bool {
	if len(r.Test.Rules) > 0 {
		return slices.Contains(r.Test.Rules, rule)
	}
	for n := range r.Decisions {
		if r.Decisions[n].Rule == rule {
			return true
		}
	}
	return false
}

func describeTest(r *ruletest.Result) TestResult {
	result := TestResult{
		File:   r.Test.File,
		Line:   r.Test.Line,
		Name:   r.Test.Name,
		Passed: r.Passed,
	}
	if !r.Passed {
		var story strings.Builder
		_ = r.Write(&story, false) // it writes to memory
		result.Story = story.String()
	}
	return result
}

// FailedTestsError says that rule tests of a folder fail, or that test files cannot be read.
type FailedTestsError struct {
	Tests    int               // that ran
	Failed   []ruletest.Result // of these
	Problems rules.Problems    // in test files
}

func (e *FailedTestsError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %s failed", len(e.Failed), narrate.Count(e.Tests, "rule test"))
	if len(e.Problems) > 0 {
		fmt.Fprintf(&text, ", %s in test files", narrate.Count(len(e.Problems), "problem"))
	}
	for n := range e.Failed {
		separator := "; "
		if n == 0 {
			separator = ": "
		}
		text.WriteString(separator + e.Failed[n].Test.Name + " (" + e.Failed[n].Test.File + ")")
	}
	return text.String()
}

// Write writes the timelines of the tests that failed and the problems of the test files.
func (e *FailedTestsError) Write(w io.Writer, color bool) error {
	for n := range e.Failed {
		if err := e.Failed[n].Write(w, color); err != nil {
			return err
		}
	}
	return e.Problems.Format(w, color)
}

// CheckTests runs the rule tests of a folder, as publishing asks for. It returns a [*FailedTestsError] unless all pass. A folder without
// tests passes.
func CheckTests(ctx context.Context, f *Folder) error {
	run, err := TestFolder(ctx, f, TestOptions{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	failed := &FailedTestsError{Tests: len(run.Results), Problems: run.Problems}
	for n := range run.Results {
		if !run.Results[n].Passed {
			failed.Failed = append(failed.Failed, run.Results[n])
		}
	}
	if len(failed.Failed) > 0 || failed.Problems.Err() != nil {
		return failed
	}
	return nil
}
