package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"homeroom/engine"
)

// BenchmarkStep is one event for a learner who is new, and for one who has lived through a long term: age must not make the
// engine slower without bound. An irrelevant event reaches Step only if a rule's other event made the triggers hand the
// batch over; a fact changes the standing and starts nothing; the last starts a run and sends.
func BenchmarkStep(b *testing.B) {
	rs := ruleset(b, "retry", "silent", "share", "settings-daily")
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	fresh := engine.State{Version: engine.StateVersion, Learner: "u_1"}
	for _, learner := range []struct {
		name     string
		state    engine.State
		standing *engine.Standing
	}{
		{"new", fresh, &engine.Standing{}},
		learned(rs, fresh, at, 200),
		learned(rs, fresh, at, 2000),
	} {
		env := stepEnv(rs, learner.standing)
		for _, event := range []engine.Event{
			{Name: "video.paused", Properties: map[string]any{"video_id": "v1"}},
			{Name: "lesson.completed", Properties: map[string]any{"lesson_id": "l1", "course_id": "c1"}},
			{Name: "assessment.graded", Properties: map[string]any{"assessment_id": "fresh", "passed": false}},
		} {
			event.ID = "bench"
			event.Learner = "u_1"
			event.Time = at
			event.StoredAt = at
			event.Seq = 1 << 40
			inputs := []engine.Input{{Event: &event}}
			b.Run(learner.name+"/"+event.Name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					engine.Step(env, learner.state, inputs, at)
				}
			})
		}
	}
}

// BenchmarkStanding is what triggers do with an event that wakes nobody: the second in its step, which changes nothing.
func BenchmarkStanding(b *testing.B) {
	rs := ruleset(b, "silent")
	rs.IndexInterest() // as package rules does
	at := time.Date(2026, 3, 2, 10, 1, 0, 0, time.UTC)
	old := learned(rs, engine.State{Learner: "u_1"}, at, 500)
	event := engine.Event{ID: "e", Name: "lesson.completed", Learner: "u_1", Time: at, Properties: map[string]any{"lesson_id": "l1", "course_id": "c1"}}
	old.standing.Apply(&event, rs, at)
	b.ReportAllocs()
	for b.Loop() {
		rs.Wants(&event, old.standing.Apply(&event, rs, at))
	}
}

// BenchmarkStandingAsJSON is what triggers do when a standing is read from the store, and when it is written.
func BenchmarkStandingAsJSON(b *testing.B) {
	rs := ruleset(b, "silent")
	old := learned(rs, engine.State{Learner: "u_1"}, time.Date(2026, 3, 2, 10, 1, 0, 0, time.UTC), 500)
	raw, err := json.Marshal(old.standing)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal(raw, &engine.Standing{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(old.standing); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(raw)), "bytes")
	})
}

func stepEnv(rs *engine.Ruleset, standing *engine.Standing) engine.Env {
	return engine.Env{
		Current:  rs,
		Revision: func(string) *engine.Ruleset { return rs },
		Standing: standing,
		Grace:    time.Minute,
		Profile:  engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)},
	}
}

// learned is a learner who has had so many events by then, an hour apart, every delivery accepted.
func learned(rs *engine.Ruleset, state engine.State, until time.Time, events int) (l struct {
	name     string
	state    engine.State
	standing *engine.Standing
}) {
	standing := &engine.Standing{}
	env := stepEnv(rs, standing)
	for i := range events {
		at := until.Add(-time.Duration(events-i) * time.Hour)
		ev := engine.Event{ID: fmt.Sprint("e", i), Learner: "u_1", Time: at, StoredAt: at, Seq: uint64(i + 1)}
		course := fmt.Sprint("c", i/100)
		switch {
		case i%100 == 0:
			ev.Name = engine.EventEnrolled
			ev.Properties = map[string]any{"course_id": course}
		case i%20 == 0:
			ev.Name = "assessment.graded"
			ev.Properties = map[string]any{"assessment_id": fmt.Sprint("q", i), "passed": i%40 == 0}
		case i%100 == 99:
			ev.Name = engine.EventCourseCompleted
			ev.Properties = map[string]any{"course_id": course}
		default:
			ev.Name = "lesson.completed"
			ev.Properties = map[string]any{"lesson_id": fmt.Sprint("l", i), "course_id": course}
		}
		standing.Apply(&ev, rs, at)
		res := engine.Step(env, state, []engine.Input{{Event: &ev}}, at)
		for ; len(res.Effects) > 0; res = engine.Step(env, res.State, accepted(res), at) {
		}
		state = res.State
	}
	l.name = fmt.Sprintf("after %d events", events)
	l.state = state
	l.standing = standing
	return l
}

func accepted(res engine.Result) []engine.Input {
	var outcomes []engine.Input
	for _, e := range res.Effects {
		outcomes = append(outcomes, engine.Input{Outcome: &engine.Outcome{SendID: e.Send.ID, Status: engine.OutcomeAccepted}})
	}
	return outcomes
}
