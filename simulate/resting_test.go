package simulate_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/simulate"
)

// TestARestingLearnerIsSmall: a learner who studied for five years under the rules of the example academy, which look at risk, missing work and next steps, and
// who has been silent for two months since, takes at most 6 KB in the workflow, where they rest, and a bounded record beside it.
func TestARestingLearnerIsSmall(t *testing.T) {
	const maxState = 6 << 10
	const maxStanding = 28 << 10
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	var state engine.State
	var standing engine.Standing
	h := simulate.NewHost(simulate.HostOptions{
		Learner:         "u_42",
		Ruleset:         academy.Ruleset,
		AssumeReachable: true,
		Decided:         func(engine.Decision) {},
		Stepped:         func(_ engine.State, _ []engine.Input, r engine.Result) { state = r.State },
	})
	events := 0
	hear := func(at time.Time, name, course, key, id string) {
		events++
		properties := map[string]any{"course_id": course}
		if key != "" {
			properties[key] = fmt.Sprintf("%s_%s", id, course)
		}
		if name == "assessment.graded" {
			properties["passed"] = events%5 > 0
			properties["score_pct"] = 70.0
		}
		ev := engine.Event{ID: fmt.Sprint("e", events), Name: name, Learner: "u_42", Time: at, Seq: uint64(events), Properties: properties}
		copied := ev
		standing.Apply(&copied, academy.Ruleset, at)
		standing.Moves = nil
		if err := h.Event(catalog.Decoded{Event: ev}, at); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2021, 3, 1, 18, 0, 0, 0, time.UTC)
	for n := range 10 { // courses of four months, two months apart
		course := fmt.Sprint("crs_", n)
		hear(at, "enrollment.created", course, "", "")
		for lesson := range 40 {
			at = at.AddDate(0, 0, 3)
			hear(at, "lesson.started", course, "lesson_id", fmt.Sprint("les_", lesson))
			hear(at.Add(20*time.Minute), "lesson.completed", course, "lesson_id", fmt.Sprint("les_", lesson))
			if lesson%4 == 3 {
				hear(at.Add(40*time.Minute), "assessment.graded", course, "assessment_id", fmt.Sprint("asm_", lesson/4))
			}
		}
		if n < 9 {
			hear(at.Add(time.Hour), "course.completed", course, "", "")
		}
		at = at.AddDate(0, 2, 0)
	}
	if err := h.Finish(at); err != nil {
		t.Fatal(err)
	}
	sizes := [3]int{}
	for i, record := range []any{state, standing, standing.Courses["crs_9"].Risk} {
		raw, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		sizes[i] = len(raw)
	}
	t.Logf("after %d events: the state has %d bytes, the standing %d, the risk in one course %d", events, sizes[0], sizes[1], sizes[2])
	if standing.Courses["crs_0"].Risk == nil || standing.Courses["crs_9"].Visits == nil || len(standing.HandedIn) != 100 {
		t.Error("the rules look at no risk, no next step or no missing work")
	}
	if sizes[0] > maxState {
		t.Errorf("the state has %d bytes, want at most %d", sizes[0], maxState)
	}
	if sizes[1] > maxStanding {
		t.Errorf("the standing has %d bytes, want at most %d", sizes[1], maxStanding)
	}
	if packed := base64.StdEncoding.EncodedLen(64) + len(`""`); sizes[2] > packed {
		t.Errorf("the risk in one course has %d bytes, want at most 64, which are %d packed", sizes[2], packed)
	}
}
