package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/backtest/segments"
	"homeroom/internal/clitest"
	"homeroom/subjects"
)

// The events that Homeroom keeps are compared as those of a file are, whatever format they were published in.
func TestBacktestReadsTheStream(t *testing.T) {
	const folder = "../../examples/academy"
	w := clitest.Open(t, folder)
	at := time.Now().UTC().Add(-48 * time.Hour).Truncate(24 * time.Hour).Add(12 * time.Hour)
	for i, kind := range []string{"native", "cloudevents", "unreadable"} {
		learner := fmt.Sprintf("u_%d", i)
		subject := "learning." + learner + ".assessment.graded"
		properties := `{"assessment_id":"a","course_id":"c","passed":false}`
		when := at.Format(time.RFC3339)
		switch kind {
		case "native":
			w.Send(subject, nil, fmt.Sprintf(`{"id":"1","time":%q,"properties":%s,"traits":{"email":"ada@example.org","first_name":"Adalbert","level":"beginner"}}`, when, properties))
		case "cloudevents":
			w.Send(subject, map[string][]string{
				"ce-specversion": {"1.0"},
				"ce-id":          {"1"},
				"ce-type":        {"assessment.graded"},
				"ce-source":      {"lms"},
				"ce-time":        {when},
			}, properties)
		default:
			w.Send(subject, nil, "no JSON")
		}
	}
	draft := filepath.Join(t.TempDir(), "draft")
	if err := os.CopyFS(draft, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	rule := filepath.Join(draft, "rules", "quiz-retry.yaml")
	text, err := os.ReadFile(rule)
	if err != nil {
		t.Fatal(err)
	}
	sooner := strings.NewReplacer("wait: 2h", "wait: 1h", "holdout: 10%", "holdout: 0%").Replace(string(text))
	if err := os.WriteFile(rule, []byte(sooner), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, against := range []string{"current", w.Academy.Ruleset.Hash} {
		out := w.MustRun(3, "backtest", draft, "--against", against, "--max-change", "0")
		clitest.WantParts(t, out, "2 events of 2 learners", "2 messages change, of 2 learners.", "quiz-retry", "edited")
	}
	history := filepath.Join(t.TempDir(), "history")
	for range 2 { // made, then read
		out := w.MustRun(0, "backtest", draft, "--history", history)
		clitest.WantParts(t, out, "2 messages change, of 2 learners.")
	}
	wantNoAddress(t, history)
	stream, err := w.JS.Stream(t.Context(), subjects.Stream)
	if err == nil {
		err = stream.Purge(t.Context(), jetstream.WithPurgeSubject("learning.*.u_0.>"))
	}
	if err != nil {
		t.Fatal(err)
	}
	clitest.WantParts(t, w.MustRun(0, "backtest", draft, "--history", history), "1 message changes, of 1 learner.")
	w.MustRun(2, "backtest", draft, "--history", history, "--known-addresses")
	w.MustRun(2, "backtest", draft, "--history", history, "--events", "-")
	if code, _, complaints := w.Run("", "backtest", draft, "--against", "99"); code != 2 || !strings.Contains(complaints, "--against 99") {
		t.Errorf("exit code %d: %s", code, complaints)
	}
}

// wantNoAddress fails if a history holds who somebody is.
func wantNoAddress(t *testing.T, dir string) {
	t.Helper()
	h, err := segments.OpenEventCopy(dir, subjects.Partitions)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var all strings.Builder
	for part := range h.Parts() {
		err := h.ReadPart(t.Context(), part, func(r *segments.Record) error {
			all.Write(r.Body)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if text := all.String(); strings.Contains(text, "ada@") || strings.Contains(text, "Adalbert") || !strings.Contains(text, "beginner") {
		t.Errorf("the history holds %s", text)
	}
}
