package publish

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/converter"

	"homeroom/engine"
	"homeroom/workflows"
)

// Querier is the part of client.Client that looking at live runs needs.
type Querier interface {
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
}

// Migrations say what a publication that migrates would do to the live runs it touches.
type Migrations struct {
	Rules      []RuleMigration `json:"rules"`                // by name; without those that have no live run
	Asked      int             `json:"asked"`                // learners whose workflow answered
	Unanswered int             `json:"unanswered,omitempty"` // whose workflow did not answer
	NotAsked   int             `json:"not_asked,omitempty"`  // learners above the limit, or left out because the time was over or no workflow answered
}

// RuleMigration is what it would do to the runs of one rule.
type RuleMigration struct {
	Rule  string     `json:"rule"`
	Moves int        `json:"moves"` // runs that go on at the step with the same id
	Ends  int        `json:"ends"`  // runs that leave with exited: migrated_away
	Gone  []GoneStep `json:"gone,omitempty"`
	// Numbered says that runs stand at steps without an id of their own, which go by their number.
	Numbered bool `json:"numbered,omitempty"`
}

// GoneStep is a step where runs stand that would end.
type GoneStep struct {
	Step    string                  `json:"step,omitempty"` // id or number; empty: not known
	Outcome engine.MigrationOutcome `json:"why"`
	Now     engine.Op               `json:"now,omitempty"` // what the step with this id is now
	Runs    int                     `json:"runs"`
}

const (
	maxAsked     = 500              // learners who are looked at
	askedAtOnce  = 8                // of them at a time
	askingTime   = 5 * time.Second  // for one
	allAskedTime = 30 * time.Second // for all
)

// CountMigrations looks at the live runs that the plan touches, of at most 500 learners. A workflow that does not answer is counted; if the
// first do not, nobody else is asked.
func (p *Publisher) CountMigrations(ctx context.Context, plan *Plan, querier Querier) (Migrations, error) {
	var learners []string
	known := map[string]bool{}
	s := p.newSweep(plan, nil)
	err := s.listTouched(ctx, func(_ context.Context, learner string) error {
		if !known[learner] {
			known[learner] = true
			learners = append(learners, learner)
		}
		return nil
	})
	if err != nil {
		return Migrations{}, err
	}
	found := Migrations{Rules: []RuleMigration{}, NotAsked: max(0, len(learners)-maxAsked)}
	learners = learners[:len(learners)-found.NotAsked]
	states := askStates(ctx, querier, learners, &found)
	revisions := map[string]*engine.Ruleset{plan.Academy.Ruleset.Hash: plan.Academy.Ruleset}
	var problem error
	revision := func(hash string) *engine.Ruleset {
		if _, looked := revisions[hash]; !looked {
			revisions[hash] = nil
			academy, err := p.Academy(ctx, hash)
			if academy != nil {
				revisions[hash] = academy.Ruleset
			}
			problem = cmp.Or(problem, err)
		}
		return revisions[hash]
	}
	rules := map[string]*RuleMigration{}
	for i := range states {
		for _, m := range engine.PreviewMigration(&states[i], plan.Academy.Ruleset, revision) {
			if slices.Contains(plan.Touched, m.Rule) {
				countMigration(rules, m)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		found.Rules = append(found.Rules, *rules[name])
	}
	return found, problem
}

// askStates returns the states of the learners whose workflows answer, and counts them.
func askStates(ctx context.Context, querier Querier, learners []string, found *Migrations) []engine.State {
	ctx, cancel := context.WithTimeout(ctx, allAskedTime)
	defer cancel()
	var states []engine.State
	for batch := range slices.Chunk(learners, askedAtOnce) {
		if found.Unanswered > 0 && len(states) == 0 || ctx.Err() != nil {
			found.NotAsked += len(batch)
			continue
		}
		answers := make([]*engine.State, len(batch))
		var asking sync.WaitGroup
		for i, learner := range batch {
			asking.Go(func() { answers[i] = askState(ctx, querier, learner) })
		}
		asking.Wait()
		for _, st := range answers {
			if st == nil {
				found.Unanswered++
				continue
			}
			found.Asked++
			states = append(states, *st)
		}
	}
	return states
}

// askState returns a learner's state, or nil if the workflow does not answer.
func askState(ctx context.Context, querier Querier, learner string) *engine.State {
	ctx, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	answer, err := querier.QueryWorkflow(ctx, workflows.WorkflowID(learner), "", workflows.QueryState)
	if err != nil {
		return nil
	}
	var st engine.State
	if answer.Get(&st) != nil {
		return nil
	}
	return &st
}

func countMigration(rules map[string]*RuleMigration, m engine.Migration) {
	rule := rules[m.Rule]
	if rule == nil {
		rule = &RuleMigration{Rule: m.Rule}
		rules[m.Rule] = rule
	}
	if m.Step != "" && m.Step[0] >= '0' && m.Step[0] <= '9' {
		rule.Numbered = true
	}
	if m.Outcome == engine.MigrationMoves {
		rule.Moves++
		return
	}
	rule.Ends++
	for i := range rule.Gone {
		if g := &rule.Gone[i]; g.Step == m.Step && g.Outcome == m.Outcome {
			g.Runs++
			return
		}
	}
	rule.Gone = append(rule.Gone, GoneStep{
		Step:    m.Step,
		Outcome: m.Outcome,
		Now:     m.Now,
		Runs:    1,
	})
	slices.SortFunc(rule.Gone, func(a, b GoneStep) int { return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Outcome, b.Outcome)) })
}
