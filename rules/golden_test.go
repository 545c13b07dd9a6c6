package rules_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"homeroom/rules"
)

var update = flag.Bool("update", false, "write the expected output anew")

// base is a folder in which nothing is wrong; the files of a case come on top.
var base = map[string]string{
	"rules/base.yaml":   "rule: base\nwhen: {event: user.signed_up}\ndo:\n  - send: hello\n",
	"messages/hello.md": "---\nsubject: Hello\n---\nGood to have you here.\n",
}

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func withBase(files map[string]string) fstest.MapFS {
	fsys := folder(base)
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func printed(t testing.TB, problems rules.Problems) string {
	t.Helper()
	var b bytes.Buffer
	if err := problems.Format(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestBad holds what is printed about each kind of mistake against testdata/bad/<problem>.txtar, whose last file, want,
// is the exact output. Read the diff after -update.
func TestBad(t *testing.T) {
	cases, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			want := ""
			kept := []txtar.File{}
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				files[f.Name] = string(f.Data)
				kept = append(kept, f)
			}
			_, problems := rules.Load(withBase(files), ".")
			got := printed(t, problems)
			if *update {
				archive.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got == "" {
				t.Error("no problem was found")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
