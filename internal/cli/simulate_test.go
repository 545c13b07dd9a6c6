package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/simulate"
)

// academy writes a small folder and returns where it is.
func academy(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "academy")
	all := map[string]string{
		"settings.yaml": "sender: {from: hello@academy.example, name: Academy, postal_address: 1 Main Street}\n",
		"rules/welcome.yaml": `rule: welcome
about: Greet a learner who enrolled.
when:
  event: enrollment.created
per: course_id
do:
  - wait: 1h
  - send: welcome
`,
		"messages/welcome.md": "---\nsubject: Welcome\n---\nGood to have you.\n",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// homeroom runs a command as a person would and returns its exit code and what it printed.
func homeroom(t *testing.T, in string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Main(context.Background(), args, IO{In: strings.NewReader(in), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

const enrolled = `{"id":"e1","event":"enrollment.created","learner_id":"ada","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go"}}
{"id":"e2","event":"enrolment.created","learner_id":"bob","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go"}}
`

func TestSimulateText(t *testing.T) {
	dir := academy(t, nil)
	code, out, err := homeroom(t, enrolled, "simulate", dir, "--events", "-", "--assume-reachable")
	want := `2026-03-02 10:00:00  ada  started    welcome  course_id=go · enrollment.created
2026-03-02 11:00:00  ada  sent       welcome  course_id=go

1 event, 1 learner, 1 dead letter

sent                1
  welcome           1

started             1
  welcome           1
`
	if code != 0 || out != want {
		t.Errorf("exit %d, got\n%swant\n%s%s", code, out, want, err)
	}
	if !strings.Contains(err, "standard input: line 2: unknown_event: ") || !strings.Contains(err, "enrollment.created") {
		t.Errorf("stderr says nothing useful about the dead letter: %s", err)
	}
}

func TestSimulateJSON(t *testing.T) {
	dir := academy(t, nil)
	file := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(file, []byte(enrolled), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--format", "json"}, {"--format", "json", "--summary"}} {
		code, out, _ := homeroom(t, "", append([]string{"simulate", dir, "--events", file}, args...)...)
		var doc simulate.Document
		if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 {
			t.Fatalf("exit %d: %v", code, err)
		}
		if doc.Summary.Skipped["no_address"] != 1 || doc.Summary.DeadLetters != 1 {
			t.Errorf("got %+v, want one message skipped for want of an address, and one dead letter", doc.Summary)
		}
		if kept := strings.Contains(out, `"decisions"`); kept == (len(args) == 3) {
			t.Errorf("%v: decisions printed: %v", args, kept)
		}
	}
}

func TestSimulateHints(t *testing.T) {
	dir := academy(t, nil)
	broken := academy(t, map[string]string{"rules/welcome.yaml": "rule: welcome\nwhen: {event: enrollment.created}\ndo:\n  - sned: welcome\n"})
	cases := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"nobody has an address", []string{dir, "--events", "-"}, 0, "--assume-reachable shows"},
		{"an unknown learner", []string{dir, "--events", "-", "--learner", "eve"}, 0, "no event of learner eve"},
		{"no such file", []string{dir, "--events", "nope.ndjson"}, 2, "nope.ndjson"},
		{"no such time", []string{dir, "--events", "-", "--until", "soon"}, 2, "2026-03-02T10:00:00Z, 2026-03-02 or +10d"},
		{"no events given", []string{dir}, 2, "--events"},
		{"a broken folder", []string{broken, "--events", "-"}, 1, "rules/welcome.yaml:4:5:"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, _, err := homeroom(t, enrolled, append([]string{"simulate"}, c.args...)...)
			if code != c.code || !strings.Contains(err, c.want) {
				t.Errorf("exit %d, %q; want exit %d and %q", code, err, c.code, c.want)
			}
		})
	}
}
