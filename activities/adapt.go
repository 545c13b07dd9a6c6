package activities

import (
	"context"
	"fmt"
	"time"

	"homeroom/engine"
	"homeroom/experiment"
	"homeroom/workflows"
)

// Weights keeps the weights of adaptive splits.
type Weights interface {
	// InForce returns the weights of a split that were in force at an instant; false: none followed outcomes.
	InForce(ctx context.Context, rule, split string, at time.Time) (engine.SplitWeights, bool, error)
}

// SplitOutcomes counts what came of the learners of a split, and keeps the weights that follow from it.
type SplitOutcomes interface {
	// Count returns the learners of each arm whose time for the goal is over at an instant, in the order of arms.
	Count(ctx context.Context, rule, split string, arms []string, at time.Time) ([]experiment.Group, error)
	// Add writes the next version of the weights, and returns which is the newest then.
	Add(ctx context.Context, next workflows.AdaptedSplit) (workflows.AdaptedSplit, error)
}

// AdaptSplits lets the weights of splits follow what their arms achieve.
type AdaptSplits struct {
	Rulesets Rulesets
	Outcomes SplitOutcomes
	Clock    Clock
}

// List returns the adaptive splits in force.
func (a *AdaptSplits) List(ctx context.Context) ([]workflows.AdaptiveSplit, error) {
	current, err := a.Rulesets.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the current rules: %w", err)
	}
	var found []workflows.AdaptiveSplit
	for _, rule := range current.Rules {
		for i := range rule.Program {
			sp := rule.Program[i].Split
			if sp == nil || sp.Adapt == nil {
				continue
			}
			one := workflows.AdaptiveSplit{
				Rule:  rule.Name,
				Split: sp.Name,
				Floor: sp.Adapt.Floor,
			}
			for _, arm := range sp.Arms {
				one.Arms = append(one.Arms, arm.Name)
			}
			found = append(found, one)
		}
	}
	return found, nil
}

// Adapt works the weights of one split out anew and writes them down. While nothing is known of any arm the weights of the rule hold, and the answer has no version.
func (a *AdaptSplits) Adapt(ctx context.Context, s workflows.AdaptiveSplit) (workflows.AdaptedSplit, error) {
	now := a.Clock.Now().UTC()
	groups, err := a.Outcomes.Count(ctx, s.Rule, s.Split, s.Arms, now)
	if err != nil {
		return workflows.AdaptedSplit{}, fmt.Errorf("counting what came of the arms of %s/%s: %w", s.Rule, s.Split, err)
	}
	next := workflows.AdaptedSplit{
		Rule:  s.Rule,
		Split: s.Split,
		From:  now,
	}
	known := 0
	for _, g := range groups {
		known += g.People
	}
	if known == 0 {
		return next, nil
	}
	for i, weight := range experiment.ArmWeights(groups, s.Floor/100) {
		next.Arms = append(next.Arms, workflows.AdaptedArm{
			Arm:     s.Arms[i],
			People:  groups[i].People,
			Reached: groups[i].Reached,
			Percent: 100 * weight,
		})
	}
	return a.Outcomes.Add(ctx, next)
}

// lookUpWeights returns how a step asks for the weights of an adaptive split. They are read when they are asked for, because few steps do. An error is kept in failed, and
// the step is then made again.
func (d *Decide) lookUpWeights(ctx context.Context, failed *error) engine.WeightsInForce {
	return func(rule, split string, at time.Time) (engine.SplitWeights, bool) {
		weights, known, err := d.o.Weights.InForce(ctx, rule, split, at)
		if err != nil {
			*failed = fmt.Errorf("reading the weights of %s/%s: %w", rule, split, err)
		}
		return weights, known
	}
}
