package engine_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"homeroom/engine"
)

// Steps are made in memory that other steps used before, also at the same time. What a step has returned stays as it was all the same, and each learner's results
// are those of a learner who is alone.
func TestWhatAStepReturnedStaysWhenOthersStep(t *testing.T) {
	rs := ruleset(t, "retry", "silent", "share", "settings-daily")
	alone := walkThrough(t, rs)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i, result := range walkThrough(t, rs) {
				if result != alone[i] {
					t.Errorf("step %d among others came to\n%s\nand alone to\n%s", i, result, alone[i])
					return
				}
			}
		})
	}
	all.Wait()
}

// walkThrough steps one learner through a course with mails and silences, and returns the results as JSON: each is marshalled when it is returned and again at the
// end, and the two must agree.
func walkThrough(t *testing.T, rs *engine.Ruleset) []string {
	t.Helper()
	standing := &engine.Standing{}
	env := stepEnv(rs, standing)
	state := engine.State{Version: engine.StateVersion, Learner: "u_1"}
	var results []engine.Result
	var said []string
	step := func(inputs []engine.Input, at time.Time) engine.Result {
		result := engine.Step(env, state, inputs, at)
		state = result.State
		results = append(results, result)
		said = append(said, asJSON(t, result))
		return result
	}
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for i := range 60 {
		at := start.Add(time.Duration(i*i) * time.Hour) // further and further apart, so that there are silences
		ev := &engine.Event{ID: fmt.Sprint("e", i), Learner: "u_1", Time: at, StoredAt: at, Seq: uint64(i + 1), Name: "lesson.completed", Properties: map[string]any{"lesson_id": fmt.Sprint("l", i), "course_id": "c1"}}
		switch {
		case i == 0:
			ev.Name = engine.EventEnrolled
		case i%7 == 3:
			ev.Name = "assessment.graded"
			ev.Properties = map[string]any{"assessment_id": fmt.Sprint("q", i), "passed": false}
		}
		standing.Apply(ev, rs, at)
		result := step([]engine.Input{{Event: ev}}, at)
		for len(result.Effects) > 0 {
			result = step(accepted(result), at)
		}
		if !result.WakeAt.IsZero() {
			step(nil, result.WakeAt)
		}
	}
	for i := range results {
		if now := asJSON(t, results[i]); now != said[i] {
			t.Errorf("the result of step %d was\n%s\nand is now\n%s", i, said[i], now)
		}
	}
	return said
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
