package engine_test

import (
	"fmt"
	"testing"
	"time"

	"homeroom/engine"
)

// adaptive is a rule whose split adapts and that may start again at once.
func adaptive(arms ...engine.Arm) *engine.Rule {
	return &engine.Rule{
		Name:  "adaptive",
		When:  engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
		Again: engine.Again{Always: true},
		Goal:  &engine.Goal{Match: engine.Match{Event: "course.completed"}, Within: day},
		Program: []engine.Instr{{
			Op:    engine.OpSplit,
			ID:    "1",
			Split: &engine.Split{Name: "tone", Arms: arms, Adapt: &engine.Adapt{Floor: 5}},
		}},
	}
}

// TestAnArmIsDrawnOnceByTheWeightsInForce: a learner's first run draws by the weights that were in force when it started; later runs keep the arm and say by what it
// was drawn, whatever the weights are then.
func TestAnArmIsDrawnOnceByTheWeightsInForce(t *testing.T) {
	rule := adaptive(engine.Arm{Name: "a", Weight: 1, PC: 1}, engine.Arm{Name: "b", Weight: 1, PC: 1})
	env := engine.Env{Current: &engine.Ruleset{Hash: "h", Rules: []*engine.Rule{rule}}, Standing: &engine.Standing{}, Grace: time.Minute}
	env.Revision = func(string) *engine.Ruleset { return env.Current }
	weights := map[string]float64{"a": 95, "b": 5}
	env.Weights = func(rule, split string, at time.Time) (engine.SplitWeights, bool) {
		if rule != "adaptive" || split != "tone" {
			t.Errorf("asked for %s/%s", rule, split)
		}
		if at.Before(start.Add(day)) {
			return engine.SplitWeights{}, false
		}
		return engine.SplitWeights{Version: 7, Percent: weights}, true
	}
	state := map[string]engine.State{}
	assigned := func(learner string, at time.Time) engine.Decision {
		t.Helper()
		st := state[learner]
		st.Learner = learner
		res := engine.Step(env, st, []engine.Input{{Event: &engine.Event{ID: at.String(), Name: "enrollment.created", Learner: learner, Time: at}}}, at)
		state[learner] = res.State
		for _, d := range res.Decisions {
			if d.Kind == engine.KindAssigned {
				return d
			}
		}
		t.Fatalf("no arm: %+v", res.Decisions)
		return engine.Decision{}
	}
	early := 0
	late := 0
	first := map[string]string{}
	for n := range 400 {
		before := assigned(fmt.Sprint("before", n), start)
		after := assigned(fmt.Sprint("after", n), start.Add(day))
		first[fmt.Sprint("before", n)] = before.Arm
		first[fmt.Sprint("after", n)] = after.Arm
		if before.Arm == "tone=a" {
			early++
		}
		if after.Arm == "tone=a" {
			late++
		}
		if x := before.Exposure; x.WeightsVersion != 0 || x.Arms[0].Percent != 50 {
			t.Fatalf("before the first version: %+v", x)
		}
		if x := after.Exposure; x.WeightsVersion != 7 || x.Arms[0].Percent != 95 || x.Arms[1].Percent != 5 {
			t.Fatalf("by version 7: %+v", x)
		}
	}
	if early < 170 || early > 230 || late < 365 || late > 395 {
		t.Errorf("%d and %d of 400 learners are in a, want about 200 and 380", early, late)
	}
	weights = map[string]float64{"a": 5, "b": 95}
	for n := range 400 {
		for prefix, percent := range map[string]float64{"before": 50, "after": 95} {
			learner := fmt.Sprint(prefix, n)
			if d := assigned(learner, start.Add(3*day)); d.Arm != first[learner] || d.Exposure.Arms[0].Percent != percent {
				t.Fatalf("%s had %s and has %s, drawn by %+v", learner, first[learner], d.Arm, d.Exposure.Arms)
			}
		}
	}

	rule.Program[0].Split.Arms = []engine.Arm{{Name: "b", Weight: 1, PC: 1}, {Name: "c", Weight: 3, PC: 1}} // a is gone, c is new to the weights
	for n := range 400 {
		learner := fmt.Sprint("after", n)
		d := assigned(learner, start.Add(5*day))
		if first[learner] == "tone=b" {
			if d.Arm != "tone=b" || d.Exposure.Arms[0].Percent != 5 || d.Exposure.Arms[1].Percent != 0 {
				t.Fatalf("an arm that stayed: %s, %+v", d.Arm, d.Exposure.Arms)
			}
			continue
		}
		if d.Exposure.WeightsVersion != 0 || d.Exposure.Arms[1].Percent != 75 {
			t.Fatalf("an arm that is gone: %s, %+v", d.Arm, d.Exposure)
		}
	}
}
