package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
)

// writeEvents writes a recording and returns where it is.
func writeEvents(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const welcomeSooner = `rule: welcome
about: Greet a learner who enrolled.
when:
  event: enrollment.created
per: course_id
do:
  - wait: 30m
  - send: welcome
  - wait: 1d
  - send: second
`

func TestBacktestComparesTwoFolders(t *testing.T) {
	inForce := academy(t, nil)
	draft := academy(t, map[string]string{
		"rules/welcome.yaml": welcomeSooner,
		"messages/second.md": "---\nsubject: Second\n---\nGood: {% button \"Go\" trigger.course_id %}\n",
	})
	events := writeEvents(t, enrolled)
	code, out, err := homeroom(t, "", "backtest", draft, "--against", inForce, "--events", events, "--until", "+10d")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, err)
	}
	for _, want := range []string{
		"1 event of 1 learner",
		"2 messages change, of 1 learner.",
		"welcome edited 0 1 0 1 0.1 0.2",
		"messages 1 2",
		"CANNOT BE RENDERED 3 messages of each kind tried draft: second, rule welcome, about 1 message:",
		"now: sent draft: –",
		"2026-03-02 10:30:00 welcome course_id=go now: – draft: sent",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if !strings.Contains(err, "unknown event enrolment.created") {
		t.Errorf("the unreadable line is not named: %s", err)
	}
}

func TestBacktestEndsWithThreeIfTooMuchChanges(t *testing.T) {
	inForce := academy(t, nil)
	draft := academy(t, map[string]string{"rules/welcome.yaml": strings.ReplaceAll(welcomeSooner, "  - wait: 1d\n  - send: second\n", "")})
	events := writeEvents(t, enrolled)
	args := []string{"backtest", draft, "--against", inForce, "--events", events, "--until", "+10d", "--format", "json", "--max-change"}
	code, out, err := homeroom(t, "", append(args, "0")...)
	if code != 3 || !strings.Contains(err, "1 message changes, and --max-change allows 0") {
		t.Errorf("exit code %d, %s", code, err)
	}
	var answer admin.Backtest
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Changes != 1 || answer.Rules[0].OtherTime != 1 || !answer.Until.Equal(time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", answer)
	}
	if code, _, err := homeroom(t, "", append(args, "1")...); code != 0 {
		t.Errorf("one change is allowed, and the exit code is %d: %s", code, err)
	}
}

func TestBacktestRefuses(t *testing.T) {
	dir := academy(t, nil)
	events := writeEvents(t, enrolled)
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such folder", []string{"nowhere", "--against", dir, "--events", events}, 2, "there is no folder nowhere"},
		{"no such file", []string{dir, "--against", dir, "--events", "nowhere"}, 2, "--events"},
		{"a since that is no time", []string{dir, "--against", dir, "--events", events, "--since", "soon"}, 2, "--since soon"},
		{"an until that is no time", []string{dir, "--against", dir, "--events", events, "--until", "soon"}, 2, "--until"},
		{"no event", []string{dir, "--against", dir, "--events", writeEvents(t, "")}, 2, "there is no event in this range"},
		{"a file in the background", []string{dir, "--against", dir, "--events", events, "--background"}, 2, "leave it out with --events"},
		{"a copy in the background", []string{dir, "--history", t.TempDir(), "--background"}, 2, "leave it out with --background"},
		{"a folder with mistakes", []string{academy(t, map[string]string{"rules/welcome.yaml": "rule: welcome\n"}), "--against", dir, "--events", events}, 1, "when"},
	} {
		code, _, err := homeroom(t, "", append([]string{"backtest"}, c.args...)...)
		if code != c.code || !strings.Contains(err, c.want) {
			t.Errorf("%s: exit code %d, want %d: %s", c.name, code, c.code, err)
		}
	}
}
