package engine_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"homeroom/engine"
)

// thirdLesson is count("lesson.completed", "7d") == 3.
var thirdLesson = cond{`count("lesson.completed", "7d") == 3`, func(v *engine.Vars) (any, error) {
	if v.Past == nil {
		return nil, errors.New("the past is not known here")
	}
	return v.Past.Count("lesson.completed", 7) == 3, nil
}}

func praise() *engine.Rule {
	return &engine.Rule{
		Name:    "praise",
		When:    engine.Trigger{Match: engine.Match{Event: "lesson.completed", If: thirdLesson, Counts: thirdLesson}},
		Program: []engine.Instr{send("1", "praise")},
	}
}

// TestWantsByCounts: an event whose rule asks how often it happened reaches the learner only if it happened as often, or if that is not certain.
func TestWantsByCounts(t *testing.T) {
	rs := ruleset(t)
	rs.Rules = []*engine.Rule{praise()}
	standing := &engine.Standing{}
	hear := func(at, stored time.Time, id string) (*engine.Event, engine.Change) {
		ev := &engine.Event{ID: id, Name: "lesson.completed", Learner: "u1", Time: at, StoredAt: stored}
		return ev, standing.Apply(ev, rs, stored)
	}
	for n := range 5 {
		at := start.AddDate(0, 0, n)
		ev, change := hear(at, at, fmt.Sprint("e", n))
		if got, want := rs.WantsOf(standing, ev, &change), n == 2; got != want {
			t.Errorf("lesson %d: wanted %v, want %v", n+1, got, want)
		}
		if !rs.Wants(ev, change) {
			t.Errorf("lesson %d cannot be wanted, but nobody knows the counts", n+1)
		}
		if rs.WantsWhatever(ev, change.Course) {
			t.Errorf("lesson %d is wanted whatever was counted", n+1)
		}
	}
	yesterday := start.AddDate(0, 0, 4)
	ev, change := hear(yesterday, yesterday.AddDate(0, 0, 1), "late")
	if !rs.WantsOf(standing, ev, &change) {
		t.Error("an event that came a day late is counted as of another day, perhaps, and is not wanted")
	}
}

// TestACountedTriggerBeginsItsRun: with the condition asked before the hand-over, the run begins with the third lesson, and its two predecessors step nobody.
func TestACountedTriggerBeginsItsRun(t *testing.T) {
	for _, asked := range []bool{false, true} {
		h := newHost(t)
		h.use()
		rule := praise()
		if !asked {
			rule.When.Match.Counts = nil
		}
		h.env.Current.Rules = []*engine.Rule{rule}
		for n := range 6 {
			at := start.AddDate(0, 0, n)
			h.handOver(&engine.Event{ID: fmt.Sprint("e", n), Name: "lesson.completed", Learner: "u1", Time: at, StoredAt: at}, at)
		}
		if len(h.decisions) == 0 || h.decisions[0].Kind != engine.KindStarted || !h.decisions[0].At.Equal(start.AddDate(0, 0, 2)) {
			t.Errorf("asked before: %v; decided %v", asked, h.decisions)
		}
	}
}
