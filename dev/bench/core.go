package bench

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"time"

	"homeroom/catalog"
	"homeroom/dev/campus"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/simulate"
)

// perCall is the cost of one call.
type perCall struct {
	took   time.Duration
	allocs float64
}

// measureCall calls a function repeatedly for about a second, with no other work, and returns the cost of one call.
func measureCall(f func()) perCall {
	for range 100 {
		f()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	n := 0
	for time.Since(began) < time.Second {
		for range 100 {
			f()
		}
		n += 100
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return perCall{took / time.Duration(n), float64(after.Mallocs-before.Mallocs) / float64(n)}
}

// step is the engine's Step for one event of a kind, on a learner who is new and on one who has lived through a term.
type step struct {
	name     string
	new, old perCall
}

// measureSteps runs the engine alone, with the campus's rules.
func measureSteps(academy *rules.Academy, seed uint64) []step {
	at := time.Date(2026, 10, 26, 10, 0, 0, 0, time.UTC)
	event := func(name string, properties map[string]any) *engine.Event {
		return &engine.Event{ID: "bench", Name: name, Learner: "u_001", Time: at, Properties: properties, Seq: 1 << 40, StoredAt: at}
	}
	env := engine.Env{Current: academy.Ruleset, Grace: time.Minute, Standing: &engine.Standing{}, Profile: engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}}
	env.Revision = func(string) *engine.Ruleset { return academy.Ruleset }
	fresh := engine.State{Version: engine.StateVersion, Learner: "u_001"}
	lived, standing := liveTerm(env, fresh, seed, at)
	var steps []step
	for _, kind := range []struct {
		name  string
		event *engine.Event
	}{
		{"irrelevant", event("video.paused", map[string]any{"video_id": "v1"})},
		{"fact", event("lesson.completed", map[string]any{"lesson_id": "l1", "course_id": "crs_go"})},
		{"rule-firing", event("assessment.graded", map[string]any{"assessment_id": "fresh", "score_pct": 30.0, "passed": false})},
	} {
		run := func(state engine.State, standing *engine.Standing) perCall {
			env := env
			env.Standing = standing
			inputs := []engine.Input{{Event: kind.event}}
			return measureCall(func() { engine.Step(env, state, inputs, at) })
		}
		steps = append(steps, step{kind.name, run(fresh, &engine.Standing{}), run(lived, standing)})
	}
	return steps
}

// liveTerm applies a term's events up to an instant to a learner's state.
func liveTerm(env engine.Env, state engine.State, seed uint64, until time.Time) (engine.State, *engine.Standing) {
	standing := &engine.Standing{}
	env.Standing = standing
	for i, d := range campusLoad(campus.Options{Learners: 1, Days: 45, Seed: seed}) {
		ev := d.Event
		if ev.Time.After(until) {
			break
		}
		ev.Seq = uint64(i + 1)
		ev.StoredAt = ev.Time
		standing.Apply(&ev, env.Current, ev.Time)
		res := engine.Step(env, state, []engine.Input{{Event: &ev}}, ev.Time)
		for state = res.State; len(res.Effects) > 0; state = res.State { // every delivery is accepted
			var outcomes []engine.Input
			for _, e := range res.Effects {
				outcomes = append(outcomes, engine.Input{Outcome: &engine.Outcome{SendID: e.Send.ID, Status: engine.OutcomeAccepted}})
			}
			res = engine.Step(env, state, outcomes, ev.Time)
		}
	}
	return state, standing
}

// backtestEvents is enough for a measurement of about a second.
const backtestEvents = 400_000

// measureBacktest runs recorded events through the rules, reading included. Events per second and core follow from the processor
// time.
func measureBacktest(ctx context.Context, academy *rules.Academy, seed uint64) (perSecond, error) {
	var recording bytes.Buffer
	term := campusLoad(campus.Options{Learners: 200, Days: 45, Seed: seed})
	copies := backtestEvents/len(term) + 1
	events := 0
	for _, d := range term {
		learner := d.Event.Learner
		id := d.Event.ID
		for i := range copies {
			d.Event.Learner = fmt.Sprintf("%s-%d", learner, i)
			d.Event.ID = fmt.Sprintf("%s-%d", id, i)
			if err := writeEvent(&recording, academy.Catalog, d); err != nil {
				return perSecond{}, err
			}
			events++
		}
	}
	lap := startStopwatch()
	_, err := simulate.Run(ctx, &recording, simulate.Options{
		Ruleset:         academy.Ruleset,
		Decoder:         academy.Catalog,
		AssumeReachable: true,
		SummaryOnly:     true,
	})
	return lap(events), err
}

func writeEvent(out *bytes.Buffer, cat *catalog.Catalog, d catalog.Decoded) error {
	body, err := cat.Encode(d)
	if err != nil {
		return fmt.Errorf("encoding event %s: %w", d.Event.ID, err)
	}
	out.Write(body)
	return out.WriteByte('\n')
}
