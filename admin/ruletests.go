package admin

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"homeroom/rules/ruletest"
)

// testsOfRule runs the tests of a folder and returns those that are about a rule: they name it, or they name no rule and it decides
// something in them. A folder without tests has none.
func testsOfRule(ctx context.Context, f *Folder, rule string) ([]TestResult, error) {
	results := []TestResult{}
	if _, err := fs.Stat(f.files, "tests"); errors.Is(err, fs.ErrNotExist) {
		return results, nil
	}
	run, err := TestFolder(ctx, f, TestOptions{})
	if err != nil {
		return results, err
	}
	for n := range run.Results {
		r := &run.Results[n]
		if isAbout(r, rule) {
			results = append(results, describeTest(r))
		}
	}
	return results, nil
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
	result := TestResult{Name: r.Test.Name, File: r.Test.File, Passed: r.Passed}
	if !r.Passed {
		var story strings.Builder
		_ = r.Write(&story, false) // it writes to memory
		result.Story = story.String()
	}
	return result
}
