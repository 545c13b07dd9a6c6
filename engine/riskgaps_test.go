package engine

import (
	"math"
	"testing"
	"time"
)

// TestActivityWithoutRiskIsCaughtUp: while no rule looks at risk, the record of it is not kept. What was done then counts as far as it is known, so that nobody who was active
// yesterday counts as silent.
func TestActivityWithoutRiskIsCaughtUp(t *testing.T) {
	const day = 24 * time.Hour
	rules := func(risk bool) *Ruleset {
		rs := &Ruleset{Keys: map[string][]string{"lesson.completed": {"lesson_id", "course_id"}, EventEnrolled: {"course_id"}}}
		rs.Settings.Resolution = time.Minute
		rs.Settings.Activity = map[string]bool{"lesson.completed": true, "login": true}
		if risk {
			rs.Settings.Risk = &RiskSettings{Intercept: RiskIntercept}
		}
		return rs
	}
	begin := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	type act struct {
		day  int
		name string
		risk bool // a rule looks at risk
	}
	everyDay := func(from, until int, name string, risk bool) (acts []act) {
		for d := from; d < until; d++ {
			acts = append(acts, act{d, name, risk})
		}
		return acts
	}
	for name, acts := range map[string][]act{
		"it was kept once, and then not": append([]act{{1, "lesson.completed", true}}, everyDay(40, 60, "lesson.completed", false)...),
		"then an old event comes late":   append(everyDay(40, 60, "lesson.completed", false), act{1, "lesson.completed", true}),
		"activity without a course":      everyDay(40, 60, "login", false),
	} {
		st := &Standing{}
		apply := func(id, name string, at time.Time, rs *Ruleset) {
			properties := map[string]any{"course_id": "go"}
			if name == "login" {
				properties = nil
			}
			st.Apply(&Event{ID: id, Name: name, Learner: "u", Time: at, Properties: properties}, rs, begin.Add(60*day))
		}
		apply("e", EventEnrolled, begin, rules(false))
		for _, a := range acts {
			at := begin.Add(time.Duration(a.day) * day)
			apply(at.String(), a.name, at, rules(a.risk))
		}
		score, known := rules(true).RiskOf(st, "go", begin.Add(60*day))
		if !known || math.Abs(score.SilentDays-1) > 0.01 || score.Value > 0.5 {
			t.Errorf("%s: %+v, %v", name, score, known)
		}
	}
}
