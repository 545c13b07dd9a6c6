package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"homeroom/internal/natstest"
)

// TestCommandsAreRecorded: what a command does is listed with the name of its user, in text and as JSON.
func TestCommandsAreRecorded(t *testing.T) {
	server, _, _ := natstest.Open(t)
	run := func(args ...string) (string, int) {
		var out bytes.Buffer
		code := Main(t.Context(), append(args, "--nats", server.URL()), IO{Out: &out, Err: &out, Now: time.Now})
		return out.String(), code
	}
	if out, code := run("audit"); code != 0 || out != "Nothing is recorded.\n" {
		t.Errorf("exit code %d: %s", code, out)
	}
	for _, args := range [][]string{{"pause", "a drill"}, {"resume"}} {
		if out, code := run(args...); code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, out)
		}
	}
	out, code := run("audit", "--since", "7d")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 2 || !strings.Contains(lines[0], "cli  resume") || !strings.Contains(lines[1], currentUser()) || strings.Contains(out, "drill") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if out, code = run("audit", "--action", "pause", "--limit", "1", "--format", "json"); code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	var log struct {
		Records []struct{ Who, Way, Action string }
		Total   int
	}
	if err := json.Unmarshal([]byte(out), &log); err != nil || log.Total != 1 || log.Records[0].Action != "pause" || log.Records[0].Way != "cli" {
		t.Errorf("%v in %s", err, out)
	}
	for _, args := range [][]string{{"audit", "--since", "soon"}, {"audit", "--limit", "-1"}} {
		if out, code := run(args...); code != 2 {
			t.Errorf("%v: exit code %d: %s", args, code, out)
		}
	}
}
