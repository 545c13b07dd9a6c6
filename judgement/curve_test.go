package judgement

import (
	"fmt"
	"math"
	"testing"
	"time"

	"homeroom/engine"
)

// TestTheCurveIsWhatTheListsSaid: each point is the mean, and the count of the high, of the list of that instant, taken from a ledger that read only what had happened by then.
func TestTheCurveIsWhatTheListsSaid(t *testing.T) {
	rules := &engine.Ruleset{Settings: engine.Settings{Activity: map[string]bool{"lesson.started": true}}, Keys: map[string][]string{}}
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var events []engine.Event
	add := func(at time.Time, learner, name string) {
		events = append(events, engine.Event{
			ID:         fmt.Sprint(len(events)),
			Name:       name,
			Learner:    learner,
			Time:       at,
			Properties: map[string]any{"course_id": "go"},
		})
	}
	for n := range 12 {
		add(begin.Add(time.Duration(n)*time.Minute), fmt.Sprint("u", n), "enrollment.created")
	}
	for d := range 30 {
		at := begin.AddDate(0, 0, d).Add(9 * time.Hour)
		for n := range 12 {
			switch {
			case d == 20 && n == 0:
				add(at, "u0", engine.EventCourseCompleted)
			case d < 2*n+1 && (d == 0 || d < 20 || n > 0):
				add(at.Add(time.Duration(n)*time.Minute), fmt.Sprint("u", n), "lesson.started")
			}
		}
	}
	from := begin.AddDate(0, 0, 10)
	until := begin.AddDate(0, 0, 40)
	curve := NewCurve(rules, from)
	for n := range events {
		curve.Add(&events[n], events[n].Time)
	}
	points := curve.Points(until)["go"]
	if len(points) != 31 || !points[0].At.Equal(from) || !points[30].At.Equal(until) {
		t.Fatalf("%d points", len(points))
	}
	learners := map[int]bool{}
	high := map[int]bool{}
	for _, p := range points {
		known := NewLearners(rules)
		for n := range events {
			if events[n].Time.Before(p.At) {
				known.Add(&events[n], events[n].Time)
			}
		}
		list := known.Risks(p.At, "go")
		sum := 0.0
		atHigh := 0
		for _, r := range list {
			sum += r.Value
			if r.Value >= HighRisk {
				atHigh++
			}
		}
		if p.Learners != len(list) || p.High != atHigh || math.Abs(p.Mean-sum/float64(len(list))) > 1e-9 {
			t.Errorf("%s: %+v, want %d learners, %d high, %v", p.At.Format(time.DateOnly), p, len(list), atHigh, sum/float64(len(list)))
		}
		learners[p.Learners] = true
		high[p.High] = true
	}
	if len(learners) < 2 || len(high) < 5 {
		t.Errorf("nothing moves: %+v", points)
	}
}

// TestACourseWithoutLearnersEndsAtZero: a course that nobody is in any more has one point that says so.
func TestACourseWithoutLearnersEndsAtZero(t *testing.T) {
	rules := &engine.Ruleset{Settings: engine.Settings{Activity: map[string]bool{}}, Keys: map[string][]string{}}
	begin := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	curve := NewCurve(rules, begin)
	course := map[string]any{"course_id": "go"}
	curve.Add(&engine.Event{ID: "1", Name: "enrollment.created", Learner: "u", Time: begin, Properties: course}, begin)
	done := begin.AddDate(0, 0, 3)
	curve.Add(&engine.Event{ID: "2", Name: engine.EventCourseCompleted, Learner: "u", Time: done, Properties: course}, done)
	points := curve.Points(begin.AddDate(0, 0, 10))["go"]
	if len(points) != 4 || points[2].Learners != 1 || points[3].Learners != 0 || points[3].HighShare() != 0 {
		t.Errorf("%+v", points)
	}
}
