package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/internal/cli"
	"homeroom/rules"
)

// TestPublishFromTheCommandLine: a growth team's Tuesday. Homeroom runs and has no rules yet.
func TestPublishFromTheCommandLine(t *testing.T) {
	w := open(t, nil, instance.Options{})
	t.Setenv("TEMPORAL_ADDRESS", w.stack.TemporalAddress)
	t.Setenv("TEMPORAL_NAMESPACE", w.stack.Namespace)
	t.Setenv("HOMEROOM_NATS_URL", w.stack.NATSURL)
	run := func(want int, args ...string) string {
		t.Helper()
		var out, complaints bytes.Buffer
		if got := cli.Main(w.ctx, append([]string{"rules"}, args...), cli.IO{Out: &out, Err: &complaints, Now: time.Now}); got != want {
			t.Fatalf("homeroom rules %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, want, &out, &complaints)
		}
		return out.String() + complaints.String()
	}
	says := func(said string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(said, want) {
				t.Errorf("it does not say %q:\n%s", want, said)
			}
		}
	}

	first := folder(t, retrying(t, "wait: 1h", "first"))
	says(run(0, "status"), "Nothing is in force yet", "swap none")
	says(run(2, "publish", first), "add --yes")
	says(run(0, "publish", first, "--yes", "--note", "we begin"), "In force as no. 1")
	w.academy = retrying(t, "wait: 1h", "first")
	w.fails("ada")

	second := folder(t, retrying(t, "wait: 2h", "second"))
	says(run(0, "diff", "current", second), "~ retry: changed rule", "-  - {id: pause, wait: 1h}", "+  - {id: pause, wait: 2h}")
	var dry struct {
		Expected struct{ Affected, Woken int }
	}
	harness.Eventually(t, w.ctx, "ada's run is counted", func() error {
		if err := json.Unmarshal([]byte(run(0, "publish", second, "--in-flight", "cancel", "--dry-run", "--format", "json")), &dry); err != nil {
			return err
		}
		if dry.Expected.Affected != 1 || dry.Expected.Woken != 0 {
			return errNotYet
		}
		return nil
	})
	says(run(0, "publish", second, "--in-flight", "cancel", "--yes"), "In force as no. 2", "1 with live runs")
	says(run(0, "rollback", "1", "--yes"), "In force as no. 3")
	says(run(0, "history"), "we begin", "rollback to 1", "in force")
	says(run(0, "status"), "In force: no. 3", "triggers+worker", "swap done", "steady")
	says(run(0, "sweep"), "0 learners told")
	says(run(2, "rollback", "9", "--yes"), "homeroom rules history")
}

// folder writes an academy where the command line finds it.
func folder(t *testing.T, a *rules.Academy) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range a.Files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
