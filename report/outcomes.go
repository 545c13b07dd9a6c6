package report

import (
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/experiment"
)

// ArmOutcomes counts what came of the learners of a split whose time for the goal is over: what its weights follow. A learner counts with the first run of
// theirs that came to the split. Those who are held out do not count: they get nothing in any arm.
type ArmOutcomes struct {
	split     string
	entered   map[string]armEntry // by learner
	converted map[string]bool     // runs
}

// armEntry is how a learner came into a split.
type armEntry struct {
	run     string
	arm     string
	at      time.Time
	within  time.Duration
	treated bool
}

// NewArmOutcomes counts a split of a rule. It is to be given the decisions of that rule.
func NewArmOutcomes(split string) *ArmOutcomes {
	return &ArmOutcomes{
		split:     split,
		entered:   map[string]armEntry{},
		converted: map[string]bool{},
	}
}

// Decision takes a decision in, in any order and any number of times.
func (o *ArmOutcomes) Decision(d *engine.Decision) {
	if d.Kind == engine.KindConverted {
		o.converted[d.Run] = true
		return
	}
	split, arm, _ := strings.Cut(d.Arm, "=")
	if d.Kind != engine.KindAssigned || split != o.split || d.Exposure == nil || d.Exposure.Within <= 0 {
		return
	}
	if before, known := o.entered[d.Learner]; known && !d.At.Before(before.at) {
		return
	}
	o.entered[d.Learner] = armEntry{
		run:     d.Run,
		arm:     arm,
		at:      d.At,
		within:  time.Duration(d.Exposure.Within) * time.Second,
		treated: d.Exposure.Group == engine.GroupTreated,
	}
}

// Groups returns the learners of each arm whose time for the goal is over, in the order of arms.
func (o *ArmOutcomes) Groups(arms []string, now time.Time) []experiment.Group {
	groups := make([]experiment.Group, len(arms))
	for _, e := range o.entered {
		for i, arm := range arms {
			if e.arm != arm || !e.treated || e.at.Add(e.within).After(now) {
				continue
			}
			groups[i].People++
			if o.converted[e.run] {
				groups[i].Reached++
			}
		}
	}
	return groups
}
