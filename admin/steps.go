package admin

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/report"
	"homeroom/subjects"
)

// stepsBack is over how long runs are counted step by step.
const stepsBack = 30 * 24 * time.Hour

// RuleSteps count the runs of one rule, and AtStep what they did at one step of it.
type (
	RuleSteps = report.RuleSteps
	AtStep    = report.StepCounts
)

// StepCounts are what runs did at each step of each rule.
type StepCounts struct {
	Since time.Time                    `json:"since"`
	Rules map[string]*report.RuleSteps `json:"rules"`
	// Live are the runs that are under way now, by rule; nil: Temporal could not be asked.
	Live map[string]int64 `json:"live,omitempty"`
}

// Of returns the counts of a rule; it is never nil.
func (s StepCounts) Of(rule string) *report.RuleSteps {
	if counts := s.Rules[rule]; counts != nil {
		return counts
	}
	return &report.RuleSteps{NotBegun: map[string]int{}, Exited: map[string]int{}, Steps: map[string]*report.StepCounts{}}
}

// OnlyOf returns the counts without those of other rules.
func (s StepCounts) OnlyOf(rule string) StepCounts {
	s.Rules = map[string]*report.RuleSteps{rule: s.Of(rule)}
	return s
}

// StepCounts counts what was decided in the last 30 days, step by step. Steps are told apart by their names, whatever the revision.
func (i *Installation) StepCounts(ctx context.Context) (StepCounts, error) {
	since := i.opts.Now().UTC().Add(-stepsBack).Truncate(time.Second)
	counter := report.NewStepCounter()
	err := i.newReader(since, nil).ReadDecisions(ctx, subjects.AllDecisions, func(d *engine.Decision) {
		if !d.At.Before(since) {
			counter.Decision(d)
		}
	})
	if err != nil {
		return StepCounts{}, err
	}
	answer := StepCounts{Since: since, Rules: counter.Rules()}
	if live, err := i.LiveRuns(ctx); err == nil {
		answer.Live = live
	}
	return answer, nil
}

// ReasonCounts lists reasons with their counts, the most frequent first: "quiet_hours 12, cap 3".
func ReasonCounts(by map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(by[b], by[a]), strings.Compare(a, b))
	})
	for i, key := range keys {
		keys[i] = cmp.Or(key, "(none)") + " " + narrate.Thousands(by[key])
	}
	return strings.Join(keys, ", ")
}
