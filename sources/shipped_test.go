package sources_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/sources"
)

// Each shipped source names the public document that it follows, and compiles by itself.
func TestShippedSourcesCompile(t *testing.T) {
	for _, name := range sources.ShippedNames() {
		text, _ := sources.ShippedFile(name)
		if !strings.HasPrefix(string(text), "about: ") || !strings.Contains(string(text), "https://") {
			t.Errorf("%s names no document", name)
		}
		if _, err := sources.Shipped(builtin(t), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join("testdata", name+".ndjson")); err != nil {
			t.Errorf("%s has no fixture: %v", name, err)
		}
	}
}

var update = flag.Bool("update", false, "write the expected output anew")

// Every body of the fixtures, which follow the public formats, becomes what testdata/<source>.golden says. At least 95 of 100 bodies
// of each format are read or knowingly ignored.
func TestFixturesOfShippedSources(t *testing.T) {
	reading, set := openShipped(t)
	for _, name := range sources.ShippedNames() {
		t.Run(name, func(t *testing.T) {
			file := readFixture(t, name)
			trial := sources.Try(reading, set, file, noon)
			var out strings.Builder
			refused := 0
			for _, b := range trial.Bodies {
				if b.Source != name {
					t.Errorf("line %d is taken for one of %q", b.Line, b.Source)
				}
				if b.Outcome == sources.Refused {
					refused++
				}
				line, err := json.Marshal(b)
				if err != nil {
					t.Fatal(err)
				}
				out.Write(append(line, '\n'))
			}
			if refused*20 > len(trial.Bodies) {
				t.Errorf("%d of %d bodies are refused", refused, len(trial.Bodies))
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The table of docs/integrate.md counts what becomes of the fixtures, and its example of a source compiles.
func TestTheDocumentIsTrue(t *testing.T) {
	page, err := os.ReadFile("../docs/integrate.md")
	if err != nil {
		t.Fatal(err)
	}
	known := builtin(t)
	set, err := sources.Shipped(known)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources.ShippedNames() {
		file := readFixture(t, name)
		for _, n := range sources.Try(known.WithTranslator(set), set, file, noon).Counts {
			if row := fmt.Sprintf("| `%s` | %d | %d | %d | %d |\n", n.Source, n.Bodies, n.Read, n.Ignored, n.Refused); !strings.Contains(string(page), row) {
				t.Errorf("the page lacks the row %s", row)
			}
		}
	}
	var own *sources.Set
	tests := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		if strings.HasPrefix(block[1], "test:") {
			results, problems := sources.RunTests("tests/sources/lms.yaml", []byte(block[1]), known.WithTranslator(own), own, func(string) bool { return true })
			if len(problems) > 0 {
				t.Errorf("%v in:\n%s", problems, block[1])
			}
			tests += len(results)
			continue
		}
		set, problems := sources.Compile("sources.yaml", []byte(block[1]), known)
		if len(problems) > 0 {
			t.Errorf("%v in:\n%s", problems, block[1])
		}
		own = set
	}
	if tests != 7 {
		t.Errorf("%d tests of the page ran", tests)
	}
}
