package simulate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/profile"
	"homeroom/simulate"
)

// traitRules note that a learner failed, and write when that is noted.
func traitRules() *engine.Ruleset {
	rs := ruleset()
	rs.Rules = []*engine.Rule{
		{
			Name:  "fails",
			When:  engine.Trigger{Match: engine.Match{Event: "assessment.graded"}},
			Again: engine.Again{Always: true},
			Program: []engine.Instr{
				{Op: engine.OpSet, ID: "1", Traits: []engine.TraitValue{{Name: "struggles", Value: true}}},
			},
		},
		{
			Name:  "help",
			When:  engine.Trigger{Match: engine.Match{Event: engine.EventTraitSet}},
			Again: engine.Again{Always: true},
			Program: []engine.Instr{
				{Op: engine.OpWait, ID: "1", Dur: time.Hour},
				{Op: engine.OpSend, ID: "2", Send: &engine.SendStep{Message: "help", Channel: "email"}},
			},
		},
	}
	return rs
}

// TestWhatRulesSetComesBack: at the same instant, once; what a recording has of it is set anew, and a trait that the platform says begins a rule, too.
func TestWhatRulesSetComesBack(t *testing.T) {
	in := line("e1", "ada", "assessment.graded", "2026-03-02T08:00:00Z", `"assessment_id":"q1"`) +
		line("set-1", "ada", engine.EventTraitSet, "2026-03-02T08:00:00Z", `"trait":"struggles","value":true,"rule":"fails","chain":1`) +
		line("set-2", "bob", engine.EventTraitSet, "2026-03-02T08:00:00Z", `"trait":"struggles","value":true,"rule":"gone","chain":1`) +
		line("e2", "cem", engine.EventTraitSet, "2026-03-02T08:30:00Z", `"trait":"struggles","value":true`) +
		line("e3", "ada", "assessment.graded", "2026-03-03T08:00:00Z", `"assessment_id":"q2"`)
	for _, workers := range []int{1, 3} {
		res, err := simulate.Run(context.Background(), strings.NewReader(in), simulate.Options{
			Ruleset:         traitRules(),
			Decoder:         jsonDecoder{},
			AssumeReachable: true,
			Workers:         workers,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := strings.TrimLeft(`
2026-03-02 08:00:00  ada  started    fails      assessment.graded
2026-03-02 08:00:00  ada  set        struggles  fails · struggles = true
2026-03-02 08:00:00  ada  started    help       learner.trait_set
2026-03-02 08:30:00  cem  started    help       learner.trait_set
2026-03-02 09:00:00  ada  sent       help
2026-03-02 09:30:00  cem  sent       help
2026-03-03 08:00:00  ada  started    fails      assessment.graded
2026-03-03 08:00:00  ada  skipped    fails      already_set · struggles = true
`, "\n")
		if got := timeline(t, res.Decisions); got != want {
			t.Errorf("%d workers:\n%s\nwant\n%s", workers, got, want)
		}
		if n := res.Summary.Set["struggles"]; n != 1 || res.Summary.Events != 5 {
			t.Errorf("set %d times, %d events", n, res.Summary.Events)
		}
	}
}

// TestARuleThatWaitsForATraitSaysSo: that nothing was set, or that what was set began no run.
func TestARuleThatWaitsForATraitSaysSo(t *testing.T) {
	never := func(rs *engine.Ruleset) string {
		res, err := simulate.Run(context.Background(), strings.NewReader(line("e1", "ada", "assessment.graded", "2026-03-02T08:00:00Z", `"assessment_id":"q1"`)), simulate.Options{
			Ruleset: rs,
			Decoder: jsonDecoder{},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range res.Unstarted {
			if u.Rule == "help" {
				return u.Why
			}
		}
		return ""
	}
	rs := traitRules()
	rs.Rules[1].Per = []string{"course_id"}
	if why := never(rs); !strings.Contains(why, "learner.trait_set came 1 time, but started no run") {
		t.Errorf("%q", why)
	}
	rs = traitRules()
	rs.Rules = rs.Rules[1:]
	if why := never(rs); why != "no event learner.trait_set" {
		t.Errorf("%q", why)
	}
}

// dateOfTrait is the instant that a rule has set; none before.
type dateOfTrait struct{}

func (dateOfTrait) Source() string { return "timestamp(learner.traits.exam_at)" }

func (dateOfTrait) Eval(v *engine.Vars) (any, error) {
	text, _ := v.Learner.Traits["exam_at"].(string)
	return time.Parse(time.RFC3339, text)
}

// TestADateThatARuleSets: what falls due is looked at anew after a rule has set a trait, although the step that hears of it follows at the same instant.
func TestADateThatARuleSets(t *testing.T) {
	rs := ruleset()
	rs.Settings.Patience = time.Hour
	rs.Rules = []*engine.Rule{
		{
			Name: "before-exam",
			When: engine.Trigger{Platform: true, Date: dateOfTrait{}},
			Program: []engine.Instr{
				{Op: engine.OpSend, ID: "1", Send: &engine.SendStep{Message: "good-luck", Channel: "email"}},
			},
		},
		{
			Name: "enrolled",
			When: engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
			Program: []engine.Instr{
				{Op: engine.OpSet, ID: "1", Traits: []engine.TraitValue{{Name: "exam_at", Value: "2026-03-05T09:00:00Z"}}},
				{Op: engine.OpSend, ID: "2", Send: &engine.SendStep{Message: "welcome", Channel: "email"}},
			},
		},
	}
	res, err := simulate.Run(context.Background(), strings.NewReader(line("e1", "ada", "enrollment.created", "2026-03-02T08:00:00Z", `"course_id":"go"`)), simulate.Options{
		Ruleset:         rs,
		Decoder:         jsonDecoder{},
		AssumeReachable: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := res.Summary.Sent["good-luck"]; n != 1 {
		t.Errorf("the date that was set brought %d messages:\n%s", n, timeline(t, res.Decisions))
	}
}

// TestATraitThatTheProfileRefuses: the decision and its event stand, rules begin by it, and conditions see the value for a day; then the learner does not have the trait, and it
// is set again.
func TestATraitThatTheProfileRefuses(t *testing.T) {
	full := map[string]any{}
	for n := range profile.MaxTraits {
		full[fmt.Sprintf("trait_%02d", n)] = n
	}
	said, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	in := fmt.Sprintf(`{"id":"e1","learner_id":"ada","event":"profile.updated","time":"2026-03-02T07:00:00Z","traits":%s}`+"\n", said) +
		line("e2", "ada", "assessment.graded", "2026-03-02T08:00:00Z", `"assessment_id":"q1"`) +
		line("e3", "ada", "assessment.graded", "2026-03-02T20:00:00Z", `"assessment_id":"q2"`) +
		line("e4", "ada", "assessment.graded", "2026-03-03T20:30:00Z", `"assessment_id":"q3"`)
	res, err := simulate.Run(context.Background(), strings.NewReader(in), simulate.Options{
		Ruleset:         traitRules(),
		Decoder:         jsonDecoder{},
		AssumeReachable: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimLeft(`
2026-03-02 08:00:00  ada  started    fails      assessment.graded
2026-03-02 08:00:00  ada  set        struggles  fails · struggles = true
2026-03-02 08:00:00  ada  started    help       learner.trait_set
2026-03-02 09:00:00  ada  sent       help
2026-03-02 20:00:00  ada  started    fails      assessment.graded
2026-03-02 20:00:00  ada  skipped    fails      already_set · struggles = true
2026-03-03 20:30:00  ada  started    fails      assessment.graded
2026-03-03 20:30:00  ada  set        struggles  fails · struggles = true
2026-03-03 20:30:00  ada  started    help       learner.trait_set
2026-03-03 21:30:00  ada  sent       help
`, "\n")
	if got := timeline(t, res.Decisions); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
