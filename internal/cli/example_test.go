package cli_test

import (
	"maps"
	"testing"

	"homeroom/rules"
)

// changeExample returns the example academy with changed files.
func changeExample(t *testing.T, change func(files map[string][]byte)) *rules.Academy {
	t.Helper()
	academy, problems := rules.LoadDir("../../examples/academy")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(academy.Files)
	change(files)
	academy, problems = rules.FromBundle(files)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return academy
}
