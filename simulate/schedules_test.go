package simulate_test

import (
	"slices"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
)

// TestAScheduleHearsLate: activity that is heard late, after an instant of the schedule that it was before, arms the schedule anew in a simulation, too.
func TestAScheduleHearsLate(t *testing.T) {
	rs := ruleset()
	rs.Rules = []*engine.Rule{{
		Name:    "weekly",
		Again:   engine.Again{Always: true},
		Program: []engine.Instr{{Op: engine.OpStop, ID: "1", Reason: "done"}},
		When: engine.Trigger{
			Platform: true,
			Schedule: &engine.Schedule{
				Every:       engine.EveryWeek,
				Days:        []time.Weekday{time.Sunday},
				Clock:       17 * 60,
				WhileActive: 28 * 24 * time.Hour,
			},
		},
	}}
	var started []string
	h := simulate.NewHost(simulate.HostOptions{
		Learner: "u",
		Ruleset: rs,
		Decided: func(d engine.Decision) {
			if d.Kind == engine.KindStarted {
				started = append(started, d.At.UTC().Format("01-02 15:04"))
			}
		},
	})
	begun := time.Date(2026, 3, 1, 16, 59, 0, 0, time.UTC)
	heard := time.Date(2026, 3, 22, 18, 0, 0, 0, time.UTC)
	for _, lesson := range []struct{ at, arrival time.Time }{{begun, begun}, {heard.Add(-6 * time.Hour), heard}} {
		ev := engine.Event{ID: lesson.at.String(), Name: "lesson.started", Learner: "u", Time: lesson.at}
		if err := h.Event(catalog.Decoded{Event: ev}, lesson.arrival); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Finish(heard.AddDate(0, 0, 8)); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(started, "03-29 17:00") {
		t.Errorf("it began at %q, and not on the Sunday after what was heard late", started)
	}
}
