package admin

import (
	"homeroom/rules"
	"homeroom/rules/ruletest"
)

// TestedFile is how the tests of a file came out.
type TestedFile struct {
	Name     string
	Tests    int
	Failed   int
	Failures []*ruletest.Result // of the rule tests that failed; why tests of sources failed is among the problems of the run
}

// Files returns the files with tests in the order in which they ran, those of tests/sources last.
func (r *TestRun) Files() []TestedFile {
	var files []TestedFile
	count := func(name string, passed bool) *TestedFile {
		if len(files) == 0 || files[len(files)-1].Name != name {
			files = append(files, TestedFile{Name: name})
		}
		file := &files[len(files)-1]
		file.Tests++
		if !passed {
			file.Failed++
		}
		return file
	}
	for i := range r.Results {
		result := &r.Results[i]
		file := count(result.Test.File, result.Passed)
		if !result.Passed {
			file.Failures = append(file.Failures, result)
		}
	}
	for _, result := range r.Sources {
		count(result.File, result.Passed)
	}
	return files
}

// Passed reports whether every test passed and every file of tests can be read.
func (r *TestRun) Passed() bool {
	for _, file := range r.Files() {
		if file.Failed > 0 {
			return false
		}
	}
	return len(r.Problems) == 0
}

// TestDocument is a run of tests as JSON has it, without the coverage.
type TestDocument struct {
	Passed   bool           `json:"passed"`
	Problems rules.Problems `json:"problems"`
	Tests    []TestResult   `json:"tests"`
}

// Document returns the run as JSON has it.
func (r *TestRun) Document() TestDocument {
	document := TestDocument{
		Passed:   r.Passed(),
		Problems: append(rules.Problems{}, r.Problems...),
		Tests:    []TestResult{},
	}
	for i := range r.Results {
		document.Tests = append(document.Tests, describeTest(&r.Results[i]))
	}
	for _, result := range r.Sources {
		document.Tests = append(document.Tests, TestResult{
			File:   result.File,
			Line:   result.Line,
			Name:   result.Name,
			Passed: result.Passed,
		})
	}
	return document
}
