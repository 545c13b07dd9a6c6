package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"homeroom/experiment"
)

// Summary is what a report is made from: numbers that are sums over learners. What is counted of one learner never depends on another, so
// summaries of different learners add up, and those of some learners can be taken out again. It names rules, messages, channels and arms, and no
// learner.
type Summary struct {
	Rules      map[string]*RuleCounts // rules about which something was decided
	Cohorts    map[Segment]*Cohort
	Decided    map[int32]int // decisions by the hour, in hours since 1970
	Uncredited Uncredited
	Earned     int // certificates
	Deliveries int // reports of deliveries: without any, delivery is not known of any channel
}

// RuleCounts are the counts of a rule besides its experiment.
type RuleCounts struct {
	Counts    Rule // Reportable is counted as if deliveries were reported
	Decisions int  // records
	Both      int  // learners who were exposed in several groups
	Goals     int  // learners of whom a record has a goal, or does not say
	Signs     int  // learners of whom a record shows a goal or a holdout
}

// Segment says which people a cohort is of.
type Segment struct {
	Rule  string
	Part  part
	Name  string // of the message, channel or split
	Arm   string // of a split; empty: those who met the split
	Arms  string // of a split: the arms and their shares, as JSON
	Group group
	Terms terms
}

// part is what an exposure is looked at by.
type part uint8

const (
	partRule part = iota
	partMessage
	partChannel
	partSplit
)

// group is one side of an experiment.
type group uint8

const (
	groupTreated group = iota
	groupHoldout
	groupControl
	groupCount
)

// terms are the holdout, the control share and the time of the goal that were in force at an exposure.
type terms struct {
	Known            bool // false: the record does not say
	Holdout, Control float64
	Within           int64 // seconds; 0: no goal
}

// Cohort counts people. They are known by the hour in which they entered, so what depends on the time of the report can be worked out later.
type Cohort struct {
	Entered map[int32]int // in hours since 1970
	Reached map[int32]int // of those who entered in an hour, who reached the goal since
	Figures Figures
}

func newCohort() *Cohort {
	return &Cohort{
		Entered: map[int32]int{},
		Reached: map[int32]int{},
	}
}

// countReached returns how many of the people reached the goal.
func (c *Cohort) countReached() int {
	n := 0
	for _, reached := range c.Reached {
		n += reached
	}
	return n
}

// Figures count people of a cohort.
type Figures struct {
	Reporting  int // who were exposed through a channel that reports delivery
	Delivered  int // of these
	Guardrails Guardrails
	Follows    int // who were exposed to another message or channel of the rule before
	Met        int // a split
	Several    int // who met a split and took several arms
}

func (f *Figures) listFields() []*int {
	return append(f.Guardrails.listFields(), &f.Reporting, &f.Delivered, &f.Follows, &f.Met, &f.Several)
}

func (r *RuleCounts) listFields() []*int { return []*int{&r.Decisions, &r.Both, &r.Goals, &r.Signs} }

// NewSummary returns the summary of nobody.
func NewSummary() *Summary {
	return &Summary{
		Rules:   map[string]*RuleCounts{},
		Cohorts: map[Segment]*Cohort{},
		Decided: map[int32]int{},
	}
}

// Add adds the summary of other learners.
func (s *Summary) Add(o *Summary) { s.addSigned(o, 1) }

// Subtract takes learners out whose summary was added before.
func (s *Summary) Subtract(o *Summary) { s.addSigned(o, -1) }

func (s *Summary) addSigned(o *Summary, sign int) {
	for name, theirs := range o.Rules {
		ours := s.Rules[name]
		if ours == nil {
			ours = &RuleCounts{Counts: newRule(name)}
			s.Rules[name] = ours
		}
		ours.Counts.addCounts(&theirs.Counts, sign)
		combineFields(ours.listFields(), theirs.listFields(), sign)
		if ours.Decisions == 0 {
			delete(s.Rules, name)
		}
	}
	for segment, theirs := range o.Cohorts {
		ours := s.Cohorts[segment]
		if ours == nil {
			ours = newCohort()
			s.Cohorts[segment] = ours
		}
		combineCounts(ours.Entered, theirs.Entered, sign)
		combineCounts(ours.Reached, theirs.Reached, sign)
		combineFields(ours.Figures.listFields(), theirs.Figures.listFields(), sign)
		if len(ours.Entered) == 0 && ours.Figures == (Figures{}) {
			delete(s.Cohorts, segment)
		}
	}
	combineCounts(s.Decided, o.Decided, sign)
	combineFields(s.Uncredited.listFields(), o.Uncredited.listFields(), sign)
	s.Earned += sign * o.Earned
	s.Deliveries += sign * o.Deliveries
}

func combineFields(ours, theirs []*int, sign int) {
	for i, n := range ours {
		*n += sign * *theirs[i]
	}
}

// combineCounts keeps no zero, so that who was taken out leaves nothing.
func combineCounts[K comparable](ours, theirs map[K]int, sign int) {
	for key, n := range theirs {
		if ours[key] += sign * n; ours[key] == 0 {
			delete(ours, key)
		}
	}
}

// Report works out the report. Of the options, Method and Now matter.
func (s *Summary) Report(o Options) Report {
	now := o.Now
	for hour := range s.Decided {
		if at := hourStart(hour); at.After(now) {
			now = at
		}
	}
	experiments := s.makeExperiments(cmp.Or(o.Method, experiment.Sequential), now)
	report := Report{
		Rules:      []Rule{},
		Total:      newRule(""),
		Uncredited: s.Uncredited,
		Earned:     s.Earned,
	}
	for _, name := range slices.Sorted(maps.Keys(s.Rules)) {
		rule := s.Rules[name].Counts.cloneCounts()
		if s.Deliveries == 0 {
			rule.Reportable = 0
		}
		rule.Experiment = experiments[name]
		report.Total.addCounts(&rule, 1)
		report.Rules = append(report.Rules, rule)
	}
	markDiscoveries(report.Rules)
	return report
}

// hourOf returns the hour of an instant, in hours since 1970.
func hourOf(ms int64) int32 { return int32(ms / time.Hour.Milliseconds()) }

func hourStart(hour int32) time.Time { return time.Unix(int64(hour)*3600, 0).UTC() }
