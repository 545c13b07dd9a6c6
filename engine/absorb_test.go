package engine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homeroom/engine"
)

// drawHistory draws what a learner did: few enough events that nothing is forgotten.
func drawHistory(rt *rapid.T) []engine.Event {
	names := []string{
		engine.EventSignedUp, engine.EventEnrolled, engine.EventCourseCompleted, engine.EventEnrollmentCancelled, engine.EventLessonStarted,
		engine.EventProgress, engine.EventAssessmentSubmitted, engine.EventAssessmentScheduled, "lesson.completed",
	}
	var events []engine.Event
	for n := range rapid.IntRange(1, 8).Draw(rt, "events") {
		name := rapid.SampledFrom(names).Draw(rt, "name")
		properties := map[string]any{
			"course_id":     rapid.SampledFrom([]string{"go", "sql"}).Draw(rt, "course"),
			"lesson_id":     rapid.SampledFrom([]string{"l1", "l2"}).Draw(rt, "lesson"),
			"assessment_id": "a1",
			"progress_pct":  float64(rapid.IntRange(0, 100).Draw(rt, "progress")),
			"due_at":        "2026-05-01T00:00:00Z",
		}
		if name == engine.EventSignedUp {
			properties = nil
		}
		events = append(events, engine.Event{
			ID:         fmt.Sprint("e", n),
			Name:       name,
			Learner:    "u1",
			Time:       start.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "hour")) * time.Hour),
			Properties: properties,
		})
	}
	return events
}

// TestTwoIdsKnowWhatOneWould: whichever events came under the one id and whichever under the other, and whenever the two became one, the facts are those of all events
// under one id.
func TestTwoIdsKnowWhatOneWould(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rs := ruleset(t, "twice")
		rs.Counted = map[string]int{"lesson.completed": 90}
		rs.CountedBy = map[string]map[string]int{"lesson.completed": {"course_id": 90}}
		events := drawHistory(rt)
		inOrder := rapid.Bool().Draw(rt, "in order")
		if inOrder {
			slices.SortStableFunc(events, func(a, b engine.Event) int { return a.Time.Compare(b.Time) })
		}
		now := start.AddDate(0, 0, 2)
		var whole, lead, user engine.Standing
		merge := rapid.IntRange(0, len(events)).Draw(rt, "merged after")
		for i := range events {
			whole.Apply(&events[i], rs, now)
			of := &user
			if i < merge && rapid.Bool().Draw(rt, "lead's") {
				of = &lead
			}
			of.Apply(&events[i], rs, now)
			if i == merge {
				user.Absorb("lead", &lead, rs)
			}
		}
		user.Absorb("lead", &lead, rs)
		once := knownTo(&user, inOrder)
		user.Absorb("lead", &lead, rs)
		if got := knownTo(&user, inOrder); got != once {
			rt.Fatalf("a second merge changed\n%s\nto\n%s", once, got)
		}
		if want := knownTo(&whole, inOrder); once != want {
			rt.Fatalf("two ids know\n%s\none would know\n%s", once, want)
		}
	})
}

// knownTo writes what rules ask of a standing. Activity and the first sight are those of events that are heard in order: who is active is not active earlier too.
func knownTo(s *engine.Standing, inOrder bool) string {
	type courseFacts struct {
		Course engine.Course
		Count  int
	}
	byKey := map[uint64]int{}
	for _, count := range s.KeyCounts["lesson.completed course_id"] {
		for _, n := range count.Days.N {
			byKey[count.Value] += n
		}
	}
	all := map[string]any{
		"signed up": s.SignedUpAt,
		"completed": s.CoursesCompleted,
		"handed in": s.HandedIn,
		"again":     s.HandedInAgain,
		"counted":   s.CountSince("lesson.completed", start.AddDate(0, 0, 2), 30),
		"by key":    byKey,
	}
	if inOrder {
		all["first"] = s.FirstSeenAt
		all["platform"] = s.Platform
	}
	for id, c := range s.Courses {
		shown := *c
		if !inOrder {
			shown.Active = nil
		}
		shown.Risk = nil
		all["course "+id] = courseFacts{Course: shown}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestAMergedIDIsKnown: what is known of ids that were merged before goes along, and the ids are bounded.
func TestAMergedIDIsKnown(t *testing.T) {
	rs := ruleset(t, "twice")
	ev := engine.Event{ID: "e1", Name: engine.EventSignedUp, Learner: "a", Time: start}
	var a, b, c engine.Standing
	a.Apply(&ev, rs, start)
	b.Absorb("a", &a, rs)
	c.Absorb("b", &b, rs)
	if !c.HasMerged("a") || !c.HasMerged("b") || !c.SignedUpAt.Equal(start) {
		t.Errorf("after a chain c knows %+v", c)
	}
	for n := range 200 {
		c.Absorb(fmt.Sprint("x", n), &engine.Standing{}, rs)
	}
	if len(c.Previous) != 64 {
		t.Errorf("%d ids are remembered, want 64", len(c.Previous))
	}
	if _, full := c.BeginMerge("one more"); !full {
		t.Error("one more id would be taken over")
	}
}

// TestEveryIDIsNamed: of two learners who both had other ids every one is named afterwards, and those of whom there would be too many do not fit together.
func TestEveryIDIsNamed(t *testing.T) {
	rs := ruleset(t, "twice")
	named := func(prefix string, n int) *engine.Standing {
		st := &engine.Standing{FirstSeenAt: start}
		for i := range n {
			st.Absorb(fmt.Sprint(prefix, i), &engine.Standing{}, rs)
		}
		return st
	}
	user := named("u", 40)
	lead := named("l", 23)
	user.BeginMerge("lead")
	if !engine.FitTogether(user.Previous, lead.Previous) {
		t.Fatal("64 ids do not fit")
	}
	if engine.FitTogether(user.Previous, named("l", 24).Previous) {
		t.Error("65 ids fit")
	}
	if !engine.FitTogether(user.Previous, named("u", 40).Previous) {
		t.Error("ids that both have count twice")
	}
	user.Absorb("lead", lead, rs)
	for i := range 23 {
		if !user.HasMerged(fmt.Sprint("l", i)) {
			t.Errorf("l%d is named nowhere", i)
		}
	}
}

// TestIsMerging: a learner is taking over an id from the note that they do until it is merged or dropped.
func TestIsMerging(t *testing.T) {
	var a engine.Standing
	a.BeginMerge("b")
	a.BeginMerge("c")
	a.Absorb("b", &engine.Standing{}, ruleset(t, "twice"))
	if !a.IsMerging() {
		t.Error("c is not merged yet")
	}
	a.DropMerge("c")
	if a.IsMerging() {
		t.Error("nothing is left to merge")
	}
}

// TestMemoryGoesAlong: what was sent under the other id is remembered, once, whatever the order and however often it is told.
func TestMemoryGoesAlong(t *testing.T) {
	w := engine.State{Learner: "lead", PastSends: []engine.PastSend{{ID: "s1", Message: "nudge", At: start}, {ID: "s2", Message: "nudge", At: start.Add(time.Hour)}}, PastRuns: engine.PastRuns{{Key: 1 << 40, Started: 5}, {Key: 2 << 40, Armed: -7}}}
	other := engine.State{Learner: "old", PastSends: []engine.PastSend{{ID: "s0", Message: "nudge", At: start}, {ID: "s3", Message: "nudge", At: start.Add(30 * time.Minute)}}, PastRuns: engine.PastRuns{{Key: 1 << 40, Started: 9}}}
	absorbed := func(states ...*engine.State) engine.State {
		rs := ruleset(t, "twice")
		env := engine.Env{Current: rs, Revision: func(string) *engine.Ruleset { return rs }, Standing: &engine.Standing{}, Grace: time.Minute}
		st := engine.State{Version: engine.StateVersion, Learner: "user"}
		for n, m := range states {
			ev := engine.Event{ID: fmt.Sprint("alias", n), Name: engine.EventAliased, Learner: "user", Time: start.Add(2 * time.Hour), Absorbed: engine.MemoryOf(m)}
			st = engine.Step(env, st, []engine.Input{{Event: &ev}}, start.Add(2*time.Hour)).State
		}
		return st
	}
	one := absorbed(&w, &other)
	two := absorbed(&other, &w, &other, &w)
	slices.SortFunc(one.PastRuns, func(a, b engine.PastRun) int { return int(int64(a.Key) - int64(b.Key)) })
	slices.SortFunc(two.PastRuns, func(a, b engine.PastRun) int { return int(int64(a.Key) - int64(b.Key)) })
	if !reflect.DeepEqual(one.PastSends, two.PastSends) || !reflect.DeepEqual(one.PastRuns, two.PastRuns) {
		t.Errorf("by another order:\n%+v\n%+v\n%+v\n%+v", one.PastSends, two.PastSends, one.PastRuns, two.PastRuns)
	}
	var ids []string
	for _, sent := range one.PastSends {
		ids = append(ids, sent.ID)
	}
	if !slices.Equal(ids, []string{"s0", "s1", "s3", "s2"}) {
		t.Errorf("sent: %v; two messages of one instant are two", ids)
	}
	if len(one.PastRuns) != 2 || one.PastRuns[0].Started != 9 || one.PastRuns[1].Armed != -7 {
		t.Errorf("past runs: %+v", one.PastRuns)
	}
}

// TestPastRunsOfBothStayInOrder: when rules last started under the other id comes first, the oldest before all, because the first ones are forgotten first.
func TestPastRunsOfBothStayInOrder(t *testing.T) {
	rs := ruleset(t, "twice")
	lead := engine.State{Learner: "lead", PastRuns: engine.PastRuns{{Key: 1, Started: 10}, {Key: 2, Started: 20}, {Key: 3, Started: 30}}}
	user := engine.State{Version: engine.StateVersion, Learner: "user", PastRuns: engine.PastRuns{{Key: 4, Started: 40}}}
	ev := engine.Event{ID: "alias", Name: engine.EventAliased, Learner: "user", Time: start, Absorbed: engine.MemoryOf(&lead)}
	res := engine.Step(engine.Env{Current: rs}, user, []engine.Input{{Event: &ev}}, start)
	var keys []uint64
	for _, past := range res.State.PastRuns {
		keys = append(keys, past.Key)
	}
	if !slices.Equal(keys, []uint64{1, 2, 3, 4}) {
		t.Errorf("past runs of %v, want the lead's in their order and then the user's", keys)
	}
}

// TestAMergedLearnerDecidesNothing: the runs end with the reason merged, and neither an event nor time starts another.
func TestAMergedLearnerDecidesNothing(t *testing.T) {
	rs := ruleset(t, "twice")
	standing := &engine.Standing{}
	env := engine.Env{Current: rs, Revision: func(string) *engine.Ruleset { return rs }, Standing: standing, Grace: time.Minute}
	st := engine.State{Version: engine.StateVersion, Learner: "lead"}
	st.Runs = []engine.Run{{ID: "r1", Rule: rs.Rules[0].Name, Revision: rs.Hash, Started: start, Due: start.Add(time.Hour), Waiting: true}}
	standing.MergedInto = "user"
	res := engine.Step(env, st, nil, start)
	if len(res.State.Runs) != 0 || res.State.MergedInto != "user" || !res.WakeAt.IsZero() || len(res.Decisions) != 1 || res.Decisions[0].Reason != engine.ReasonMerged {
		t.Fatalf("%+v", res)
	}
	ev := engine.Event{ID: "e1", Name: "lesson.completed", Learner: "lead", Time: start, Properties: map[string]any{"course_id": "go"}}
	standing.MergedInto = "" // an erased standing does not wake the lead again
	res = engine.Step(env, res.State, []engine.Input{{Event: &ev}}, start.Add(48*time.Hour))
	if len(res.State.Runs)+len(res.Decisions)+len(res.Effects) != 0 {
		t.Errorf("decided after the merge: %+v", res)
	}
}

// TestAnEventOnItsWayIsNoted: an event that was handed over before the learner was merged, and came to be decided after, is noted once, to be published under the id
// that stays; one that was decided before, and the copy of a broadcast, are not.
func TestAnEventOnItsWayIsNoted(t *testing.T) {
	rs := ruleset(t, "twice")
	env := engine.Env{Current: rs, Revision: func(string) *engine.Ruleset { return rs }, Standing: &engine.Standing{}, Grace: time.Minute}
	trigger := func(id string, seq uint64) engine.Input {
		return engine.Input{Event: &engine.Event{
			ID:         id,
			Name:       "course.purchased",
			Learner:    "lead",
			Time:       start,
			StoredAt:   start,
			Seq:        seq,
			Properties: map[string]any{"course_id": "go"},
		}}
	}
	lead := engine.Step(env, engine.State{Version: engine.StateVersion, Learner: "lead"}, []engine.Input{trigger("before", 7)}, start).State
	env.Standing = &engine.Standing{MergedInto: "user"}
	inputs := []engine.Input{trigger("before", 7), trigger("on-its-way", 8), trigger("broadcast", 0), trigger("on-its-way", 8), trigger("another", 9)}
	lead = engine.Step(env, lead, inputs, start).State
	if lead.MergeHeard || !slices.Equal(lead.Overtaken, []uint64{8, 9}) {
		t.Fatalf("overtaken %v, heard %v", lead.Overtaken, lead.MergeHeard)
	}
	merged := engine.Event{ID: "end", Name: engine.EventMerged, Learner: "lead", Time: start}
	lead = engine.Step(env, lead, []engine.Input{{Event: &merged}}, start).State
	if !lead.MergeHeard || len(lead.Overtaken) != 2 {
		t.Errorf("overtaken %v, heard %v after the end of the merge", lead.Overtaken, lead.MergeHeard)
	}
}
