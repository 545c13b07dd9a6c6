package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/internal/clock"
	"homeroom/store"
)

// failedQuizzes writes a file of events: so many learners fail a quiz, one an hour, and every third of them passes it a day later.
func failedQuizzes(t *testing.T, learners int) string {
	t.Helper()
	var passed, lines []string
	for n := range learners {
		at := monday.Add(time.Duration(n) * time.Hour)
		line := func(at time.Time, id string, pass bool) string {
			return fmt.Sprintf(`{"id":"%s%d","learner_id":"u_%d","event":"assessment.graded","time":%q,"properties":{"assessment_id":"a1","course_id":"c1","score_pct":40,"passed":%t,"grader_type":"auto"}}`,
				id, n, n, at.Format(time.RFC3339), pass)
		}
		for len(passed) > 0 && n >= 24 && (n-24)%3 == 0 {
			lines = append(lines, passed[0])
			passed = passed[1:]
			break
		}
		lines = append(lines, line(at, "f", false))
		if n%3 == 0 {
			passed = append(passed, line(at.Add(24*time.Hour), "p", true))
		}
	}
	file := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(file, []byte(strings.Join(append(lines, passed...), "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// What holdouts measure stands under the summary of a simulation, and in its JSON; `rules explain` takes the pace from the same events, or says that
// it does not know it.
func TestExperimentsOfRecordedEvents(t *testing.T) {
	a := &academy{t: t}
	events := failedQuizzes(t, 1200)
	const folder = "../../examples/academy"
	code, out, complaints := a.homeroom("simulate", folder, "--events", events, "--assume-reachable", "--summary")
	if code != 0 || !strings.Contains(out, "LIFT  95 % intervals") || !strings.Contains(out, "quiz-retry") || !strings.Contains(out, "not proven: ") {
		t.Errorf("exit code %d\n%s%s", code, out, complaints)
	}
	_, out, _ = a.homeroom("simulate", folder, "--events", events, "--assume-reachable", "--format", "json")
	if !strings.Contains(out, `"experiments":[`) || !strings.Contains(out, `"verdict": "not_proven"`) {
		t.Errorf("the JSON has no experiment: …%s", out[max(0, len(out)-500):])
	}
	code, out, complaints = a.homeroom("rules", "explain", folder, "quiz-retry", "--events", events)
	if code != 0 || !strings.Contains(out, "At the present pace of 24 people a day, of whom ") || !strings.Contains(out, " people, ") {
		t.Errorf("exit code %d\n%s%s", code, out, complaints)
	}
	code, out, complaints = a.homeroom("rules", "explain", folder, "quiz-retry", "--events", failedQuizzes(t, 3))
	if code != 0 || !strings.Contains(out, "If 20.0 % reach the goal without a message (too little is known") {
		t.Errorf("three learners: exit code %d\n%s%s", code, out, complaints)
	}
	if _, out, _ = a.homeroom("rules", "explain", folder, "welcome"); strings.Contains(out, "How long") {
		t.Errorf("a rule without a goal:\n%s", out)
	}
}

// The pace can come from the decisions of an installation; one that has decided nothing has none.
func TestThePaceOfAnInstallation(t *testing.T) {
	a := open(t)
	const folder = "../../examples/academy"
	code, out, complaints := a.homeroom("rules", "explain", folder, "quiz-retry", "--from-streams")
	if code != 0 || !strings.Contains(out, "too little is known") {
		t.Errorf("an empty installation: exit code %d\n%s%s", code, out, complaints)
	}
	(&trial{academy: a}).play(500)
	code, out, complaints = a.homeroom("rules", "explain", folder, "quiz-retry", "--from-streams")
	if code != 0 || !strings.Contains(out, "At the present pace of 98 people a day") {
		t.Errorf("exit code %d\n%s%s", code, out, complaints)
	}
	now := time.Now()
	past := clock.New(now, now.AddDate(0, 0, -70), 1)
	if err := a.store.Control.PublishInstance(t.Context(), store.Instance{Name: "campus", Clock: &past}); err != nil {
		t.Fatal(err)
	}
	code, out, complaints = a.homeroom("rules", "explain", folder, "quiz-retry", "--from-streams")
	if code != 0 || !strings.Contains(out, "At the present pace of 98 people a day") {
		t.Errorf("where learners live 70 days ago: exit code %d\n%s%s", code, out, complaints)
	}
}
