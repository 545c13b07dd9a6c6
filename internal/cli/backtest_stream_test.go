package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/internal/clitest"
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
			w.Send(subject, nil, fmt.Sprintf(`{"id":"1","time":%q,"properties":%s}`, when, properties))
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
	if code, _, complaints := w.Run("", "backtest", draft, "--against", "99"); code != 2 || !strings.Contains(complaints, "--against 99") {
		t.Errorf("exit code %d: %s", code, complaints)
	}
}
