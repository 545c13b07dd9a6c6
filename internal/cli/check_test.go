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

// TestRulesCheck: what a person and a script see of each kind of folder.
func TestRulesCheck(t *testing.T) {
	const (
		rule    = "rule: welcome\nwhen: {event: user.signed_up}\ndo:\n  - send: hello\n"
		message = "---\nsubject: Hello\n---\nGood to have you here.\n"
	)
	cases := []struct {
		name  string
		files map[string]string
		flags []string
		code  int
		want  []string
	}{
		{"nothing wrong", nil, nil, 0, []string{"academy: 1 rule, 1 message, ", " events known, no problems\n"}},
		{"a mistake", map[string]string{"rules/welcome.yaml": strings.Replace(rule, "hello", "helo", 1)}, nil, 1,
			[]string{"rules/welcome.yaml:4:11: rule \"welcome\": there is no message helo\n", "fix: did you mean hello?", "\n1 problem\n"}},
		{"a missing translation", map[string]string{"messages/hello.de.md": message, "messages/old.md": message, "rules/second.yaml": "rule: second\nwhen: {event: user.signed_up}\ndo: [{send: old}]\n"},
			[]string{"--strict"}, 0, []string{"note: not written in de: old\n", "no problems\n"}},
		{"a warning", map[string]string{"messages/old.md": message}, nil, 0, []string{"warning: no rule sends this message (unused-message)", "events known, 1 warning\n"}},
		{"a warning, strictly", map[string]string{"messages/old.md": message}, []string{"--strict"}, 3, []string{"events known, 1 warning\n"}},
		{"for a script", nil, []string{"--format", "json"}, 0, []string{`"ok": true`, `"rules": 1`, `"problems": []`, `"hash": "`}},
		{"a mistake for a script", map[string]string{"rules/welcome.yaml": "rule: x\n"}, []string{"--format=json"}, 1,
			[]string{`"ok": false`, `"line": 1`, `"rule": "welcome"`}},
		{"wrong usage", nil, []string{"--format=xml"}, 2, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "academy")
			files := map[string]string{"rules/welcome.yaml": rule, "messages/hello.md": message}
			for name, text := range c.files {
				files[name] = text
			}
			for name, text := range files {
				if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var out, errs bytes.Buffer
			code := cli.Main(context.Background(), append([]string{"rules", "check", dir}, c.flags...), cli.IO{Out: &out, Err: &errs})
			if code != c.code {
				t.Errorf("got exit code %d, want %d; it said %s%s", code, c.code, &out, &errs)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got %s\nwithout %s", &out, want)
				}
			}
		})
	}
}

func TestRulesCheckWithoutAFolder(t *testing.T) {
	var out, errs bytes.Buffer
	code := cli.Main(context.Background(), []string{"rules", "check", filepath.Join(t.TempDir(), "nowhere")}, cli.IO{Out: &out, Err: &errs})
	if code != 2 || !strings.Contains(errs.String(), "there is no folder") {
		t.Errorf("got exit code %d, %s", code, &errs)
	}
}
