package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// asCommand makes the binary of the tests the command, so that the shell of a test finds it.
const asCommand = "HOMEROOM_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestFromNothingToAFirstNudge runs the commands of docs/integrate.md as they stand there, on the fixtures: each way ends with a message that would have been sent.
func TestFromNothingToAFirstNudge(t *testing.T) {
	page, err := os.ReadFile("../../docs/integrate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## From nothing to a first nudge\n")
	section, _, _ = strings.Cut(section, "\n## ")
	ways := regexp.MustCompile("(?s)\n### ([^\n]+)\n\n[^#]*?```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(ways) != 5 {
		t.Fatalf("the page has %d ways", len(ways))
	}
	for _, way := range ways {
		t.Run(way[1], func(t *testing.T) {
			dir := t.TempDir()
			prepareFolder(t, dir)
			command := exec.CommandContext(t.Context(), "sh", "-e")
			command.Dir = dir
			command.Stdin = strings.NewReader(way[2])
			command.Env = append(os.Environ(), asCommand+"=1", "PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			if !regexp.MustCompile(`(?m)  sent  +\w+`).Match(out) {
				t.Errorf("no message would have been sent:\n%s", out)
			}
		})
	}
}

// prepareFolder puts the example academy, the fixtures and the command into a folder.
func prepareFolder(t *testing.T, dir string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "academy"), os.DirFS("../../examples/academy")); err != nil {
		t.Fatal(err)
	}
	fixtures, err := filepath.Glob("../../sources/testdata/*.ndjson")
	if err != nil || len(fixtures) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, fixture := range fixtures {
		text, err := os.ReadFile(fixture)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(fixture)), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "bin"), 0o700)
	}
	if err == nil {
		err = os.Symlink(self, filepath.Join(dir, "bin", "homeroom"))
	}
	if err != nil {
		t.Fatal(err)
	}
}
