package engine_test

import (
	"testing"
	"time"

	"homeroom/engine"
)

// tellStaff is a rule about plagiarism of which staff hear.
func tellStaff(per ...string) *engine.Ruleset {
	step := send("1", "copied")
	step.Send.Staff = "moderators"
	step.Send.Transactional = true
	match := engine.Match{Event: "plagiarism.detected"}
	return &engine.Ruleset{
		Hash: "h",
		Keys: map[string][]string{"plagiarism.detected": {"assignment_id"}},
		Rules: []*engine.Rule{
			{Name: "learners", When: engine.Trigger{Match: match}, Program: []engine.Instr{send("1", "hello")}},
			{Name: "staff", When: engine.Trigger{Match: match, Staff: true}, Per: per, Program: []engine.Instr{step}},
		},
	}
}

func stepCopied(rs *engine.Ruleset, learner, id string) engine.Result {
	ev := engine.Event{ID: id, Name: "plagiarism.detected", Time: monday, Properties: map[string]any{"assignment_id": "as_1"}}
	return engine.Step(engine.Env{Current: rs, Grace: time.Minute}, engine.State{Learner: learner}, []engine.Input{{Event: &ev}}, monday)
}

// An event without a learner begins only rules of which staff hear, without an address or a profile, and a learner's event only the others.
func TestWhichRulesAnEventOfNobodyBegins(t *testing.T) {
	rs := tellStaff()
	nobody := stepCopied(rs, engine.NoLearner, "e1")
	if len(nobody.Effects) != 1 || nobody.Effects[0].Send.Rule != "staff" || nobody.Effects[0].Send.Staff != "moderators" || len(nobody.State.PastSends) != 0 {
		t.Fatalf("for staff: %+v, remembered %+v", nobody.Effects, nobody.State.PastSends)
	}
	for _, d := range stepCopied(rs, "u1", "e1").Decisions {
		if d.Rule != "learners" {
			t.Errorf("a learner's event began %s: %+v", d.Rule, d)
		}
	}
	outcome := engine.Outcome{SendID: nobody.Effects[0].Send.ID, Status: engine.OutcomeAccepted}
	after := engine.Step(engine.Env{Current: rs, Grace: time.Minute}, nobody.State, []engine.Input{{Outcome: &outcome}}, monday)
	if !after.State.IsOver() {
		t.Errorf("something is left: %+v", after.State)
	}
}

// With per, the id of a message to staff is that of what it is about, so that the ledger lets it go once; without, each event has its own.
func TestStaffHearOncePerValue(t *testing.T) {
	for _, c := range []struct {
		per  []string
		same bool
	}{{nil, false}, {[]string{"assignment_id"}, true}} {
		rs := tellStaff(c.per...)
		first := stepCopied(rs, engine.NoLearner, "e1").Effects[0].Send
		second := stepCopied(rs, engine.NoLearner, "e2").Effects[0].Send
		if (first.ID == second.ID) != c.same || first.Run == second.Run {
			t.Errorf("per %v: the ids are %s and %s, the runs %s and %s", c.per, first.ID, second.ID, first.Run, second.Run)
		}
		if out := engine.HeardBefore(&second); engine.OutcomeDecision(second, out).Kind != engine.KindSkipped {
			t.Errorf("what they heard before is %+v", out)
		}
	}
}
