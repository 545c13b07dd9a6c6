package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

// armed is a rule with two arms: one writes six hours later, the other never.
func armed() *engine.Rule {
	late := send("1.a.2", "nudge")
	late.Send.Channel = engine.ChannelEmail
	return &engine.Rule{
		Name:    "armed",
		When:    engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
		Holdout: 20,
		Goal: &engine.Goal{
			Match:  engine.Match{Event: "course.completed"},
			Within: 7 * day,
		},
		Program: []engine.Instr{
			{
				Op: engine.OpSplit,
				ID: "1",
				Split: &engine.Split{
					Name: "tone",
					Arms: []engine.Arm{{Name: "a", Weight: 3, PC: 1}, {Name: "none", Weight: 1, PC: 4}},
				},
			},
			wait("1.a.1", 6*time.Hour),
			late,
			{Op: engine.OpJump, Else: 4},
		},
	}
}

// playArmed plays a story to a learner of the rule and returns what was decided.
func playArmed(t *testing.T, learner string, assign engine.Assignment, story ...engine.Event) []engine.Decision {
	t.Helper()
	env := engine.Env{
		Current:  &engine.Ruleset{Hash: "h", Settings: engine.Settings{Control: 5, Patience: day}, Rules: []*engine.Rule{armed()}},
		Standing: &engine.Standing{},
		Grace:    time.Minute,
		Assign:   assign,
		Profile:  engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)},
	}
	env.Revision = func(string) *engine.Ruleset { return env.Current }
	state := engine.State{Learner: learner}
	var decided []engine.Decision
	step := func(inputs []engine.Input, now time.Time) time.Time {
		for {
			res := engine.Step(env, state, inputs, now)
			state = res.State
			decided = append(decided, res.Decisions...)
			inputs = nil
			for _, e := range res.Effects {
				inputs = append(inputs, engine.Input{Outcome: &engine.Outcome{SendID: e.Send.ID, Status: engine.OutcomeAccepted}})
			}
			if len(inputs) == 0 {
				return res.WakeAt
			}
		}
	}
	wake := time.Time{}
	for i := range story {
		for !wake.IsZero() && wake.Before(story[i].Time) {
			wake = step(nil, wake)
		}
		wake = step([]engine.Input{{Event: &story[i]}}, story[i].Time)
	}
	return decided
}

// Every arm's learners enter its experiment at the split, so that an arm that sends nothing can be compared: its goal is watched for from then
// on, as it is in an arm that sends hours later.
func TestEveryArmIsWatchedFromTheSplitOn(t *testing.T) {
	at := func(d time.Duration) time.Time { return start.Add(d) }
	story := func(goal time.Duration) []engine.Event {
		return []engine.Event{
			{ID: "e1", Name: "enrollment.created", Time: at(0), Properties: map[string]any{"course_id": "go"}},
			{ID: "e2", Name: "course.completed", Time: at(goal), Properties: map[string]any{"course_id": "go"}},
		}
	}
	arms := map[string]int{}
	for n := range 30 {
		learner := fmt.Sprint("u_", n)
		for _, c := range []struct {
			goal time.Duration
			want bool
		}{{time.Hour, true}, {7 * day, true}, {7*day + time.Second, false}} {
			decided := playArmed(t, learner, engine.AssignNobody, story(c.goal)...)
			converted := false
			for _, d := range decided {
				converted = converted || d.Kind == engine.KindConverted
				if d.Kind == engine.KindAssigned {
					arms[d.Arm]++
				}
			}
			if converted != c.want {
				t.Errorf("%s: a goal %s after the split: converted %t\n%+v", learner, c.goal, converted, decided)
			}
		}
	}
	if len(arms) != 2 {
		t.Errorf("arms %v", arms)
	}
}

// The decisions that bring a learner into an experiment say in which group and what was promised; a transactional message is in none.
func TestExposuresSayWhatWasPromised(t *testing.T) {
	enrolled := engine.Event{ID: "e1", Name: "enrollment.created", Time: start, Properties: map[string]any{"course_id": "go"}}
	later := engine.Event{ID: "e2", Name: "lesson.completed", Time: start.Add(day), Properties: map[string]any{"course_id": "go"}}
	promise := func(group engine.ExperimentGroup) *engine.Exposure {
		return &engine.Exposure{
			Group:   group,
			Holdout: 20,
			Control: 5,
			Within:  7 * 24 * 3600,
		}
	}
	learner := ""
	for n := 0; learner == ""; n++ {
		name := fmt.Sprint("u_", n)
		for _, d := range playArmed(t, name, engine.AssignNobody, enrolled) {
			if strings.HasSuffix(d.Arm, "=a") {
				learner = name
			}
		}
	}
	for _, c := range []struct {
		assign engine.Assignment
		kind   engine.Kind
		group  engine.ExperimentGroup
	}{
		{engine.AssignNobody, engine.KindSent, engine.GroupTreated},
		{engine.AssignAll, engine.KindWithheld, engine.GroupControl}, // asked before the holdout
	} {
		got := map[engine.Kind]engine.Decision{}
		for _, d := range playArmed(t, learner, c.assign, enrolled, later) {
			got[d.Kind] = d
		}
		assigned := promise(c.group)
		assigned.Arms = []engine.ArmShare{{Name: "a", Percent: 75, Sends: true}, {Name: "none", Percent: 25}}
		if diff := cmp.Diff(assigned, got[engine.KindAssigned].Exposure); diff != "" {
			t.Errorf("assigned (-want +got):\n%s", diff)
		}
		exposed := got[c.kind]
		if diff := cmp.Diff(promise(c.group), exposed.Exposure); diff != "" || exposed.Channel != engine.ChannelEmail {
			t.Errorf("%s by %q (-want +got):\n%s", c.kind, exposed.Channel, diff)
		}
		if started := got[engine.KindStarted].Exposure; started != nil {
			t.Errorf("a run that starts is no exposure: %+v", started)
		}
	}
	receipt := engine.Send{ID: "s", Transactional: true}
	if d := engine.OutcomeDecision(receipt, engine.Outcome{Status: engine.OutcomeAccepted}); d.Exposure != nil {
		t.Errorf("a transactional message is an exposure: %+v", d.Exposure)
	}
}
