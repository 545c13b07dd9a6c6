package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// riskEvents are a learner who studies and one who never began.
func riskEvents(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	line := func(id, event, learner, at, properties string) {
		b.WriteString(`{"id":"` + id + `","event":"` + event + `","learner_id":"` + learner + `","time":"` + at + `","properties":{"course_id":"crs_go"` + properties + `}}` + "\n")
	}
	line("1", "enrollment.created", "u_ada", "2026-03-01T09:00:00Z", "")
	line("2", "enrollment.created", "u_bob", "2026-03-01T09:00:00Z", "")
	for i, day := range []string{"02", "03", "05", "08", "09", "10"} {
		line("a"+string(rune('0'+i)), "lesson.completed", "u_ada", "2026-03-"+day+"T18:00:00Z", `,"lesson_id":"l1"`)
	}
	line("z", "lesson.completed", "u_ada", "2026-04-10T18:00:00Z", `,"lesson_id":"l2"`)
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRiskOfRecordedEvents(t *testing.T) {
	events := riskEvents(t)
	code, out, errOut := homeroom(t, "", "risk", "--events", events, "--at", "2026-03-11T18:00:00Z")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	want := `2 enrollments under way at 2026-03-11 18:00:00

LEARNER  COURSE  RISK  WHY
u_bob    crs_go  0.97  no study day in the last weeks; nothing done in the last weeks; silent for 10 days
u_ada    crs_go  0.45  about 5 activities in the last weeks
`
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	code, out, _ = homeroom(t, "", "risk", "--events", events, "--at", "2026-03-11T18:00:00Z", "--format", "ndjson")
	var first struct {
		Learner    string   `json:"learner"`
		Course     string   `json:"course"`
		Risk       float64  `json:"risk"`
		Reasons    []string `json:"reasons"`
		SilentDays float64  `json:"silent_days"`
	}
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &first); code != 0 || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if first.Learner != "u_bob" || first.Course != "crs_go" || first.Risk < 0.9 || len(first.Reasons) != 3 || first.SilentDays != 10.375 {
		t.Errorf("the first line says %+v", first)
	}
}

func TestCalibrateRecordedEvents(t *testing.T) {
	code, out, errOut := homeroom(t, "", "calibrate", academy(t, nil), "--events", riskEvents(t))
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	for _, want := range []string{"10 observations of 2 learners", "gone for ten days: 80.0 %", "risk: {intercept: "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
}

func TestRiskRefusesWhatItCannotDo(t *testing.T) {
	events := riskEvents(t)
	for _, args := range [][]string{
		{"risk", "--events", events, "--at", "soon"},
		{"risk", "--events", events, "--top", "-1"},
		{"risk", "--events", filepath.Join(t.TempDir(), "missing")},
		{"risk", "--academy", t.TempDir()},
	} {
		if code, _, errOut := homeroom(t, "", args...); code != 2 || errOut == "" {
			t.Errorf("%v: exit %d: %s", args, code, errOut)
		}
	}
}
