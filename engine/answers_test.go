package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homeroom/engine"
)

// countedRules are rules of which the first, by its count, starts with an event at the third lesson.
func countedRules(event string, asked bool, others ...*engine.Rule) []*engine.Rule {
	rule := praise()
	rule.When.Match.Event = event
	rule.Again = engine.Again{Always: true}
	if !asked {
		rule.When.Match.Counts = nil
	}
	return append([]*engine.Rule{rule}, others...)
}

// TestAPublishersRepeatStartsNothing: an event whose count did not hold, and which was not handed over for that, starts nothing when it comes once more under its id
// after the count holds; also if another rule wants it then, and if it was asked about in an earlier process.
func TestAPublishersRepeatStartsNothing(t *testing.T) {
	anyLesson := &engine.Rule{
		Name:    "every-lesson",
		When:    engine.Trigger{Match: engine.Match{Event: "lesson.completed"}},
		Again:   engine.Again{Always: true},
		Program: []engine.Instr{{Op: engine.OpStop}},
	}
	cases := []struct {
		name    string
		event   string
		later   []*engine.Rule // published before the repeats
		repeats []string
	}{
		{"a counted event", "lesson.completed", nil, []string{"e0", "e1", "e2"}},
		{"an event that is not counted", "assessment.graded", nil, []string{"g0", "g1", "g2", "g3"}},
		{"an event that another rule wants by now", "lesson.completed", []*engine.Rule{anyLesson}, []string{"e0", "e1", "e2"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.use()
			h.env.Current.Rules = countedRules(c.event, true)
			hear := func(name, id string, happened, stored int) {
				at := start.AddDate(0, 0, stored)
				h.handOver(&engine.Event{ID: id, Name: name, Learner: "u1", Time: start.AddDate(0, 0, happened), StoredAt: at}, at)
			}
			for n := range 3 {
				if c.event != "lesson.completed" {
					hear(c.event, fmt.Sprint("g", n), n, n)
				}
				hear("lesson.completed", fmt.Sprint("e", n), n, n)
			}
			if c.event != "lesson.completed" {
				hear(c.event, "g3", 2, 2)
			}
			started := h.started("praise")
			if started != 1 {
				t.Fatalf("it started %d times, want once", started)
			}
			raw, err := json.Marshal(h.env.Standing)
			if err != nil {
				t.Fatal(err)
			}
			h.env.Standing = &engine.Standing{}
			if err := json.Unmarshal(raw, h.env.Standing); err != nil {
				t.Fatal(err)
			}
			h.env.Current.Rules = countedRules(c.event, true, c.later...)
			for n, id := range c.repeats {
				hear(c.event, id, min(n, 2), 2)
			}
			if again := h.started("praise"); again != started {
				t.Errorf("the repeats started it %d times more", again-started)
			}
		})
	}
}

// started is how many runs of a rule were started.
func (h *host) started(rule string) int {
	n := 0
	for _, d := range h.decisions {
		if d.Rule == rule && d.Kind == engine.KindStarted {
			n++
		}
	}
	return n
}

// TestAskingFirstStartsTheSame: whatever is published, and published again, runs start as if every event were handed over.
func TestAskingFirstStartsTheSame(t *testing.T) {
	started := 0
	rapid.Check(t, func(rt *rapid.T) {
		event := rapid.SampledFrom([]string{"lesson.completed", "assessment.graded"}).Draw(rt, "trigger")
		all := newHost(t)
		all.use()
		all.env.Current.Rules = countedRules(event, false)
		asked := newHost(t)
		asked.use()
		asked.env.Current.Rules = countedRules(event, true)
		at := start
		var heard []engine.Event
		for n := range rapid.IntRange(1, 30).Draw(rt, "events") {
			at = at.AddDate(0, 0, rapid.IntRange(0, 2).Draw(rt, "days later"))
			ev := engine.Event{
				ID:      fmt.Sprint("e", n),
				Name:    rapid.SampledFrom([]string{"lesson.completed", "assessment.graded"}).Draw(rt, "event"),
				Learner: "u1",
				Time:    at,
			}
			if len(heard) > 0 && rapid.IntRange(0, 2).Draw(rt, "repeat") == 0 {
				ev = rapid.SampledFrom(heard).Draw(rt, "of")
			}
			ev.StoredAt = at
			heard = append(heard, ev)
			for _, h := range []*host{all, asked} {
				given := ev
				h.handOver(&given, at)
			}
			if got, want := asked.started("praise"), all.started("praise"); got != want {
				rt.Fatalf("after %s %s it started %d times, and %d if all is handed over", ev.Name, ev.ID, got, want)
			}
		}
		started += asked.started("praise")
	})
	if started == 0 {
		t.Error("no run was started in any history")
	}
}

// TestAMergeKeepsAnswers: an event that was wanted or turned down under another id of the learner is, when it is published under the id that stays.
func TestAMergeKeepsAnswers(t *testing.T) {
	rs := ruleset(t)
	rs.Rules = countedRules("lesson.completed", true)
	rs.Counted = map[string]int{"lesson.completed": 7}
	ask := func(of *engine.Standing, n int) bool {
		at := start.AddDate(0, 0, n)
		ev := &engine.Event{ID: fmt.Sprint("e", n), Name: "lesson.completed", Time: at, StoredAt: at}
		change := of.Apply(ev, rs, at)
		return rs.WantsOf(of, ev, &change)
	}
	var lead, user engine.Standing
	for n := range 3 {
		ask(&lead, n)
	}
	ask(&user, 2) // its first lesson, and not wanted
	ask(&user, 3)
	user.Absorb("lead", &lead, rs)
	for n, want := range []bool{false, false, true, false} {
		if got := ask(&user, n); got != want {
			t.Errorf("lesson %d: wanted %v, want %v", n+1, got, want)
		}
	}
}

// TestAnswersAreBounded: the standing of somebody who learns for years remembers the last answers.
func TestAnswersAreBounded(t *testing.T) {
	rs := ruleset(t)
	rs.Rules = countedRules("lesson.completed", true)
	rs.Counted = map[string]int{"lesson.completed": 7}
	var standing engine.Standing
	for n := range 1000 {
		at := start.Add(time.Duration(n) * time.Hour)
		ev := &engine.Event{ID: fmt.Sprint("e", n), Name: "lesson.completed", Time: at, StoredAt: at}
		change := standing.Apply(ev, rs, at)
		rs.WantsOf(&standing, ev, &change)
	}
	if got := len(standing.Answers); got != 4*128 {
		t.Errorf("the answers take %d bytes, want 512", got)
	}
}
