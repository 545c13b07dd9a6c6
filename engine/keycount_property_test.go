package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"homeroom/engine"
)

// lesson is one completed lesson of a story about counts.
func lesson(id, course string, at time.Time) engine.Event {
	return engine.Event{ID: id, Name: "lesson.completed", Learner: "u1", Time: at, Properties: map[string]any{"lesson_id": "l", "course_id": course}}
}

// countsLessons are rules that count lessons by their course, as far back as window says.
func countsLessons(t *testing.T, window int) *engine.Ruleset {
	rs := ruleset(t, "twice")
	rs.Counted = map[string]int{"lesson.completed": window}
	rs.CountedBy = map[string]map[string]int{"lesson.completed": {"course_id": window}}
	return rs
}

// TestCountingByKeyIsExact: of up to forty courses each event counts once, in whatever order, however often and however late it comes, and however often the record was
// stored meanwhile. The slow reference keeps every id.
func TestCountingByKeyIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		window := rapid.SampledFrom([]int{1, 7, 90}).Draw(rt, "window")
		rs := countsLessons(t, window)
		courses := rapid.IntRange(1, engine.MaxKeyCounts).Draw(rt, "courses")
		days := rapid.IntRange(1, 12).Draw(rt, "days")
		now := start.AddDate(0, 0, days)
		var events []engine.Event
		for i := range rapid.IntRange(1, 120).Draw(rt, "events") {
			at := start.Add(time.Duration(rapid.IntRange(0, days*24*60).Draw(rt, "minute")) * time.Minute)
			course := fmt.Sprintf("c%d", rapid.IntRange(1, courses).Draw(rt, "course"))
			events = append(events, lesson(fmt.Sprintf("e%d", i), course, at))
		}
		var st engine.Standing
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(events)-1), len(events), 2*len(events)).Draw(rt, "first") {
			st.Apply(&events[i], rs, now)
		}
		st = throughJSON(rt, st)
		for i := range events {
			st.Apply(&events[i], rs, now)
		}
		today := now.Truncate(day)
		for n := range courses {
			course := fmt.Sprintf("c%d", n+1)
			want := 0
			for _, ev := range events {
				if age := int(today.Sub(ev.Time.Truncate(day)).Hours() / 24); ev.Properties["course_id"] == course && age >= 0 && age < window {
					want++
				}
			}
			if got := st.CountSinceBy("lesson.completed", "course_id", course, now, window); got != want {
				rt.Fatalf("counted %d of course %s, want %d", got, course, want)
			}
		}
	})
}

// TestOnlyTheLastKeysAreCounted: of more than forty courses those that were studied last are kept, in whatever order that is heard, and each only as long as rules look back.
func TestOnlyTheLastKeysAreCounted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rs := countsLessons(t, 90)
		var st engine.Standing
		now := start.AddDate(0, 0, 60)
		for _, n := range rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
			30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49}).Draw(rt, "order") {
			ev := lesson(fmt.Sprintf("e%d", n), fmt.Sprintf("c%d", n), start.AddDate(0, 0, n))
			st.Apply(&ev, rs, now)
		}
		for n := range 50 {
			want := 0
			if n >= 50-engine.MaxKeyCounts {
				want = 1
			}
			if got := st.CountSinceBy("lesson.completed", "course_id", fmt.Sprintf("c%d", n), now, 90); got != want {
				rt.Fatalf("counted %d of course c%d, want %d", got, n, want)
			}
		}
	})
}

// TestImportedCountsMerge: events that were counted live and come again in a file, also twice, count once.
func TestImportedCountsMerge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rs := countsLessons(t, 7)
		now := start.AddDate(0, 0, 6)
		var events []*engine.Event
		var live engine.Standing
		want := map[string]int{}
		for i := range rapid.IntRange(1, 60).Draw(rt, "events") {
			course := fmt.Sprintf("c%d", rapid.IntRange(1, 3).Draw(rt, "course"))
			ev := lesson(fmt.Sprintf("e%d", i), course, start.AddDate(0, 0, rapid.IntRange(0, 6).Draw(rt, "day")))
			events = append(events, &ev)
			want[course]++
			if rapid.Bool().Draw(rt, "live") {
				live.Apply(&ev, rs, now)
			}
		}
		live.MergeCounts(events, rs)
		once, err := json.Marshal(live)
		if err != nil {
			rt.Fatal(err)
		}
		live.MergeCounts(events, rs)
		if twice, err := json.Marshal(live); err != nil || string(once) != string(twice) {
			rt.Fatalf("merged once %s, twice %s (%v)", once, twice, err)
		}
		got := map[string]int{}
		for course := range want {
			got[course] = live.CountSinceBy("lesson.completed", "course_id", course, now, 7)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("want -, got +:\n%s", diff)
		}
		if all := live.CountSince("lesson.completed", now, 7); all != len(events) {
			rt.Fatalf("counted %d in all, want %d", all, len(events))
		}
	})
}

// FuzzKeyCounts: what is stored may be damaged; it is read or refused.
func FuzzKeyCounts(f *testing.F) {
	f.Add([]byte(`"AAAAAAAAAAHAAgEB"`))
	f.Add([]byte(`""`))
	f.Add([]byte(`"AAAA"`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var counts engine.KeyCounts
		if json.Unmarshal(raw, &counts) != nil {
			return
		}
		again, err := json.Marshal(counts)
		if err != nil {
			t.Fatal(err)
		}
		var back engine.KeyCounts
		if err := json.Unmarshal(again, &back); err != nil {
			t.Fatalf("%s is written %s, and that is not read: %v", raw, again, err)
		}
		if diff := cmp.Diff(counts, back); diff != "" {
			t.Fatalf("%s changed:\n%s", raw, diff)
		}
	})
}

// TestStandingCountsStaySmall: five years in a hundred courses, of which rules count the lessons and the quizzes of each, leave at most 16 KB of counts by key.
func TestStandingCountsStaySmall(t *testing.T) {
	rs := countsLessons(t, 90)
	rs.Counted["assessment.graded"] = 30
	rs.CountedBy["assessment.graded"] = map[string]int{"assessment_id": 30, "course_id": 30}
	var st engine.Standing
	largest := 0
	for i := range 20_000 {
		at := start.Add(time.Duration(i) * 5 * 365 * day / 20_000)
		course := fmt.Sprintf("c%d", i*7919%100)
		ev := lesson(fmt.Sprintf("e%d", i), course, at)
		if i%4 == 0 {
			ev.Name = "assessment.graded"
			ev.Properties["assessment_id"] = fmt.Sprintf("%s-a%d", course, i*104729%60)
		}
		st.Apply(&ev, rs, at)
		if i%100 == 0 {
			raw, err := json.Marshal(st.KeyCounts)
			if err != nil {
				t.Fatal(err)
			}
			largest = max(largest, len(raw))
		}
	}
	t.Logf("largest counts by key: %d bytes", largest)
	if largest > 16<<10 {
		t.Errorf("counts by key grew to %d bytes", largest)
	}
}
