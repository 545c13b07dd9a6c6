package rules

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// Where a condition is answered without CEL, it is answered as CEL does: those of the example academy, and some that are written otherwise, for learners of whom much is
// known, and little, and events with properties of the wrong type.
func TestQuickIsCEL(t *testing.T) {
	academy, problems := LoadDir("../examples/academy")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	conditions := conditionsOf(academy.Ruleset)
	written := len(conditions)
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLanguage(cat, nil)
	if err != nil {
		t.Fatal(err)
	}
	view := exprView{event: "assessment.graded", course: true}
	env, err := l.envFor(view)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`event.passed == false && event.score_pct >= 40.0 || learner.courses_completed > 1.0`,
		`!event.passed != true || event.grader_type == "auto"`,
		`has(event.score_pct) && event.score_pct < 50.0 && size(event.assessment_id) > 1.0`,
		`event.time <= now - hours(2.0) || course.enrolled_at + days(3.0) < now`,
		`course.progress_pct != 50.0 && !has(course.previous) || learner.locale != "en"`,
		`learner.signed_up_at == now - minutes(90.0) || course.last_active_at >= learner.last_active_at`,
		`learner.traits.plan == "pro" || has(learner.timezone) && has(event.time)`,
	} {
		checked, issues := env.Compile(text)
		if issues.Err() != nil {
			t.Fatalf("%s: %v", text, issues.Err())
		}
		program, err := env.Program(checked)
		if err != nil {
			t.Fatal(err)
		}
		conditions = append(conditions, &expr{source: text, want: wantBool, program: program, quick: l.quickOf(view, wantBool, checked)})
	}
	random := rand.New(rand.NewPCG(7, 8))
	answered := map[string]int{}
	for _, e := range conditions {
		for range 1000 {
			vars := randomVars(random)
			if e.quick == nil {
				continue
			}
			yes, isClear := e.quick(vars)
			if !isClear {
				continue
			}
			answered[e.source]++
			if want, err := e.evalByCEL(vars); err != nil || want != yes {
				t.Fatalf("%s of %+v %+v %+v is %v, and CEL says %v, %v", e.source, vars.Event, vars.Learner, vars.Course, yes, want, err)
			}
		}
	}
	for _, e := range conditions[written:] {
		if answered[e.source] < 40 {
			t.Errorf("%s was answered %d times without CEL", e.source, answered[e.source])
		}
	}
}

// conditionsOf returns the conditions of a ruleset that may be answered without CEL.
func conditionsOf(rs *engine.Ruleset) []*expr {
	var all []*expr
	add := func(list ...engine.Expr) {
		for _, one := range list {
			if e, is := one.(*expr); is && e.want == wantBool {
				all = append(all, e)
			}
		}
	}
	for _, rule := range rs.Rules {
		matches := append(slices.Clone(rule.Until), rule.When.Match)
		if rule.Goal != nil {
			matches = append(matches, rule.Goal.Match)
		}
		for i := range rule.Program {
			in := &rule.Program[i]
			add(in.Expr)
			if in.Send != nil {
				add(in.Send.If)
			}
			if in.Match != nil {
				matches = append(matches, *in.Match)
			}
		}
		for _, m := range matches {
			add(m.If, m.Gate)
		}
	}
	return all
}

// randomVars returns what a condition may look at: of everything some is missing.
func randomVars(random *rand.Rand) *engine.Vars {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	instant := func() time.Time {
		if random.IntN(3) == 0 {
			return time.Time{}
		}
		return now.Add(-time.Duration(random.IntN(400)) * 30 * time.Minute)
	}
	values := []any{nil, true, false, "auto", "", "lesson", 40.0, 50.0, 60.0, 5.0, 7.0, []any{"a"}}
	properties := map[string]any{}
	for _, name := range []string{"passed", "score_pct", "grader_type", "assessment_id", "progress_pct", "total_lessons", "rating", "content_type", "course_id",
		"trial_duration_days", "similarity_score_pct", "cancellation_reason"} {
		if random.IntN(4) > 0 {
			properties[name] = values[random.IntN(len(values))]
		}
	}
	vars := &engine.Vars{
		Event: &engine.Event{Name: "assessment.graded", Time: instant(), Properties: properties},
		Learner: engine.Learner{
			Locale:           []string{"", "en", "de"}[random.IntN(3)],
			Timezone:         []string{"", "Europe/Berlin"}[random.IntN(2)],
			SignedUpAt:       instant(),
			LastActiveAt:     instant(),
			CoursesCompleted: random.IntN(3),
			Traits:           map[string]any{"is_minor": random.IntN(2) == 0},
		},
		Now: now,
	}
	if random.IntN(4) > 0 {
		vars.Course = &engine.CourseView{
			ProgressPct:    float64(random.IntN(3) * 50),
			EnrolledAt:     instant(),
			StartedAt:      instant(),
			LastActiveAt:   instant(),
			CompletedAt:    instant(),
			CancelledAt:    instant(),
			EnrollmentType: []string{"", "free"}[random.IntN(2)],
		}
	}
	if random.IntN(8) == 0 {
		vars.Event = nil
	}
	return vars
}
