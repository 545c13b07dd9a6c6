package simulate

import (
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

func TestWhyARuleNeverStarted(t *testing.T) {
	const day = 24 * time.Hour
	quiz := &engine.Rule{Name: "quiz", When: engine.Trigger{Match: engine.Match{Event: "assessment.graded"}}, Per: []string{"assessment_id"}}
	quiet := &engine.Rule{Name: "quiet", When: engine.Trigger{Inactive: 7 * day}}
	weekly := &engine.Rule{Name: "weekly", When: engine.Trigger{Schedule: &engine.Schedule{}}}
	missing := &engine.Rule{Name: "missing", When: engine.Trigger{Overdue: 2 * day, Of: engine.KeyAssessment}}
	rs := &engine.Ruleset{
		Rules:    []*engine.Rule{missing, quiet, quiz, weekly},
		Settings: engine.Settings{Activity: map[string]bool{"lesson.completed": true}},
	}
	dated := *rs
	dated.Courses = map[string]engine.CourseInfo{"go": {Assessments: []engine.UnitInfo{{ID: "assessment_id=a1", Due: time.Unix(1, 0)}}}}
	enrolled := map[string]int{"enrollment.created": 3}
	cases := []struct {
		about string
		rs    *engine.Ruleset
		rule  string
		seen  map[string]int
		want  string
	}{
		{"no event of the name", rs, "quiz", enrolled, "no event assessment.graded"},
		{"events, but no run", rs, "quiz", map[string]int{"assessment.graded": 2}, "assessment.graded came 2 times, but started no run: it came too late, or without its assessment_id"},
		{"nobody enrolled", rs, "quiet", nil, "nobody enrolled in a course"},
		{"no activity", rs, "quiet", enrolled, "no event here counts as activity"},
		{"no silence", rs, "quiet", map[string]int{"enrollment.created": 1, "lesson.completed": 1}, "nobody was silent"},
		{"nobody active at the hours of a schedule", rs, "weekly", enrolled, "nobody had been active of late at the hours of its schedule"},
		{"no due date", rs, "missing", enrolled, "no course has an assessment with a due date"},
		{"due by an event", rs, "missing", map[string]int{"enrollment.created": 1, "assessment.scheduled": 1}, "nothing was overdue for 2d"},
		{"due by courses.yaml", &dated, "missing", enrolled, "nothing was overdue for 2d"},
	}
	for _, c := range cases {
		t.Run(c.about, func(t *testing.T) {
			found := map[string]string{}
			for _, u := range findUnstarted(c.rs, map[string]int{"other": 1}, c.seen) {
				found[u.Rule] = u.Why
			}
			if !strings.HasPrefix(found[c.rule], c.want) {
				t.Errorf("why %s never started: %q, want %q", c.rule, found[c.rule], c.want)
			}
		})
	}
	if left := findUnstarted(rs, map[string]int{"quiz": 1, "quiet": 2, "missing": 1, "weekly": 1}, nil); len(left) != 0 {
		t.Errorf("rules that started are listed: %v", left)
	}
}
