package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/internal/cli"
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
	if code != 1 || !strings.Contains(errs.String(), "nothing was published: 1 of 1 test failed") || !strings.Contains(errs.String(), "+ 2026-03-02 10:00:00") {
		t.Errorf("exit code %d: %s%s", code, &out, &errs)
	}
}
