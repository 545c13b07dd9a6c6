package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

// TestACourseTakenAgain: the quiz was handed in in both runs, in time, and once more after it fell due. A worker that was away meanwhile finds
// nothing overdue.
func TestACourseTakenAgain(t *testing.T) {
	h := newHost(t)
	h.use("overdue")
	hear := func(days int, name string) {
		h.handOver(&engine.Event{
			ID:         fmt.Sprint(name, days),
			Name:       name,
			Learner:    "u1",
			Time:       start.AddDate(0, 0, days),
			Properties: map[string]any{"course_id": "go", "assessment_id": "a1", "due_at": start.AddDate(0, 0, 20).Format(time.RFC3339)},
		}, start.AddDate(0, 0, days))
	}
	hear(0, "enrollment.created")
	hear(0, "assessment.scheduled")
	hear(1, "assessment.submitted")
	hear(4, "enrollment.cancelled")
	hear(9, "enrollment.created")
	hear(14, "assessment.submitted")
	late := start.AddDate(0, 0, 25)
	h.env.Standing.Apply(&engine.Event{ID: "again", Name: "assessment.submitted", Learner: "u1", Time: late, Properties: map[string]any{"assessment_id": "a1"}}, h.env.Current, late)
	h.step(nil, start.AddDate(0, 0, 26))
	for _, d := range h.decisions {
		t.Errorf("%s of %s at %s (%s), want nothing", d.Kind, d.Rule, d.At, d.Reason)
	}
}

// TestHandInsOfACourseTakenAgain: whatever was handed in when, in any order, is known of each instant since a run began, up to the bounds.
func TestHandInsOfACourseTakenAgain(t *testing.T) {
	rs := ruleset(t, "overdue")
	days := []int{1, 14, 3, 25, 2, 15, 14}
	var want []byte
	for turn := range days {
		var st engine.Standing
		for i := range days {
			at := start.AddDate(0, 0, days[(i+turn)%len(days)])
			st.Apply(&engine.Event{ID: at.String(), Name: "assessment.graded", Time: at, Properties: map[string]any{"assessment_id": "a1"}}, rs, at)
		}
		raw, err := json.Marshal(st.HandedInAgain)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = raw
		}
		if diff := cmp.Diff(string(want), string(raw)); diff != "" {
			t.Errorf("turned by %d (+) it says something else:\n%s", turn, diff)
		}
		if n := len(st.HandedInAgain); n != 4 {
			t.Errorf("%d between the first and the last, want 4: %+v", n, st.HandedInAgain)
		}
		var read engine.RepeatedHandIns
		if err := json.Unmarshal(raw, &read); err != nil || cmp.Diff(st.HandedInAgain, read) != "" {
			t.Errorf("read again: %+v, %v", read, err)
		}
	}
}

// TestRepeatedHandInsAreBounded: a learner who hands a hundred things in a hundred times keeps a record of a kilobyte, of the last ones.
func TestRepeatedHandInsAreBounded(t *testing.T) {
	rs := ruleset(t, "overdue")
	var st engine.Standing
	for i := range 10_000 {
		at := start.Add(time.Duration(i) * time.Minute)
		st.Apply(&engine.Event{ID: fmt.Sprint("g", i), Name: "assessment.graded", Time: at, Properties: map[string]any{"assessment_id": fmt.Sprint("a", i%100)}}, rs, at)
	}
	if n := len(st.HandedInAgain); n != 64 {
		t.Errorf("%d are kept, want 64", n)
	}
	for _, in := range st.HandedInAgain {
		if at := time.UnixMilli(in.At); at.Before(start.Add(9_500 * time.Minute)) {
			t.Errorf("one of %s is kept", at)
		}
	}
	for _, raw := range []string{`{"handed_in_again":"AAAA"}`, `{"handed_in_again":7}`, `{"handed_in_again":"AAAAAgAAAAAAAAACAAAAAgAAAAAAAAAB"}`} {
		if err := json.Unmarshal([]byte(raw), &engine.Standing{}); err == nil {
			t.Errorf("%s is read, want an error", raw)
		}
	}
}
