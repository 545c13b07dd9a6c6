package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestCommandsOfTheDocumentsExist: each command that the documents or the unit of systemd print is one, and so is each of its flags. Values are not looked at: the
// files are the reader's.
func TestCommandsOfTheDocumentsExist(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	documents = append(documents, "../../README.md", "../../deploy/systemd/homeroom@.service")
	commands := leaves(t)
	seen := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range printedCommands(string(text)) {
			seen++
			flags := flagsOf(commands, line)
			if flags == nil {
				t.Errorf("%s: there is no command `homeroom %s`", document, line)
				continue
			}
			for _, flag := range regexp.MustCompile(`(?:^| )--([a-z-]+)`).FindAllStringSubmatch(line, -1) {
				if !flags[flag[1]] {
					t.Errorf("%s: `homeroom %s` has no flag --%s", document, line, flag[1])
				}
			}
		}
	}
	if seen < 70 {
		t.Errorf("only %d commands were found", seen)
	}
}

// printedCommands returns what follows `homeroom` in the lines of a document that are to be typed, or that a unit starts.
func printedCommands(text string) []string {
	call := regexp.MustCompile(`(?:^|[ ;(/])homeroom ([a-z][^;|)&#>]*)`)
	text = strings.ReplaceAll(text, "\\\n", " ") // a command goes on in the next line
	inBlock := false
	var found []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			inBlock = line == "```sh\n"
			continue
		}
		if inBlock || strings.HasPrefix(line, "    homeroom ") || strings.HasPrefix(line, "ExecStart=") {
			for _, match := range call.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
				found = append(found, strings.TrimSpace(match[1]))
			}
		}
	}
	return found
}

// flagsOf returns the names of the flags of the command that a line calls; nil: of none.
func flagsOf(commands []*kong.Node, line string) map[string]bool {
	for _, command := range commands {
		path := strings.SplitN(command.Path(), " <", 2)[0]
		if line != path && !strings.HasPrefix(line, path+" ") {
			continue
		}
		flags := map[string]bool{"help": true}
		for _, group := range command.AllFlags(false) {
			for _, flag := range group {
				flags[flag.Name] = true
				for _, alias := range flag.Aliases {
					flags[alias] = true
				}
				if flag.Negated || flag.Tag.Negatable != "" {
					flags["no-"+flag.Name] = true
				}
			}
		}
		return flags
	}
	return nil
}
