package judgement

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func testRules() *engine.Ruleset {
	return &engine.Ruleset{
		Settings: engine.Settings{
			Activity:   map[string]bool{"lesson.started": true},
			Resolution: 10 * time.Minute,
		},
		Keys: map[string][]string{"enrollment.created": {"course_id"}, "lesson.started": {"course_id"}, "course.completed": {"course_id"}},
	}
}

func event(id, name, learner string, at time.Time) *engine.Event {
	return &engine.Event{ID: id, Name: name, Learner: learner, Time: at, Properties: map[string]any{"course_id": "go"}}
}

func TestRisksListWhoIsInACourseTheGreatestFirst(t *testing.T) {
	l := NewLearners(testRules())
	for _, learner := range []string{"busy", "gone", "done"} {
		l.Add(event(learner, "enrollment.created", learner, monday), monday)
	}
	for i := range 10 {
		at := monday.AddDate(0, 0, i)
		l.Add(event(fmt.Sprint("b", i), "lesson.started", "busy", at), at)
	}
	end := monday.AddDate(0, 0, 10)
	l.Add(event("d", "course.completed", "done", end), end)
	risks := l.Risks(end, "")
	if len(risks) != 2 || risks[0].Learner != "gone" || risks[1].Learner != "busy" || risks[0].Value <= risks[1].Value {
		t.Errorf("risks are %+v", risks)
	}
	if other := l.Risks(end, "sql"); len(other) != 0 {
		t.Errorf("in a course that nobody takes: %+v", other)
	}
}

// TestObservationsSayWhatCameOfIt: who comes back within ten days is not gone, who completed is left out, and the last ten days are too young.
func TestObservationsSayWhatCameOfIt(t *testing.T) {
	w := NewWatch(testRules(), day)
	add := func(ev *engine.Event) { w.Add(ev, ev.Time) }
	add(event("1", "enrollment.created", "back", monday))
	add(event("2", "enrollment.created", "gone", monday))
	add(event("3", "enrollment.created", "done", monday))
	add(event("4", "lesson.started", "back", monday.AddDate(0, 0, 5)))
	add(event("5", "course.completed", "done", monday.AddDate(0, 0, 6)))
	add(event("6", "lesson.started", "back", monday.AddDate(0, 0, 25)))
	gone := map[string]int{}
	all := map[string]int{}
	for _, o := range w.Finish() {
		all[o.Learner]++
		if o.Gone {
			gone[o.Learner]++
		}
		if o.Learner == "back" && o.Gone != (o.Back > GoneAfter) {
			t.Errorf("%+v", o)
		}
	}
	// From the Tuesday on 15 looks are old enough. Of those at "back" the first five days end with an activity, and then nine end with one more than ten days off.
	if all["gone"] != 15 || gone["gone"] != 15 || all["back"] != 15 || gone["back"] != 10 || all["done"] != 0 {
		t.Errorf("looked at %v, gone %v", all, gone)
	}
}

// TestActivityWithoutACourseBringsALearnerBack: it ends the silence in every course, and so it is a return to every course.
func TestActivityWithoutACourseBringsALearnerBack(t *testing.T) {
	w := NewWatch(testRules(), day)
	add := func(ev *engine.Event) { w.Add(ev, ev.Time) }
	add(event("1", "enrollment.created", "ada", monday))
	for i := range 6 {
		at := monday.AddDate(0, 0, 5*(i+1))
		add(&engine.Event{ID: fmt.Sprint("a", i), Name: "lesson.started", Learner: "ada", Time: at})
	}
	for _, o := range w.Finish() {
		if o.Gone || o.Back == 0 || o.Silence >= 5*day {
			t.Errorf("active every five days, but %+v", o)
		}
	}
}

// TestAWatchWithoutAnIntervalLooksOnceAnHour: a caller who leaves the interval out gets an answer.
func TestAWatchWithoutAnIntervalLooksOnceAnHour(t *testing.T) {
	w := NewWatch(testRules(), 0)
	add := func(ev *engine.Event) { w.Add(ev, ev.Time) }
	add(event("1", "enrollment.created", "ada", monday))
	add(event("2", "lesson.started", "ada", monday.AddDate(0, 0, 12)))
	// From the first midnight to GoneAfter before the last event.
	if got := len(w.Finish()); got != 34 {
		t.Errorf("looked %d times, want 34", got)
	}
}

// TestCalibrationFindsTheIntercept: where learners go as often as a shifted risk says, the shift is found and every bin is right.
func TestCalibrationFindsTheIntercept(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var all []Observation
	for range 100_000 {
		risk := 0.02 + 0.96*random.Float64()
		all = append(all, Observation{Risk: risk, Gone: random.Float64() < shiftRisk(risk, -1.5)})
	}
	c := Calibrate(all, engine.RiskIntercept)
	if math.Abs(c.Intercept-(engine.RiskIntercept-1.5)) > 0.05 {
		t.Errorf("the intercept is %.3f, want %.3f", c.Intercept, engine.RiskIntercept-1.5)
	}
	for _, b := range c.Bins {
		if math.Abs(b.Predicted-b.Observed) > 0.02 {
			t.Errorf("said %.3f, was %.3f", b.Predicted, b.Observed)
		}
	}
}

func TestAreaUnderTheCurve(t *testing.T) {
	cases := []struct {
		name   string
		scores []float64
		gone   []bool
		want   float64
	}{
		{"ranked well", []float64{1, 2, 3, 4}, []bool{false, false, true, true}, 1},
		{"ranked the wrong way round", []float64{4, 3, 2, 1}, []bool{false, false, true, true}, 0},
		{"ties count half", []float64{1, 1, 1, 1}, []bool{false, true, false, true}, 0.5},
		{"one of four pairs is wrong", []float64{1, 3, 2, 4}, []bool{false, false, true, true}, 0.75},
		{"nobody went", []float64{1, 2}, []bool{false, false}, 0.5},
	}
	for _, c := range cases {
		var all []Observation
		for i := range c.scores {
			all = append(all, Observation{Risk: c.scores[i], Gone: c.gone[i]})
		}
		if got := areaUnder(all, func(o *Observation) float64 { return o.Risk }); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestNothingToCalibrate(t *testing.T) {
	if c := Calibrate(nil, 1.5); c.Intercept != 1.5 || c.Observations != 0 {
		t.Errorf("of nothing: %+v", c)
	}
	all := []Observation{{Risk: 0.3}, {Risk: 0.4}}
	if c := Calibrate(all, 1.5); c.Intercept != 1.5 { // no intercept is low enough
		t.Errorf("where nobody goes the intercept is %v", c.Intercept)
	}
}

func TestReadLeavesOutWhatIsNoEvent(t *testing.T) {
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	lines := `{"id":"1","event":"lesson.started","learner_id":"ada","time":"2026-03-02T09:00:00Z","properties":{"lesson_id":"l1"}}
nonsense
{"id":"2","event":"lesson.started","learner_id":"bob","time":"2026-03-02T08:00:00Z","properties":{"lesson_id":"l1"}}
`
	var got []string
	err = Read(t.Context(), strings.NewReader(lines), cat, nil, func(ev *engine.Event, stored time.Time) {
		got = append(got, ev.Learner+" "+stored.Format(time.TimeOnly))
	})
	if err != nil || strings.Join(got, ", ") != "ada 09:00:00, bob 09:00:00" {
		t.Errorf("read %v, %v", got, err)
	}
}
