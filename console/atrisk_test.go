package console_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/engine"
)

// TestWhoIsAtRisk: the page lists learners by their risk with the reasons and with what was sent to them, a course has its curve, and each look is recorded.
func TestWhoIsAtRisk(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	now := time.Now()
	publish := func(learner, event, id string, daysAgo int, properties map[string]any) {
		t.Helper()
		if err := s.store.Events.Publish(t.Context(), learner, event, id, now.AddDate(0, 0, -daysAgo), properties); err != nil {
			t.Fatal(err)
		}
	}
	course := map[string]any{"course_id": "crs_go"}
	for _, learner := range []string{"u_1", "u_2", "u_3"} {
		publish(learner, "enrollment.created", "1", 20, course)
	}
	publish("u_1", "lesson.started", "2", 19, map[string]any{"course_id": "crs_go", "lesson_id": "l"})
	for day := range 15 { // in the order in which it happened
		if day == 9 {
			publish("u_3", "course.completed", "2", 5, course)
		}
		publish("u_2", "lesson.started", string(rune('a'+day)), 14-day, map[string]any{"course_id": "crs_go", "lesson_id": "l"})
	}
	publish("u_4", "enrollment.created", "1", 1, map[string]any{"course_id": "crs_<b>"})
	s.decide(engine.Decision{ID: "1", Kind: engine.KindStarted, Run: "r1"})
	s.decide(engine.Decision{ID: "2", Kind: engine.KindSent, Run: "r1", Step: "2", Send: "s1", Message: "quiz-retry"})

	b := s.browser("")
	var all admin.AtRisk
	if err := json.Unmarshal([]byte(b.get("/at-risk", "Accept", "application/json")), &all); err != nil {
		t.Fatal(err)
	}
	if all.Of != 3 || len(all.Learners) != 3 || len(all.Courses) != 2 || len(all.Curve) != 0 || all.High != 2 {
		t.Fatalf("%+v", all)
	}
	first := all.Learners[0]
	if first.Learner != "u_1" || first.Last == nil || first.Last.Message != "quiz-retry" || !slices.Contains(first.Reasons, engine.RiskSilent) || all.Learners[2].Learner != "u_2" || all.Learners[2].Last != nil {
		t.Errorf("%+v", first)
	}
	if all.Problem == "" || first.Live != nil {
		t.Errorf("without Temporal it is known which runs are under way: %+v", first)
	}
	page := b.get("/at-risk?course=crs_go")
	for _, want := range []string{"2 enrollments under way", "silent for", "quiz-retry</a> <span class=\"soft\">1 hour ago", "<polyline class=\"first\"", "1, 50.0", "crs_&lt;b&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(b.get("/at-risk.csv?course=crs_go"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "u_1" || rows[1][9] != "quiz-retry" || rows[2][9] != "" {
		t.Errorf("%v, %v", rows, err)
	}
	if status, body := b.do(http.MethodGet, "/at-risk?course=crs_gp", nil); status != http.StatusUnprocessableEntity || !strings.Contains(body, "crs_go") {
		t.Errorf("a course that nobody is in: %d\n%s", status, body)
	}
	log, err := s.admin.AuditLog(t.Context(), admin.AuditOptions{Action: "list_at_risk"})
	if err != nil || log.Total != 3 || log.Records[0].Who != "maya" || log.Records[0].Target != "crs_go" || log.Records[0].Count != 2 {
		t.Errorf("%+v, %v", log, err)
	}
}
