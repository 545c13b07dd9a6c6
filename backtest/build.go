package backtest

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"homeroom/engine"
)

// Heading is what a Result says that is not counted: the range and what the draft edits. It needs both rulesets, and can be encoded.
type Heading struct {
	From            time.Time `json:"from"`
	Until           time.Time `json:"until"`
	AssumeReachable bool      `json:"assume_reachable"`
	SettingsChanged bool      `json:"settings_changed"`
	Before          string    `json:"before"` // hash of the ruleset in force
	After           string    `json:"after"`  // of the draft
	Edited          []Edit    `json:"edited"` // by rule
}

// Edit says what the draft does to a rule's own text.
type Edit struct {
	Rule   string     `json:"rule"`
	Status RuleStatus `json:"status"` // not RuleUnedited
}

// NewHeading returns the heading of a comparison whose range is set.
func NewHeading(opts *Options) Heading {
	before := opts.Before.Ruleset
	after := opts.After.Ruleset
	return Heading{
		From:            opts.Since.UTC(),
		Until:           opts.Until.UTC(),
		AssumeReachable: opts.AssumeReachable,
		SettingsChanged: !reflect.DeepEqual(before.Settings, after.Settings),
		Before:          before.Hash,
		After:           after.Hash,
		Edited:          listEdits(before, after),
	}
}

// listEdits returns the rules that the draft edits, sorted.
func listEdits(before, after *engine.Ruleset) []Edit {
	var edits []Edit
	for _, rules := range [][]*engine.Rule{before.Rules, after.Rules} {
		for _, rule := range rules {
			status := statusOf(before.Rule(rule.Name), after.Rule(rule.Name))
			if status != RuleUnedited {
				edits = append(edits, Edit{Rule: rule.Name, Status: status})
			}
		}
	}
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Compare(a.Rule, b.Rule) })
	return slices.Compact(edits) // an edited rule is on both sides
}

// Result makes the answer of what was counted over all learners.
func (h *Heading) Result(p *Partial) *Result {
	r := &Result{
		From:            h.From,
		Until:           h.Until,
		Days:            max(1, h.Until.Sub(h.From).Hours()/24),
		AssumeReachable: h.AssumeReachable,
		Events:          p.Events,
		Learners:        p.Learners,
		Affected:        p.Affected,
		SettingsChanged: h.SettingsChanged,
		Aliased:         p.Aliased,
		Rules:           []Rule{},
		Timelines:       p.Examples.timelines(),
		Unrendered:      []Unrendered{},
	}
	r.Before = p.Before.buildResult(h.Before, r.Days)
	r.After = p.After.buildResult(h.After, r.Days)
	for _, edit := range h.listRules(p) {
		rule := p.buildRule(edit.Rule, edit.Status, r.Days)
		r.Changes += rule.Changes()
		r.Rules = append(r.Rules, rule)
	}
	slices.SortStableFunc(r.Rules, func(a, b Rule) int { return cmp.Compare(a.lookOrder(), b.lookOrder()) })
	rendered, failed := p.Before.Rendered.listUnrendered("before")
	r.Rendered += rendered
	r.Unrendered = append(r.Unrendered, failed...)
	rendered, failed = p.After.Rendered.listUnrendered("after")
	r.Rendered += rendered
	r.Unrendered = append(r.Unrendered, failed...)
	return r
}

// listRules returns the rules that sent something or that the draft edits, sorted.
func (h *Heading) listRules(p *Partial) []Edit {
	all := slices.Clone(h.Edited)
	//workflowcheck:ignore What is found is sorted.
	for name := range p.Rules {
		isEdited := slices.ContainsFunc(h.Edited, func(e Edit) bool { return e.Rule == name })
		if !isEdited {
			all = append(all, Edit{Rule: name, Status: RuleUnedited})
		}
	}
	slices.SortFunc(all, func(a, b Edit) int { return cmp.Compare(a.Rule, b.Rule) })
	return all
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

func (p *Partial) buildRule(name string, status RuleStatus, days float64) Rule {
	rule := Rule{Rule: name, Status: status, Messages: []Message{}}
	//workflowcheck:ignore What is found is sorted, and sums do not depend on the order.
	for message, counts := range p.Rules[name] {
		rule.add(counts)
		rule.Messages = append(rule.Messages, Message{Message: message, Counts: *counts})
	}
	slices.SortFunc(rule.Messages, func(a, b Message) int { return cmp.Compare(a.Message, b.Message) })
	rule.KnockOn = status == RuleUnedited && rule.Changes() > 0
	rule.PerDayBefore = float64(rule.Before) / days
	rule.PerDayAfter = float64(rule.After) / days
	return rule
}

func (s *sideCounts) buildResult(hash string, days float64) Side {
	return Side{
		Ruleset:            hash,
		Messages:           s.Messages,
		PerDay:             float64(s.Messages) / days,
		BusiestDay:         s.busiestDay(),
		BusiestHour:        s.busiestHour(),
		PerLearnerMonth:    s.Months.buildResult(),
		InQuietHours:       s.InQuiet,
		PutOffByQuietHours: s.Deferred[engine.ReasonQuietHours],
		PutOffByCaps:       s.Deferred[engine.ReasonCap],
		StoppedByCaps:      s.Skipped[engine.ReasonCap],
		StoppedByQuiet:     s.Skipped[engine.ReasonQuietHours],
		StoppedByBackOff:   s.Skipped[engine.ReasonIgnored],
		Withheld:           s.Withheld,
		Unreadable:         s.Unreadable,
	}
}
