package rules_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/rules"
)

// TestGood compiles the folders in testdata/good and holds what came of them against their last file, want.
func TestGood(t *testing.T) {
	cases, err := filepath.Glob("testdata/good/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			want := ""
			kept := []txtar.File{}
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				fsys[f.Name] = &fstest.MapFile{Data: f.Data}
				kept = append(kept, f)
			}
			academy, problems := rules.Load(fsys, ".")
			if len(problems) > 0 {
				t.Fatalf("problems:\n%s", printed(t, problems))
			}
			runTests(t, fsys)
			got := describe(academy.Ruleset)
			if *update {
				archive.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// runTests runs the rule tests of a folder, as people do.
func runTests(t *testing.T, fsys fs.FS) {
	t.Helper()
	if _, err := fs.Stat(fsys, "tests"); err != nil {
		return
	}
	run, err := admin.TestFolder(t.Context(), admin.LoadFolder(fsys, "."), admin.TestOptions{})
	if err != nil || len(run.Problems) > 0 {
		t.Fatalf("%v\n%s", err, printed(t, run.Problems))
	}
	for _, res := range run.Results {
		if res.Passed {
			continue
		}
		var b strings.Builder
		if err := res.Write(&b, false); err != nil {
			t.Fatal(err)
		}
		t.Error(b.String())
	}
}

func TestDefaults(t *testing.T) {
	academy := mustLoad(t, nil)
	s := academy.Settings
	if s.Location != time.UTC || s.Patience != 24*time.Hour || s.Resolution != 10*time.Minute || s.Quiet != nil ||
		s.MaxEventAge != 0 || len(s.Caps) > 0 || len(s.Topics) > 0 {
		t.Errorf("got %+v", s)
	}
	if !s.Activity["lesson.completed"] || !s.Activity["assessment.graded"] || s.Activity["course.progress_updated"] || s.Risk != nil {
		t.Errorf("activity is %v", s.Activity)
	}
	if academy.Ruleset.Rule("base").Priority != 50 {
		t.Errorf("priority is %d", academy.Ruleset.Rule("base").Priority)
	}
}

func TestARevisionIsItsContent(t *testing.T) {
	unix := mustLoad(t, map[string]string{"tests/a.yaml": "test: a\n"})
	windows := folder(base)
	windows["tests/a.yaml"] = &fstest.MapFile{Data: []byte("test: a\n")}
	for _, f := range windows {
		f.Data = append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))...)
	}
	same, problems := rules.Load(windows, ".")
	if len(problems) > 0 {
		t.Fatalf("problems:\n%s", printed(t, problems))
	}
	if same.Ruleset.Hash != unix.Ruleset.Hash {
		t.Error("a checkout on Windows is another revision")
	}
	changed := mustLoad(t, map[string]string{"settings.yaml": "patience: 2h\n"})
	if changed.Ruleset.Hash == unix.Ruleset.Hash {
		t.Error("other content is the same revision")
	}
	if other := mustLoad(t, nil); other.Ruleset.Hash == unix.Ruleset.Hash || unix.Files["tests/a.yaml"] == nil {
		t.Error("a revision does not hold its tests")
	}

	stored, err := rules.EncodeBundle(changed.Files)
	if err != nil {
		t.Fatal(err)
	}
	files, err := rules.DecodeBundle(stored)
	if err != nil {
		t.Fatal(err)
	}
	again, problems := rules.FromBundle(files)
	if problems.Err() != nil || again.Ruleset.Hash != changed.Ruleset.Hash || describe(again.Ruleset) != describe(changed.Ruleset) {
		t.Errorf("a stored revision came back as another: %v", problems)
	}
}

// TestARuleIsItsFile: a rule's hash changes with its own file and nothing else.
func TestARuleIsItsFile(t *testing.T) {
	before := mustLoad(t, nil).Ruleset.Rule("base").Hash
	if other := mustLoad(t, map[string]string{"settings.yaml": "patience: 2h\n"}).Ruleset.Rule("base").Hash; other != before {
		t.Error("the settings changed, but so did the rule's hash")
	}
	if other := mustLoad(t, map[string]string{"rules/base.yaml": base["rules/base.yaml"] + "priority: 51\n"}).Ruleset.Rule("base").Hash; other == before {
		t.Error("the rule changed, but its hash did not")
	}
}

func TestFromBundleRefusesStrangers(t *testing.T) {
	_, problems := rules.FromBundle(map[string][]byte{"../etc/passwd": nil, "rules/x.yaml": []byte("rule: x")})
	if problems.Err() == nil {
		t.Error("no problem was found")
	}
}

func TestWhereTheFolderIs(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, f := range withBase(map[string]string{"rules/x.yaml": "rule: x\n"}) {
		fsys["team/academy/"+name] = f
	}
	_, problems := rules.Load(fsys, "team/academy")
	if len(problems) == 0 || problems[0].File != "team/academy/rules/x.yaml" {
		t.Errorf("got %v", problems)
	}
	for _, dir := range []string{"nowhere", "../up", "team/academy/rules/x.yaml"} {
		if _, problems := rules.Load(fsys, dir); problems.Err() == nil {
			t.Errorf("%s: no problem was found", dir)
		}
	}
	if _, problems := rules.Load(fstest.MapFS{}, "."); problems.Err() == nil {
		t.Error("an empty folder has no problem")
	}
}

func TestLoadDirNamesFilesAsTyped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "academy")
	if err := os.CopyFS(dir, withBase(map[string]string{"rules/x.yaml": "rule: x\n"})); err != nil {
		t.Fatal(err)
	}
	_, problems := rules.LoadDir(dir)
	if len(problems) == 0 || problems[0].File != filepath.ToSlash(dir)+"/rules/x.yaml" {
		t.Errorf("got %v", problems)
	}
	if err := os.Remove(filepath.Join(dir, "rules", "x.yaml")); err != nil {
		t.Fatal(err)
	}
	academy, problems := rules.LoadDir(dir)
	if problems.Err() != nil || academy.Name != "academy" {
		t.Errorf("got %v, %v", academy, problems)
	}
}

// unbounded is longer than any input within its limits takes, also on a busy machine; work that grows with the square or worse of
// what these inputs hold takes hours.
const unbounded = time.Minute

func TestHostileFiles(t *testing.T) {
	rule := func(body string) map[string]string { return map[string]string{"rules/x.yaml": body} }
	many := map[string]string{}
	for i := range 1100 {
		many[fmt.Sprintf("messages/m%d.md", i)] = base["messages/hello.md"]
	}
	big := map[string]string{}
	for i := range 6 {
		big[fmt.Sprintf("messages/m%d.md", i)] = base["messages/hello.md"] + strings.Repeat("A long story.\n", 14_000)
	}
	cases := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"not UTF-8", rule("rule: x\nabout: caf\xe9\n"), "rules/x.yaml:2:11: rule \"x\": this is not UTF-8 text"},
		{"a NUL", rule("rule: x\nabout: a\x00b\n"), "rules/x.yaml:2:9: rule \"x\": an invisible control character"},
		{"a huge file", rule("about: " + strings.Repeat("x\n  ", 1<<16+1)), "larger than 256 KiB"},
		{"many lines", rule(strings.Repeat("\n", 20_000)), "more than 10,000 lines"},
		{"a long line", rule("about: " + strings.Repeat("x", 9000)), "longer than 8 KiB"},
		{"deep brackets", rule("when: " + strings.Repeat("[", 5000)), "nested too deeply"},
		{"brackets in many lines", rule("when: " + strings.Repeat("[\n ", 5000)), "nested too deeply"},
		{"deep dashes", rule(strings.Repeat("- ", 4000)), "nested too deeply"},
		{"deep indentation", rule(strings.Repeat(" ", 4000) + "a: b"), "nested too deeply"},
		{"an alias bomb", rule("a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n"), "YAML anchors, aliases and merges are not used"},
		{"too many files", many, "more than 1,000 files"},
		{"a large folder", big, "larger than 1 MiB together"},
		{"a long expression", rule("rule: x\nwhen: {event: user.signed_up}\ndo:\n  - send: hello\n    if: " +
			"true" + strings.Repeat(" && true", 600)), "longer than 4096"},
		{"a deep expression", rule("rule: x\nwhen: {event: user.signed_up}\ndo:\n  - send: hello\n    if: " +
			strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500)), "this is not an expression"},
		{"a message with deep front matter", map[string]string{"messages/hello.md": "---\nsubject: " + strings.Repeat("[", 5000) + "\n---\nx\n"}, "nested too deeply"},
		{"a message that is not UTF-8", map[string]string{"messages/hello.md": "---\nsubject: caf\xe9\n---\nx\n"}, "messages/hello.md:2:13: this is not UTF-8 text"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, problems := rules.Load(withBase(c.files), ".")
			if got := printed(t, problems); problems.Err() == nil || !strings.Contains(got, c.want) {
				t.Errorf("got %.500s, want %s", got, c.want)
			}
			if took := time.Since(start); took > unbounded {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestColor(t *testing.T) {
	_, problems := rules.Load(withBase(map[string]string{"rules/x.yaml": "rule: y\nwhen: {event: user.signed_up}\ndo:\n  - send: hello\n"}), ".")
	var b bytes.Buffer
	if err := problems.Format(&b, true); err != nil || !strings.Contains(b.String(), "\x1b[31m") {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

// FuzzLoad: whatever a folder holds, it compiles or its problems have places.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.txtar", "testdata/good/*.txtar"} {
		cases, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range cases {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range archive.Files {
				f.Add(file.Name, string(file.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if len(text) > 16<<10 || !fs.ValidPath(name) || name == "." {
			return
		}
		start := time.Now()
		academy, problems := rules.Load(withBase(map[string]string{name: text}), ".")
		if took := time.Since(start); took > unbounded {
			t.Errorf("took %s", took)
		}
		if (academy == nil) != (problems.Err() != nil) {
			t.Fatalf("academy %v with %v", academy != nil, problems)
		}
		for _, p := range problems {
			if p.File == "" || p.Message == "" || p.Line > strings.Count(text, "\n")+20 {
				t.Errorf("got %+v", p)
			}
		}
		printed(t, problems)
		if academy == nil {
			return
		}
		for _, r := range academy.Ruleset.Rules {
			for pc, in := range r.Program {
				forks := in.Op == engine.OpWaitFor || in.Op == engine.OpBranch || in.Op == engine.OpJump
				if forks && (in.Else <= pc || in.Else > len(r.Program)) {
					t.Errorf("%s: instruction %d goes to %d", r.Name, pc, in.Else)
				}
				if in.Op == engine.OpSplit && len(in.Split.Arms) < 2 {
					t.Errorf("%s: instruction %d splits into %d", r.Name, pc, len(in.Split.Arms))
				}
			}
		}
	})
}
