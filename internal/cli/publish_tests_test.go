package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/internal/cli"
	"homeroom/internal/clitest"
)

// TestPublishRunsTheRuleTests: a folder with a test that fails is not published, and nothing is connected to.
func TestPublishRunsTheRuleTests(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rules/welcome.yaml": "rule: welcome\nwhen: {event: user.signed_up}\ndo: [{send: hello}]\n",
		"messages/hello.md":  "---\nsubject: Hello\n---\nHello.\n",
		"tests/t.yaml":       "test: nobody is welcomed\nstart: 2026-03-02T10:00:00Z\nevents: [{at: +0s, event: user.signed_up}]\nexpect: []\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	code := cli.Main(context.Background(), []string{"rules", "publish", dir, "--yes"}, cli.IO{Out: &out, Err: &errs})
	if code != 1 || !strings.Contains(errs.String(), "nothing was published: 1 of 1 rule test failed: nobody is welcomed") || !strings.Contains(errs.String(), "+ 2026-03-02 10:00:00") {
		t.Errorf("exit code %d: %s%s", code, &out, &errs)
	}
}

// TestPublishWithABase: a folder that began from what is not in force any more is not published; pull says what to give as the base.
func TestPublishWithABase(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody listens there
	w := clitest.Open(t, "../../examples/academy")
	dir := filepath.Join(t.TempDir(), "pulled")
	hash := w.Academy.Ruleset.Hash[:12]
	out := w.MustRun(0, "rules", "pull", dir)
	clitest.WantParts(t, out, hash+" written to "+dir, "homeroom rules publish "+dir+" --base "+hash)

	settings := filepath.Join(dir, "settings.yaml")
	text, err := os.ReadFile(settings)
	if err == nil {
		err = os.WriteFile(settings, append(text, "\n# mine\n"...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	publish := []string{"rules", "publish", dir, "--untested", "--yes", "--base"}
	if out = w.MustRun(1, append(publish, hash)...); strings.Contains(out, "began from") { // as far as Temporal, which is away
		t.Errorf("the base is in force, and it was refused: %s", out)
	}
	clitest.WantParts(t, w.MustRun(2, append(publish, "0123456789")...), "--base", "is no revision")
	clitest.WantParts(t, w.MustRun(2, "rules", "publish", dir, "--force"), "--force goes with --base")

	w.PublishAs("grace", "spring prices", map[string]string{"settings.yaml": string(text) + "\n# hers\n"})
	clitest.WantParts(t, w.MustRun(1, append(publish, hash)...), "nothing was published: the folder began from "+hash, "meanwhile grace published",
		"no. 2: spring prices", "homeroom rules diff "+hash+" current", "--force")
	if out = w.MustRun(1, append(publish, hash, "--force")...); strings.Contains(out, "began from") {
		t.Errorf("forced, and it was refused: %s", out)
	}
	for name, content := range w.Academy.Files { // the folder itself is in force
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out = w.MustRun(1, append(publish, hash)...); strings.Contains(out, "began from") {
		t.Errorf("the folder is in force itself, and it was refused: %s", out)
	}
}
