package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/internal/cli"
)

// signaled is what is written until somebody waits for a part of it.
type signaled struct {
	mu   sync.Mutex
	text bytes.Buffer
	want string
	came context.CancelFunc // called once the text holds want
}

func (s *signaled) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.text.Write(p)
	if strings.Contains(s.text.String(), s.want) {
		s.came()
	}
	return n, err
}

// TestBacktestsFromTheCommandLine: one is begun, left alone by Ctrl-C while nobody works on it, shown, cancelled; another one is followed to its result, which is shown again later.
func TestBacktestsFromTheCommandLine(t *testing.T) {
	b := openBacktests(t)
	t.Setenv("TEMPORAL_ADDRESS", b.stack.TemporalAddress)
	t.Setenv("TEMPORAL_NAMESPACE", b.stack.Namespace)
	t.Setenv("HOMEROOM_NATS_URL", b.stack.NATSURL)
	dir := t.TempDir()
	for name, text := range harness.Files(pastFiles("26h")) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want int, args ...string) string {
		t.Helper()
		var out, complaints bytes.Buffer
		if got := cli.Main(b.ctx, args, cli.IO{Out: &out, Err: &complaints, Now: time.Now}); got != want {
			t.Fatalf("homeroom %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, want, &out, &complaints)
		}
		return out.String() + complaints.String()
	}
	left, leave := context.WithCancel(b.ctx)
	defer leave()
	said := &signaled{want: "Nobody works on it", came: leave}
	if code := cli.Main(left, []string{"backtest", dir, "--since", "all", "--background"}, cli.IO{Out: said, Err: said, Now: time.Now}); code == 0 {
		t.Error("a backtest that was left alone ends with 0")
	}
	id := regexp.MustCompile(`homeroom backtests cancel (bt-\w+)`).FindStringSubmatch(said.text.String())
	if id == nil {
		t.Fatalf("it does not say how it is found again:\n%s", &said.text)
	}
	if shown := run(0, "backtests", "show", id[1]); !strings.Contains(shown, "Nobody works on it") {
		t.Errorf("show says:\n%s", shown)
	}
	run(0, "backtests", "cancel", id[1])
	if shown := run(1, "backtests", "show", id[1], "--wait"); !strings.Contains(shown, "was cancelled") {
		t.Errorf("after it was cancelled show says:\n%s", shown)
	}
	run(2, "backtests", "cancel", id[1])
	run(1, "backtests", "show", "bt-none")

	b.work(nil)
	followed := run(3, "backtest", dir, "--since", "all", "--background", "--max-change", "3")
	if !strings.Contains(followed, "messages change, of") || !strings.Contains(followed, "--max-change allows 3") {
		t.Errorf("the result is not shown:\n%s", followed)
	}
	done := regexp.MustCompile(`Started (bt-\w+)\.`).FindStringSubmatch(followed)
	if done == nil {
		t.Fatalf("it does not say which it is:\n%s", followed)
	}
	if again := run(0, "backtests", "show", done[1]); !strings.Contains(again, "messages change, of") {
		t.Errorf("later show says:\n%s", again)
	}
	harness.Eventually(t, b.ctx, "both are listed", func() error {
		list := run(0, "backtests", "list")
		if !strings.Contains(list, done[1]) || !strings.Contains(list, "cancelled") {
			return errNotYet
		}
		return nil
	})
}
