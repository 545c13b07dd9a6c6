package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

// TestHandInsAreBounded: a learner who hands a thousand things in keeps a record of a few kilobytes, which can be read again and knows the last ones.
func TestHandInsAreBounded(t *testing.T) {
	rs := ruleset(t, "overdue")
	var st engine.Standing
	for i := range 1000 {
		at := start.Add(time.Duration(i) * time.Minute)
		properties := map[string]any{"assessment_id": fmt.Sprint("a", i)}
		st.Apply(&engine.Event{ID: fmt.Sprint("g", i), Name: "assessment.graded", Time: at, Properties: properties}, rs, at)
		properties["course_id"] = "go"
		properties["due_at"] = at.Add(day).Format(time.RFC3339)
		properties["title"] = "A quiz"
		properties["url"] = "javascript:alert(1)"
		st.Apply(&engine.Event{ID: fmt.Sprint("s", i), Name: "assessment.scheduled", Time: at, Properties: properties}, rs, at)
	}
	raw, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	if n, d := len(st.HandedIn), len(st.Courses["go"].DueDates); n != 128 || d != 64 {
		t.Errorf("%d hand-ins and %d due dates are kept, want 128 and 64", n, d)
	}
	if url := st.Courses["go"].DueDates[0].URL; url != "" {
		t.Errorf("a link that is no web address is kept: %q", url)
	}
	var read engine.Standing
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(st.HandedIn, read.HandedIn); diff != "" {
		t.Errorf("read again (+) it says something else:\n%s", diff)
	}
}

func TestDamagedHandIns(t *testing.T) {
	for _, raw := range []string{`{"handed_in":"AAAA"}`, `{"handed_in":7}`, `{"handed_in":"AAAAAgAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAA=="}`} {
		var st engine.Standing
		if err := json.Unmarshal([]byte(raw), &st); err == nil {
			t.Errorf("%s is read as %+v, want an error", raw, st.HandedIn)
		}
	}
}

// TestADateOfAnOldRecord: a record of an older version knows one time for start and end; an event that names the end later leaves the start alone.
func TestADateOfAnOldRecord(t *testing.T) {
	rs := ruleset(t, "silent")
	var st engine.Standing
	if err := json.Unmarshal([]byte(`{"v":1,"courses":{"go":{"dates":{"starts":"2026-03-15T10:00:00Z","ends":"2026-03-27T10:00:00Z","at":"2026-03-01T10:00:00Z"}}}}`), &st); err != nil {
		t.Fatal(err)
	}
	apply := func(hours int, ends string) {
		ev := engine.Event{ID: ends, Name: "course.updated", Time: start.Add(time.Duration(hours) * time.Hour), Properties: map[string]any{"course_id": "go", "course_ends_at": ends}}
		st.Apply(&ev, rs, start.AddDate(0, 1, 0))
	}
	apply(-1000, "2026-03-20T10:00:00Z")
	if got := st.Courses["go"].Dates.Ends; got.Day() != 27 {
		t.Errorf("an older event moved the end to %s", got)
	}
	apply(1000, "2026-04-27T10:00:00Z")
	if d := st.Courses["go"].Dates; d.Ends.Month() != time.April || d.Starts.Day() != 15 {
		t.Errorf("after an event that names another end the course lasts from %s to %s", d.Starts, d.Ends)
	}
}

// TestAWithdrawnDateStaysWithdrawn: however many dates events name afterwards, a quiz of courses.yaml whose date an event took away is not due.
func TestAWithdrawnDateStaysWithdrawn(t *testing.T) {
	rs := ruleset(t, "overdue")
	withdrawn := start.AddDate(0, 2, 0)
	rs.Courses = map[string]engine.CourseInfo{"go": {Assessments: []engine.UnitInfo{{ID: "assessment_id=w1", Due: withdrawn}}}}
	var st engine.Standing
	hear := func(id, name string, properties map[string]any) {
		properties["course_id"] = "go"
		st.Apply(&engine.Event{ID: id, Name: name, Time: start, Properties: properties}, rs, start)
	}
	hear("enr", "enrollment.created", map[string]any{})
	hear("w1", "assessment.scheduled", map[string]any{"assessment_id": "w1"})
	for i := range 64 {
		due := start.AddDate(0, 0, i-30) // half of them are over
		hear(fmt.Sprint("s", i), "assessment.scheduled", map[string]any{"assessment_id": fmt.Sprint("a", i), "due_at": due.Format(time.RFC3339)})
		hear(fmt.Sprint("v", i), "assessment.scheduled", map[string]any{"assessment_id": fmt.Sprint("b", i)}) // nothing was due before
	}
	if next := engine.NextDueAt(rs, &st, "go", withdrawn.AddDate(0, 0, -5)); !next.IsZero() {
		t.Errorf("the next date is %s, want none", next)
	}
	if next := engine.NextDueAt(rs, &st, "go", start.AddDate(0, 0, 33)); !next.Equal(start.AddDate(0, 0, 33)) {
		t.Errorf("the last date is %s, want that of the last quiz", next)
	}
}
