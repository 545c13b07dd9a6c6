package yamlfile_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/internal/yamlfile"
)

func reader(text string) *yamlfile.Reader {
	return &yamlfile.Reader{Source: yamlfile.NewSource("f.yaml", []byte(text)), Problems: &yamlfile.Problems{}}
}

func TestBrokenFiles(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		want string
	}{
		{"tabs", "a:\n\tb: 1\n", "f.yaml:2:1: not readable as YAML: found character '\t' that cannot start any token; indent with spaces, not with tabs"},
		{"two documents", "a: 1\n---\nb: 1\n", "f.yaml:3:1: a second document in one file; move what follows the --- into a file of its own"},
		{"an alias", "a: &x 1\nb: *x\n", "f.yaml:1:4: YAML anchors, aliases and merges are not used here; write the value out; put a text that begins with & or * in quotes"},
		{"an alias of a list", "a: &x\n  - 1\nb: *x\n", "f.yaml:3:4: YAML anchors, aliases and merges are not used here; write the value out; put a text that begins with & or * in quotes"},
		{"no text", "a: \xff\n", "f.yaml:1:4: this is not UTF-8 text; save the file with the encoding UTF-8"},
	} {
		r := reader(c.text)
		if _, ok := r.Root(); ok {
			t.Errorf("%s: no problem", c.name)
		}
		if got := r.Problems.Error(); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestAnUnusedAnchorIsPassedOver: a list or a block of keys may have a name that nobody uses.
func TestAnUnusedAnchorIsPassedOver(t *testing.T) {
	for _, text := range []string{"a: &x\n  - 1\n  - 2\n", "a: &x [1, 2]\n", "a: &x {b: 1}\n", "a: &x\n  b: 1\n", "a: &x\n  b: 1\n  c: 2\n"} {
		r := reader(text)
		root, ok := r.Root()
		if !ok || len(*r.Problems) > 0 {
			t.Errorf("%q: %v", text, r.Problems)
			continue
		}
		if a := root.Get("a"); a == nil || len(a.Items)+len(a.Pairs) == 0 {
			t.Errorf("%q: got %+v", text, a)
		}
	}
}

func TestPairsKnowTheirPlaces(t *testing.T) {
	r := reader("rule: x\nabuot: y\nrule: z\nöäü: {deep: [1, true, null]}\n")
	root, ok := r.Root()
	if !ok {
		t.Fatal(r.Problems)
	}
	var got []string
	for _, p := range r.Pairs(root, "the rule", []string{"rule", "about", "öäü"}) {
		got = append(got, fmt.Sprintf("%s %d:%d", p.Key.Text, p.Value.At.Line, p.Value.At.Col))
	}
	if diff := cmp.Diff([]string{"rule 1:7", "öäü 4:6"}, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	want := "f.yaml:2:1: the rule has no key \"abuot\"; did you mean about?\n" +
		"f.yaml:3:1: the key rule stands twice, first in line 1; keep one of them"
	if diff := cmp.Diff(want, r.Problems.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	deep := map[string]any{"deep": []any{float64(1), true, nil}}
	if diff := cmp.Diff(any(deep), root.Get("öäü").JSON()); diff != "" {
		t.Errorf("value (-want +got):\n%s", diff)
	}
}

func TestProblemsAreErrors(t *testing.T) {
	err := yamlfile.Problems{{File: "m.md", Line: 3, Message: "no", Fix: "yes"}, {File: "m.md", Message: "hm", Warning: true}}.Err()
	if want := "m.md:3: no; yes\nm.md: warning: hm"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	var one *yamlfile.Problem
	if !errors.As(err, &one) || one.Line != 3 {
		t.Errorf("the first problem is %v", one)
	}
	if err := (yamlfile.Problems{{Message: "hm", Warning: true}}).Err(); err != nil {
		t.Errorf("a warning is an error: %v", err)
	}
}

// FuzzReader holds that no text breaks the reader, and that what it cannot read it says.
func FuzzReader(f *testing.F) {
	f.Add("rule: x\ndo:\n  - send: y\n")
	f.Add("a: &x {b: *x}\n")
	f.Add("? {a: b}\n: |\n  x\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := reader(text)
		if root, ok := r.Root(); ok != (len(*r.Problems) == 0) {
			t.Fatalf("root %v, ok %v, problems %v", root, ok, *r.Problems)
		}
	})
}
