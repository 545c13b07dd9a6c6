package simulate_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/simulate"
)

// TestStaffHearWhatCouldNotBeComposedBefore: a message that could not be composed was heard by nobody, so a second event about the same thing sends it, and a third does not.
func TestStaffHearWhatCouldNotBeComposedBefore(t *testing.T) {
	rs := ruleset()
	rs.Keys = map[string][]string{"plagiarism.detected": {"assignment_id"}}
	rs.Rules = []*engine.Rule{{
		Name:    "moderators",
		When:    engine.Trigger{Match: engine.Match{Event: "plagiarism.detected"}, Staff: true},
		Per:     []string{"assignment_id"},
		Program: []engine.Instr{{Op: engine.OpSend, ID: "1", Send: &engine.SendStep{Message: "copied", Staff: "moderators", Transactional: true, Channel: engine.ChannelEmail}}},
	}}
	composed := 0
	var kinds []engine.Kind
	staff := simulate.NewStaff(simulate.HostOptions{
		Ruleset: rs,
		Compose: func(engine.Send, engine.Profile) error {
			composed++
			if composed == 1 {
				return errors.New("the first cannot be composed")
			}
			return nil
		},
		Decided: func(d engine.Decision) {
			if d.Kind == engine.KindSent || d.Kind == engine.KindFailed || d.Kind == engine.KindSkipped {
				kinds = append(kinds, d.Kind)
			}
		},
	})
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for n, id := range []string{"e1", "e2", "e3"} {
		ev := engine.Event{ID: id, Name: "plagiarism.detected", Time: at.AddDate(0, 0, n), Properties: map[string]any{"assignment_id": "as_1"}}
		if err := staff.ApplyEvent(&ev, ev.Time); err != nil {
			t.Fatal(err)
		}
	}
	if want := []engine.Kind{engine.KindFailed, engine.KindSent, engine.KindSkipped}; !slices.Equal(kinds, want) {
		t.Errorf("decided %v, want %v", kinds, want)
	}
}
