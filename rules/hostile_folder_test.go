package rules_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"homeroom/rules"
)

// A folder that comes by way of a pull request must not show what is on the machine that checks it, nor hang it.
func TestAFolderOfLinksPrintsNothing(t *testing.T) {
	const secret = "rule: s3cr3t\nwhen: not a rule"
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	if err := os.WriteFile(outside, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, sub := range []string{"rules", "messages", "tests"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"settings.yaml", "courses.yaml", "catalog.yaml", "rules/a.yaml", "messages/a.md", "tests/a.yaml"} {
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "rules/pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	academy, problems := rules.LoadDir(dir)
	said := problems.Error()
	if academy != nil || strings.Contains(said, "s3cr3t") {
		t.Errorf("the folder compiles (%v), or what lies outside it is printed:\n%s", academy != nil, said)
	}
	for _, want := range []string{"rules/a.yaml", "path escapes from parent", "rules/pipe.yaml", "it is not a regular file", "settings.yaml"} {
		if !strings.Contains(said, want) {
			t.Errorf("the problems do not say %q:\n%s", want, said)
		}
	}
}
