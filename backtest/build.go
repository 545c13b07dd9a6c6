package backtest

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"homeroom/engine"
)

// buildResult makes the answer of what was counted.
func (t *tally) buildResult(opts *Options, events int64) *Result {
	before := opts.Before.Ruleset
	after := opts.After.Ruleset
	r := &Result{
		From:            opts.Since.UTC(),
		Until:           opts.Until.UTC(),
		Days:            max(1, opts.Until.Sub(opts.Since).Hours()/24),
		AssumeReachable: opts.AssumeReachable,
		Events:          events,
		Learners:        t.learners,
		Affected:        t.affected,
		SettingsChanged: !reflect.DeepEqual(before.Settings, after.Settings),
		Rules:           []Rule{},
		Timelines:       t.examples.timelines(),
		Unrendered:      []Unrendered{},
	}
	r.Before = t.before.buildResult(before, r.Days)
	r.After = t.after.buildResult(after, r.Days)
	for _, name := range ruleNames(before, after, t.rules) {
		rule := t.buildRule(name, statusOf(before.Rule(name), after.Rule(name)), r.Days)
		r.Changes += rule.Changes()
		r.Rules = append(r.Rules, rule)
	}
	slices.SortStableFunc(r.Rules, func(a, b Rule) int { return cmp.Compare(a.lookOrder(), b.lookOrder()) })
	for _, side := range []struct {
		name  string
		rules *Rules
		tally *sideTally
	}{{"before", &opts.Before, t.before}, {"after", &opts.After, t.after}} {
		if side.rules.Render == nil {
			continue
		}
		rendered, failed := side.tally.shapes.renderSamples(side.name, side.rules.Render)
		r.Rendered += rendered
		r.Unrendered = append(r.Unrendered, failed...)
	}
	return r
}

// ruleNames returns the rules that sent something or that the draft edits, sorted.
func ruleNames(before, after *engine.Ruleset, sent map[string]map[string]*Counts) []string {
	names := map[string]bool{}
	for name := range sent {
		names[name] = true
	}
	for _, rules := range [][]*engine.Rule{before.Rules, after.Rules} {
		for _, rule := range rules {
			if statusOf(before.Rule(rule.Name), after.Rule(rule.Name)) != RuleUnedited {
				names[rule.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// lookOrder orders rules by what there is to look at: what somebody edited, what changes all the same, the rest.
func (r *Rule) lookOrder() int {
	switch {
	case r.Status != RuleUnedited:
		return 0
	case r.KnockOn:
		return 1
	}
	return 2
}

func statusOf(before, after *engine.Rule) RuleStatus {
	switch {
	case before == nil:
		return RuleAdded
	case after == nil:
		return RuleRemoved
	case before.Hash != after.Hash:
		return RuleEdited
	}
	return RuleUnedited
}

func (t *tally) buildRule(name string, status RuleStatus, days float64) Rule {
	rule := Rule{Rule: name, Status: status, Messages: []Message{}}
	messages := t.rules[name]
	for _, message := range slices.Sorted(maps.Keys(messages)) {
		rule.add(messages[message])
		rule.Messages = append(rule.Messages, Message{Message: message, Counts: *messages[message]})
	}
	rule.KnockOn = status == RuleUnedited && rule.Changes() > 0
	rule.PerDayBefore = float64(rule.Before) / days
	rule.PerDayAfter = float64(rule.After) / days
	return rule
}

func (s *sideTally) buildResult(rules *engine.Ruleset, days float64) Side {
	return Side{
		Ruleset:            rules.Hash,
		Messages:           s.messages,
		PerDay:             float64(s.messages) / days,
		BusiestDay:         s.busiestDay(),
		BusiestHour:        s.busiestHour(),
		PerLearnerMonth:    s.months.buildResult(),
		InQuietHours:       s.inQuiet,
		PutOffByQuietHours: s.deferred[engine.ReasonQuietHours],
		PutOffByCaps:       s.deferred[engine.ReasonCap],
		StoppedByCaps:      s.skipped[engine.ReasonCap],
		StoppedByQuiet:     s.skipped[engine.ReasonQuietHours],
		StoppedByBackOff:   s.skipped[engine.ReasonIgnored],
		Withheld:           s.withheld,
		Unreadable:         s.unreadable,
	}
}
