package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// gathering is a learner whose only rule gathers what is done in a course for a day, and writes about it. The state is read back between steps, as a workflow does.
type gathering struct {
	t     *testing.T
	env   engine.Env
	state engine.State
	wake  time.Time
	told  []string
}

func newGathering(t *testing.T, again engine.Again, collect engine.Instr) *gathering {
	started := engine.Match{Event: "lesson.completed"}
	collect.Op = engine.OpCollect
	collect.ID = "1"
	collect.As = "lessons"
	collect.Reads = []string{"event", "lesson_id", "note", "numbers", "time"}
	collect.Collect = &engine.Collect{Matches: []engine.Match{started, {Event: "assessment.graded", If: cond{"passed", func(v *engine.Vars) (any, error) { return v.Event.Properties["passed"] == true, nil }}}}, Max: 3}
	rule := &engine.Rule{
		Name:    "digest",
		When:    engine.Trigger{Match: started},
		Per:     []string{"course_id"},
		Again:   again,
		Program: []engine.Instr{collect, send("2", "digest")},
	}
	rs := &engine.Ruleset{Hash: "h", Settings: engine.Settings{Patience: day, MaxEventAge: day}, Rules: []*engine.Rule{rule}}
	g := &gathering{t: t}
	g.state.Learner = "u"
	g.env = engine.Env{
		Current:  rs,
		Revision: func(string) *engine.Ruleset { return rs },
		Standing: &engine.Standing{},
		Grace:    time.Minute,
		Profile:  engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)},
	}
	return g
}

func (g *gathering) step(now time.Time, inputs ...engine.Input) {
	g.t.Helper()
	before, _ := json.Marshal(g.state) //nolint:errcheck // it was read from JSON
	res := engine.Step(g.env, g.state, inputs, now)
	if after, _ := json.Marshal(g.state); string(after) != string(before) { //nolint:errcheck // likewise
		g.t.Fatalf("the step changed the state that it was given:\n%s\n%s", before, after)
	}
	raw, err := json.Marshal(res.State)
	g.state = engine.State{}
	if err == nil {
		err = json.Unmarshal(raw, &g.state)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	for _, d := range res.Decisions {
		g.told = append(g.told, strings.TrimSpace(fmt.Sprintf("%s %s", d.Kind, d.Reason)))
	}
	g.wake = res.WakeAt
	for i := range res.Effects {
		for _, gathered := range res.Effects[i].Send.Awaited {
			items, _ := json.Marshal(gathered.Event.Properties["items"]) //nolint:errcheck // JSON values
			g.told = append(g.told, fmt.Sprintf("%s: %v %s", gathered.Name, gathered.Event.Properties["count"], items))
		}
		g.step(now, engine.Input{Outcome: &engine.Outcome{SendID: res.Effects[i].Send.ID, Status: engine.OutcomeAccepted}})
	}
}

// play takes an event in at an instant, after what is due before it. More properties come on top of a course and a lesson.
func (g *gathering) play(id, name string, happened, heard time.Time, more map[string]any) {
	g.t.Helper()
	g.playOn(heard)
	properties := map[string]any{"course_id": "go", "lesson_id": id}
	maps.Copy(properties, more)
	g.step(heard, engine.Input{Event: &engine.Event{ID: id, Name: name, Learner: "u", Time: happened, StoredAt: heard, Properties: properties}})
}

func (g *gathering) playOn(to time.Time) {
	for !g.wake.IsZero() && g.wake.Before(to) {
		g.step(g.wake)
	}
}

// TestCollect: events are gathered from the trigger to the end of the time, each once and in one digest, also one that happened before the trigger and is heard after it; those beyond the
// limit count; other courses, conditions that do not hold, and what is too old are left out. No event that is gathered is noted as a trigger that could not start a run.
func TestCollect(t *testing.T) {
	g := newGathering(t, engine.Again{Always: true}, engine.Instr{Dur: day})
	lesson := func(id string, happened, heard time.Duration, more map[string]any) {
		g.play(id, "lesson.completed", start.Add(happened), start.Add(heard), more)
	}
	lesson("l1", time.Hour, time.Hour, map[string]any{"note": "first"})
	lesson("l0", 0, 2*time.Hour, nil)
	lesson("l0", 0, 2*time.Hour, nil)
	lesson("other", 3*time.Hour, 3*time.Hour, map[string]any{"course_id": "sql"})
	g.play("failed", "assessment.graded", start.Add(4*time.Hour), start.Add(4*time.Hour), map[string]any{"passed": false})
	g.play("passed", "assessment.graded", start.Add(5*time.Hour), start.Add(5*time.Hour), map[string]any{"passed": true, "note": strings.Repeat("ü", 300), "numbers": make([]any, 300)})
	lesson("old", -2*day, 6*time.Hour, nil)
	lesson("l3", 7*time.Hour, 7*time.Hour, nil)
	lesson("next", day+2*time.Hour, day+2*time.Hour, nil)
	g.playOn(start.Add(4 * day))
	first := start.Add(time.Hour).Format(time.RFC3339)
	want := []string{
		"started",
		"started",         // the other course
		"skipped running", // the old one
		`lessons: 4 [{"event":"lesson.completed","lesson_id":"l1","note":"first","time":"` + first + `"},` +
			`{"event":"lesson.completed","lesson_id":"l0","time":"` + start.Format(time.RFC3339) + `"},` +
			`{"event":"assessment.graded","lesson_id":"passed","note":"` + strings.Repeat("ü", 199) + `…","time":"` + start.Add(5*time.Hour).Format(time.RFC3339) + `"}]`,
		"sent",
		"started",
		`lessons: 1 [{"event":"lesson.completed","lesson_id":"other","time":"` + start.Add(3*time.Hour).Format(time.RFC3339) + `"}]`,
		"sent",
		`lessons: 1 [{"event":"lesson.completed","lesson_id":"next","time":"` + start.Add(day+2*time.Hour).Format(time.RFC3339) + `"}]`,
		"sent",
	}
	if got := strings.Join(g.told, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("\ngot\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if len(g.state.Runs) != 0 {
		t.Errorf("runs are left: %+v", g.state.Runs)
	}
}

// TestCollectUntil: a time of day ends it where the learner lives, over a change of the clocks and after a move; one that comes just then begins the next.
func TestCollectUntil(t *testing.T) {
	g := newGathering(t, engine.Again{Always: true}, engine.Instr{Clock: 8 * 60, Days: []time.Weekday{time.Sunday}})
	g.env.Profile.Timezone = "Europe/Berlin"
	sunday := time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC) // 08:00 in summer time, which began in that night
	g.play("l1", "lesson.completed", sunday.Add(-2*day), sunday.Add(-2*day), nil)
	if !g.wake.Equal(sunday) {
		t.Fatalf("it wakes at %s, not at %s", g.wake, sunday)
	}
	g.env.Profile.Timezone = "Europe/London"
	g.play("l2", "lesson.completed", sunday.Add(-day), sunday.Add(-day), nil)
	if moved := sunday.Add(time.Hour); !g.wake.Equal(moved) {
		t.Fatalf("after the move it wakes at %s, not at %s", g.wake, moved)
	}
	g.playOn(sunday.Add(2 * time.Hour))
	g.play("l3", "lesson.completed", sunday.Add(7*day+time.Hour), sunday.Add(7*day+time.Hour), nil)
	if next := sunday.Add(14*day + time.Hour); !g.wake.Equal(next) {
		t.Errorf("one that begins at eight ends a week later, not at %s", g.wake)
	}
}

// TestCollectIsBounded: however many and however large the events are, what a run keeps of them is bounded, and the count goes on.
func TestCollectIsBounded(t *testing.T) {
	g := newGathering(t, engine.Again{}, engine.Instr{Dur: day})
	g.env.Current.Rules[0].Program[0].Collect.Max = engine.MaxCollected
	for i := range 200 {
		g.play(fmt.Sprint(i), "lesson.completed", start.Add(time.Duration(i)*time.Minute), start.Add(time.Duration(i)*time.Minute), map[string]any{"note": strings.Repeat("<", 500)})
	}
	raw, err := json.Marshal(g.state.Runs[0].Awaited)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 10<<10 {
		t.Errorf("%d bytes are kept", len(raw))
	}
	if count := g.state.Runs[0].Awaited[0].Event.Properties["count"]; count != 200.0 {
		t.Errorf("%v events were counted, not 200", count)
	}
}

// TestCollectRestarts: with `again: restart` a new trigger begins anew, also one that the live run could gather.
func TestCollectRestarts(t *testing.T) {
	g := newGathering(t, engine.Again{Restart: true}, engine.Instr{Dur: day})
	g.play("l1", "lesson.completed", start, start, nil)
	g.play("l2", "lesson.completed", start.Add(time.Hour), start.Add(time.Hour), nil)
	if got := strings.Join(g.told, ", "); got != "started, exited restarted, started" {
		t.Errorf("got %s", got)
	}
	if due := start.Add(day + time.Hour); !g.wake.Equal(due) {
		t.Errorf("it ends at %s, not at %s", g.wake, due)
	}
}
