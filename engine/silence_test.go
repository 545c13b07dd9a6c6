package engine

import (
	"testing"
	"time"
)

// TestARunThatComesBackToLifeHoldsTheNextSilenceBack: the run was over but for its message, and a silence of the same rule was
// found already, when the provider said "later": the rule has a live run again, and must not begin a second one.
func TestARunThatComesBackToLifeHoldsTheNextSilenceBack(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	rules := &Ruleset{
		Hash: "r1",
		Rules: []*Rule{{
			Name:    "quiet",
			When:    Trigger{Inactive: time.Hour, Platform: true},
			Again:   Again{Always: true},
			Program: []Instr{{Op: OpSend, Send: &SendStep{Message: "m"}}},
		}},
	}
	standing := &Standing{}
	standing.Platform.add(noon, time.Second)
	send := Send{ID: "s1", Rule: "quiet", Run: "run1", At: noon}
	state := State{
		Learner:           "u_1",
		Clock:             noon,
		Runs:              []Run{{ID: "run1", Rule: "quiet", Revision: "r1", Ended: true}},
		PendingDeliveries: []PendingDelivery{{Send: send}},
	}
	s := newStepper(Env{Current: rules, Revision: func(string) *Ruleset { return rules }, Standing: standing}, state, noon)
	if s.nextSilence() == nil {
		t.Fatal("no silence is armed beside a run that is over")
	}
	s.applyOutcome(&Outcome{SendID: "s1", Status: OutcomeRetry})
	if si := s.nextSilence(); si != nil {
		t.Errorf("a second run would begin at %s", si.due)
	}
}

// TestAPunctualSilenceIsNotStale: events may start nothing after a second, and a silence that is decided half a minute late still begins a run while half
// a minute counts as punctual. Later than that it does not.
func TestAPunctualSilenceIsNotStale(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	rules := &Ruleset{
		Hash:     "r1",
		Settings: Settings{MaxEventAge: time.Second},
		Rules: []*Rule{{
			Name:    "quiet",
			When:    Trigger{Inactive: time.Hour, Platform: true},
			Program: []Instr{{Op: OpSend, Send: &SendStep{Message: "m"}}},
		}},
	}
	for late, want := range map[time.Duration]Kind{0: KindStarted, 30 * time.Second: KindStarted, 2 * time.Minute: KindSkipped} {
		standing := &Standing{}
		standing.Platform.add(noon, time.Second)
		env := Env{
			Current:  rules,
			Revision: func(string) *Ruleset { return rules },
			Standing: standing,
			Grace:    time.Minute,
		}
		res := Step(env, State{Version: StateVersion, Learner: "u_1", Clock: noon}, nil, noon.Add(time.Hour+late))
		if len(res.Decisions) == 0 || res.Decisions[0].Kind != want {
			t.Errorf("%s late: %+v", late, res.Decisions)
		}
	}
}
