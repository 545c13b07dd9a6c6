package bench

import (
	"math"
	"slices"
	"testing"

	"homeroom/dev/campus"
	"homeroom/engine"
	"homeroom/rules"
)

// playModel plays a small campus under the example academy, changed.
func playModel(t *testing.T, change func(rs *engine.Ruleset)) *actionModel {
	t.Helper()
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	change(academy.Ruleset)
	academy.Ruleset.IndexInterest()
	m := newActionModel()
	load := campusLoad(campus.Options{Learners: 60, Days: 30, Seed: 1})
	if err := m.playLoad(academy.Ruleset, load, watchedAfter); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestActionsOfACampus: what a term takes of Temporal's actions. Whoever makes it dearer says why here; whoever makes it cheaper lowers the figure.
func TestActionsOfACampus(t *testing.T) {
	const budget = 557 // per 1,000 events, rounded; ADR 50 and docs/performance.md name it
	m := playModel(t, func(*engine.Ruleset) {})
	t.Log(m)
	if got := math.Round(m.perThousand()); got != budget {
		t.Errorf("%.0f actions per 1,000 events, not %d", got, budget)
	}
}

// TestWhatTriggersKnowSavesActions: conditions on counts that the triggers ask, and looks that nobody needs, save actions and no message.
func TestWhatTriggersKnowSavesActions(t *testing.T) {
	now := playModel(t, func(*engine.Ruleset) {})
	without := playModel(t, func(rs *engine.Ruleset) {
		for _, rule := range rs.Rules {
			rule.When.Match.Counts = nil
			rule.When.BeforeActivity = ""
		}
	})
	t.Logf("without: %v", without)
	if now.messages != without.messages || float64(now.countActions()) > 0.92*float64(without.countActions()) {
		t.Errorf("%d actions for %d messages, without %d for %d", now.countActions(), now.messages, without.countActions(), without.messages)
	}
}

// TestRiskTakesFewActions: the risk in force costs its own messages and a look at each learner now and then, not more.
func TestRiskTakesFewActions(t *testing.T) {
	with := playModel(t, func(*engine.Ruleset) {})
	without := playModel(t, func(rs *engine.Ruleset) {
		rs.Rules = slices.DeleteFunc(rs.Rules, func(r *engine.Rule) bool { return r.When.AtRisk > 0 })
	})
	t.Logf("without risk: %v", without)
	perMessage := float64(with.countActions()-without.countActions()) / float64(with.messages-without.messages)
	if with.messages <= without.messages || perMessage > 13 {
		t.Errorf("the risk's messages take %.1f actions each: %d actions for %d messages, without risk %d for %d",
			perMessage, with.countActions(), with.messages, without.countActions(), without.messages)
	}
}
