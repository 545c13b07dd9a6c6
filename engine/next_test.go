package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var nextNow = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// nextWorld is a learner in a course of four lessons, who has done the first.
func nextWorld() (*Ruleset, *Standing) {
	rs := &Ruleset{
		Paths:       true,
		Keys:        map[string][]string{"lesson.completed": {"lesson_id", "course_id"}, EventEnrolled: {"course_id"}},
		CourseOrder: []string{"go", "sql", "art"},
		Courses: map[string]CourseInfo{
			"go": {
				Title:  "Go",
				URL:    "https://x.example/go",
				Level:  "beginner",
				Topics: []string{"go"},
				Units: []UnitInfo{
					{ID: "lesson_id=l1", Title: "One"},
					{ID: "lesson_id=l2", Title: "Two", URL: "https://x.example/go/2"},
					{ID: "lesson_id=l3", Title: "Three", Topics: []string{"loops"}},
					{ID: "lesson_id=l4"},
				},
			},
			"sql": {Title: "SQL", Topics: []string{"databases", "SQL"}, Level: "beginner"},
			"art": {Title: "Art", Topics: []string{"drawing"}},
		},
	}
	rs.Settings.Resolution = time.Minute
	rs.Settings.Activity = map[string]bool{"lesson.completed": true}
	st := &Standing{}
	st.Apply(event("e0", EventEnrolled, nextNow.Add(-48*time.Hour), map[string]any{"course_id": "go"}), rs, nextNow)
	st.Apply(event("e1", "lesson.completed", nextNow.Add(-time.Hour), map[string]any{"course_id": "go", "lesson_id": "l1"}), rs, nextNow)
	return rs, st
}

func event(id, name string, at time.Time, properties map[string]any) *Event {
	return &Event{ID: id, Name: name, Learner: "u", Time: at, Properties: properties}
}

// askNext asks a step what comes next.
func askNext(rs *Ruleset, st *Standing, traits map[string]any, counted map[string]*PathTable) (unit, course NextStep) {
	s := newStepper(Env{
		Current:  rs,
		Standing: st,
		Profile:  Profile{Traits: traits},
		Followers: func(course, from string, _ time.Time) Followers {
			table := counted[course]
			if table == nil {
				table = &PathTable{}
			}
			return table.Followers(from)
		},
	}, State{}, nextNow)
	unit, _ = s.nextUnit("go", nextNow)
	course, _ = s.nextCourse(nextNow)
	return unit, course
}

// counts makes a table of moves: "l1>l2": 12.
func counts(course, key string, moves map[[2]string]int) *PathTable {
	table := &PathTable{}
	pairs := slices.Collect(func(yield func([2]string) bool) {
		for pair := range moves {
			if !yield(pair) {
				return
			}
		}
	})
	for _, pair := range pairs {
		for range moves[pair] {
			m := Move{Course: course, To: key + pair[1]}
			if pair[0] != "" {
				m.From = key + pair[0]
			}
			table.Add(m)
		}
	}
	return table
}

func TestWhatComesNextInACourse(t *testing.T) {
	many := counts("go", "lesson_id=", map[[2]string]int{{"l1", "l3"}: 30, {"l1", "l2"}: 10, {"l2", "l4"}: 60})
	alike := counts("go", "lesson_id=", map[[2]string]int{{"l1", "l3"}: 29, {"l1", "l2"}: 30})
	for _, c := range []struct {
		name    string
		counted *PathTable
		traits  map[string]any
		change  func(*Ruleset, *Standing)
		want    string // id, title and reason
	}{
		{"most went on to another lesson", many, nil, nil, "lesson_id=l3 Three followed"},
		{"nothing is counted: the order of courses.yaml", nil, nil, nil, "lesson_id=l2 Two in_order"},
		{"nothing is counted: what the learner asked for", nil, map[string]any{TraitTopics: []any{"Loops"}}, nil, "lesson_id=l3 Three asked_for"},
		{"a goal names the topic", nil, map[string]any{TraitGoals: []any{"understand loops at last"}}, nil, "lesson_id=l3 Three asked_for"},
		{"a topic is a word of its own", nil, map[string]any{TraitGoals: []any{"loopside"}}, nil, "lesson_id=l2 Two in_order"},
		{"a tie goes to what the learner asked for", alike, map[string]any{TraitTopics: []any{"loops"}}, nil, "lesson_id=l3 Three asked_for"},
		{"no tie", many, map[string]any{TraitTopics: []any{"nothing of it"}}, nil, "lesson_id=l3 Three followed"},
		{"traits of the wrong type", alike, map[string]any{TraitTopics: 3.0, TraitGoals: map[string]any{}, TraitLevel: true}, nil, "lesson_id=l2 Two followed"},
		{"a lesson without a title has the course's", many, nil, func(rs *Ruleset, st *Standing) {
			visit(rs, st, "l3", "l2")
		}, "lesson_id=l4 Go followed"},
		{"everything is visited", many, nil, func(rs *Ruleset, st *Standing) { visit(rs, st, "l2", "l3", "l4") }, "  "},
		{"the course is completed", many, nil, func(_ *Ruleset, st *Standing) {
			st.Courses["go"].addMoment(Moment{At: nextNow.Add(-time.Minute), Kind: MomentCompleted})
		}, "  "},
		{"the course is over", many, nil, func(rs *Ruleset, _ *Standing) {
			info := rs.Courses["go"]
			info.Ends = nextNow.Add(-time.Second)
			rs.Courses["go"] = info
		}, "  "},
		{"courses.yaml lists no lessons: those that learners visit, under the course's title", many, nil, noUnits, "lesson_id=l3 Go followed"},
		{"nothing is known at all", nil, nil, noUnits, "  "},
		{"nothing has a title", many, nil, func(rs *Ruleset, st *Standing) {
			rs.Courses["go"] = CourseInfo{}
			st.Courses["go"].Title = ""
		}, "  "},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs, st := nextWorld()
			if c.change != nil {
				c.change(rs, st)
			}
			got, _ := askNext(rs, st, c.traits, map[string]*PathTable{"go": c.counted})
			if text := fmt.Sprint(got.ID, " ", got.Title, " ", got.Reason); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

func noUnits(rs *Ruleset, _ *Standing) {
	info := rs.Courses["go"]
	info.Units = nil
	rs.Courses["go"] = info
}

// visit has the learner complete lessons, one after another.
func visit(rs *Ruleset, st *Standing, lessons ...string) {
	for i, lesson := range lessons {
		at := nextNow.Add(-30*time.Minute + time.Duration(i)*time.Minute)
		st.Apply(event("v"+lesson, "lesson.completed", at, map[string]any{"course_id": "go", "lesson_id": lesson}), rs, nextNow)
	}
}

func TestWhatCourseComesNext(t *testing.T) {
	enough := counts("", "", map[[2]string]int{{"go", "art"}: 40, {"go", "sql"}: 30, {"sql", "x1"}: 5, {"sql", "x2"}: 5, {"sql", "x3"}: 5})
	few := counts("", "", map[[2]string]int{{"go", "art"}: 40, {"x1", "x2"}: 5})
	for _, c := range []struct {
		name    string
		counted *PathTable
		done    bool
		traits  map[string]any
		want    string
	}{
		{"most took this one after the course", enough, true, nil, "art followed"},
		{"fewer than five courses say nothing", few, true, nil, " "},
		{"nothing is completed yet, and nothing was said", enough, false, nil, " "},
		{"what the learner said decides at the beginning", enough, false, map[string]any{TraitTopics: []any{"sql"}}, "sql asked_for"},
		{"and where too little is counted", few, true, map[string]any{TraitGoals: []any{"SQL for my job"}, TraitLevel: "Beginner"}, "sql asked_for"},
		{"what is taken already is not offered", few, true, map[string]any{TraitTopics: []any{"go"}}, " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs, st := nextWorld()
			if c.done {
				st.Courses["go"].addMoment(Moment{At: nextNow.Add(-time.Minute), Kind: MomentCompleted})
			}
			_, got := askNext(rs, st, c.traits, map[string]*PathTable{"": c.counted})
			if text := fmt.Sprint(got.ID, " ", got.Reason); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

// TestMovesOfALearner applies events in any order and twice: each unit is one first visit, each course one enrollment.
func TestMovesOfALearner(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		rs, _ := nextWorld()
		var events []*Event
		for n := range 30 {
			id := fmt.Sprintf("e%d", n)
			at := nextNow.Add(-time.Duration(random.IntN(5000)) * time.Minute)
			course := fmt.Sprintf("c%d", random.IntN(3))
			events = append(events, event(id, "lesson.completed", at, map[string]any{"course_id": course, "lesson_id": fmt.Sprintf("l%d", random.IntN(6))}))
			events = append(events, event(id+"x", EventEnrolled, at, map[string]any{"course_id": course}))
		}
		events = append(events, events...)
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		st := &Standing{}
		want := map[[2]string]bool{}
		for _, ev := range events {
			st.Apply(ev, rs, nextNow)
			course := ev.Properties["course_id"].(string)
			if ev.Name == EventEnrolled {
				want[[2]string{"", course}] = true
			} else {
				want[[2]string{course, UnitOf(ev)}] = true
			}
		}
		got := map[[2]string]bool{}
		for _, m := range st.Moves {
			got[[2]string{m.Course, m.To}] = true
		}
		if len(st.Moves) != len(want) || len(got) != len(want) {
			t.Fatalf("%d moves, %d different ones, want %d", len(st.Moves), len(got), len(want))
		}
		counted := slices.Clone(st.Moves[:3])
		if !st.DropMoves(counted) || len(st.Moves) != len(want)-3 || st.DropMoves(counted) {
			t.Fatalf("%d moves are left of %d after 3 were counted", len(st.Moves), len(want))
		}
	}
}

// TestPathsAreBounded counts moves between a million units. The table stays small, and the log of the simulator agrees with it where nothing is pooled.
func TestPathsAreBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var table PathTable
	for range 100_000 {
		table.Add(Move{Course: "c", From: fmt.Sprintf("u%d", random.IntN(1_000_000)), To: fmt.Sprintf("u%d", random.IntN(1_000_000))})
	}
	if len(table.Names) > MaxPathUnits || len(table.After) > MaxPathUnits*maxPathSuccessors || !table.Check() {
		t.Errorf("the table has %d units and %d pairs", len(table.Names), len(table.After))
	}
	var small PathTable
	var log PathLog
	for range 5_000 {
		m := Move{Course: "c", From: fmt.Sprintf("u%d", random.IntN(20)), To: fmt.Sprintf("u%d", random.IntN(20))}
		small.Add(m)
		log.Add(m, nextNow)
	}
	for n := range 20 {
		unit := fmt.Sprintf("u%d", n)
		if want, got := fmt.Sprint(small.Followers(unit)), fmt.Sprint(log.Followers("c", unit, nextNow.Add(time.Hour))); want != got {
			t.Fatalf("after %s: %s, want %s", unit, got, want)
		}
		if f := log.Followers("c", unit, nextNow); len(f.Visits) > 0 {
			t.Fatalf("moves count before they were heard: %v", f)
		}
	}
}

// TestWhoeverIsFurthestAheadGoesOnInOrder: where nobody has gone on yet, the order of courses.yaml decides, however many have come so far.
func TestWhoeverIsFurthestAheadGoesOnInOrder(t *testing.T) {
	rs, st := nextWorld()
	for _, visits := range []int{minUnitVisits - 1, minUnitVisits, 10 * minUnitVisits} {
		table := counts("go", "lesson_id=", map[[2]string]int{{"", "l1"}: visits})
		if got, _ := askNext(rs, st, nil, map[string]*PathTable{"go": table}); got.ID != "lesson_id=l2" || got.Reason != NextInOrder {
			t.Errorf("%d visits: %+v", visits, got)
		}
	}
}

// TestTheLastVisitIsTheLatest: in whatever order visits arrive, and however often a unit comes again.
func TestTheLastVisitIsTheLatest(t *testing.T) {
	rs, st := nextWorld()
	for _, visit := range []struct {
		unit string
		at   time.Duration
	}{{"l2", time.Minute}, {"l2", 30 * time.Minute}, {"l3", 10 * time.Minute}} {
		at := nextNow.Add(visit.at)
		st.Apply(event(visit.unit+at.String(), "lesson.completed", at, map[string]any{"course_id": "go", "lesson_id": visit.unit}), rs, nextNow.Add(time.Hour))
	}
	if last := st.Courses["go"].Visits.Last; last != "lesson_id=l2" {
		t.Errorf("the last one is %s", last)
	}
}
