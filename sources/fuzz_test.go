package sources_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/sources"
)

// textOf writes a value for a comparison.
func textOf(v any) string { return fmt.Sprint(v) }

// FuzzTranslate reads any body with every shipped source: what is refused says why, and what is accepted is an event that comes back the same.
func FuzzTranslate(f *testing.F) {
	for _, name := range sources.ShippedNames() {
		file, err := os.ReadFile(filepath.Join("testdata", name+".ndjson"))
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(file)) {
			f.Add([]byte(line))
		}
	}
	c := shipped(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		d, problem := c.Decode("", "", body, time.Time{})
		if problem != nil {
			if problem.Code == "" || problem.Message == "" {
				t.Fatalf("a refusal that says nothing: %+v", problem)
			}
			return
		}
		again, err := c.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > catalog.MaxBody {
			return
		}
		if _, problem = c.Decode("", "", again, time.Time{}); problem != nil {
			t.Fatalf("%s was accepted, its encoding is refused: %v", body, problem)
		}
	})
}

// FuzzCompile compiles any file: it has problems, or its set can read.
func FuzzCompile(f *testing.F) {
	for _, name := range sources.ShippedNames() {
		text, _ := sources.ShippedFile(name)
		f.Add([]byte("sources:\n  x:\n    "+strings.ReplaceAll(string(text), "\n", "\n    ")), []byte(enrollment))
	}
	f.Add([]byte("sources:\n  openedx:\n"), []byte(enrollment))
	known := builtin(f)
	f.Fuzz(func(t *testing.T, file, body []byte) {
		set, problems := sources.Compile("s.yaml", file, known)
		if problems.Err() != nil {
			return
		}
		var object map[string]any
		if json.Unmarshal(body, &object) != nil {
			return
		}
		if tr, found := set.Translate(&catalog.Foreign{Body: object, Raw: body}); found && tr.Err == nil && tr.Event == "" {
			t.Fatal("a body that was read is no event")
		}
	})
}
