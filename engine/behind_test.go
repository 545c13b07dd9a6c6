package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"homeroom/engine"
)

// stormRules are those of the drill `storm`: a failed quiz brings a mail at once and another after two seconds.
func stormRules(t *testing.T) *engine.Ruleset {
	rs := ruleset(t)
	for name, program := range map[string][]engine.Instr{
		"again": {send("1", "again")},
		"later": {wait("1", 2*time.Second), send("2", "later")},
	} {
		rs.Rules = append(rs.Rules, &engine.Rule{
			Name:    name,
			When:    engine.Trigger{Match: engine.Match{Event: "assessment.graded", If: failed}},
			Per:     []string{"assessment_id"},
			Again:   engine.Again{Always: true},
			Program: program,
		})
	}
	return rs
}

// storm is many new learners whose events are stored within two seconds and handed over, evenly, in as long as `lasts`.
type storm struct {
	learners int
	lasts    time.Duration
}

// mark returns up to where the stream has been handed over, so long after the storm began.
func (s storm) mark(began time.Time, after time.Duration) time.Time {
	if after >= s.lasts {
		return began.Add(after)
	}
	return began.Add(2 * time.Second * after / s.lasts)
}

// stormLearner is what became of a learner of a storm.
type stormLearner struct {
	decisions []engine.Decision
	// overdue are the runs that were found waiting for the stream when they had been due for longer than Grace: each left a decision of its own once.
	overdue map[string]bool
}

// play lives one learner's storm: from the event's arrival until every mail is out.
func (s storm) play(t *testing.T, rs *engine.Ruleset, i int) stormLearner {
	t.Helper()
	began := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	after := s.lasts * time.Duration(i) / time.Duration(s.learners)
	stored := s.mark(began, after)
	h := newHost(t)
	h.env.Current = rs
	inputs := []engine.Input{{Event: &engine.Event{
		ID:         "e1",
		Name:       "assessment.graded",
		Learner:    fmt.Sprintf("u%d", i),
		Time:       stored,
		StoredAt:   stored,
		Properties: map[string]any{"assessment_id": "q1", "passed": false},
	}}}
	overdue := map[string]bool{}
	for steps := 0; len(inputs) > 0 || !h.wake.IsZero(); steps++ {
		if steps > 1000 {
			t.Fatalf("learner %d wakes without end", i)
		}
		now := began.Add(after)
		h.env.Watermark = s.mark(began, after)
		h.step(inputs, now)
		inputs = nil
		for _, run := range h.state.Runs {
			if !run.Ended && !run.Due.IsZero() && now.Sub(run.Due) > h.env.Grace {
				overdue[run.ID] = true
			}
		}
		// As package activities does: while the stream lags, learners are looked at less often.
		after = max(h.wake.Sub(began), after+min(now.Sub(h.env.Watermark)/4, time.Minute))
	}
	return stormLearner{decisions: h.decisions, overdue: overdue}
}

// TestAStormLeavesHalfAsManyDeferrals counts the decisions `deferred: behind` of storms, and the runs that were overdue.
func TestAStormLeavesHalfAsManyDeferrals(t *testing.T) {
	rs := stormRules(t)
	for _, lasts := range []time.Duration{50 * time.Second, 90 * time.Second, 2 * time.Minute, 5 * time.Minute, 20 * time.Minute} {
		t.Run(lasts.String(), func(t *testing.T) {
			s := storm{learners: 200, lasts: lasts}
			before := 0
			after := 0
			for i := range s.learners {
				learner := s.play(t, rs, i)
				before += len(learner.overdue)
				sent := 0
				for _, d := range learner.decisions {
					switch {
					case d.Kind == engine.KindSent:
						sent++
					case d.Reason == engine.ReasonBehind:
						after++
						for one := range d.PerRun() {
							if !learner.overdue[one.Run] {
								t.Errorf("learner %d: the run of %s is said to have waited, and did not", i, one.Rule)
							}
						}
					}
				}
				if sent != 2 {
					t.Errorf("learner %d got %d mails, want 2", i, sent)
				}
			}
			t.Logf("a storm of %s: %d deferrals; one for each run that is overdue would be %d", lasts, after, before)
			if 2*after > before {
				t.Errorf("%d deferrals, more than half of %d", after, before)
			}
		})
	}
}

// TestADeferralOfSeveralRunsTellsOfEach: what is recorded says of every run what a decision of its own would.
func TestADeferralOfSeveralRunsTellsOfEach(t *testing.T) {
	learner := storm{learners: 10, lasts: 20 * time.Minute}.play(t, stormRules(t), 5)
	var deferral *engine.Decision
	for i := range learner.decisions {
		if d := &learner.decisions[i]; d.Reason == engine.ReasonBehind {
			if deferral != nil {
				t.Fatalf("a second deferral: %+v", d)
			}
			deferral = d
		}
	}
	if deferral == nil {
		t.Fatal("no deferral")
	}
	raw, err := json.Marshal(deferral)
	if err != nil {
		t.Fatal(err)
	}
	var read engine.Decision
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{deferral.ID: true}
	messages := map[string]string{}
	for one := range read.PerRun() {
		ids[one.ID] = true
		messages[one.Rule] = one.Message
		if one.Run == "" || one.Scope != "assessment_id=q1" || one.Learner != "u5" || one.Until.IsZero() || one.Runs != nil {
			t.Errorf("it says %+v", one)
		}
	}
	if want := map[string]string{"again": "again", "later": "later"}; !maps.Equal(messages, want) {
		t.Errorf("it tells of %v, want %v", messages, want)
	}
	if len(ids) != 3 {
		t.Errorf("%d ids, want one for the decision and one for each run", len(ids))
	}
	empty := engine.Decision{ID: "d1", Runs: &[]engine.DecidedRun{}}
	for one := range empty.PerRun() {
		if one.ID != "d1" {
			t.Errorf("a record whose list of runs is empty: %+v", one)
		}
	}
}
