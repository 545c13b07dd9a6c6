package report

import (
	"time"

	"homeroom/experiment"
)

// Experiment compares the people of a rule by intention to treat: a learner enters at the first exposure (a message that was sent, withheld,
// uncertain or failed) and stays in that group, whatever becomes of the message or the run. The goal counts if the entering run reached it
// in time.
//
// The counts are all that the other fields follow from; see [Experiment.Judge].
type Experiment struct {
	Treated Side `json:"treated"`
	Holdout Side `json:"holdout"`
	Control Side `json:"control"` // of all rules; compared with nobody
	// InBothGroups are learners exposed in more than one group, because a share was changed. They are left out.
	InBothGroups  int       `json:"in_both_groups"`
	First         time.Time `json:"first"`                    // the hour in which the first learner entered
	Last          time.Time `json:"last"`                     // the hour in which the last one did
	WithinSeconds int64     `json:"within_seconds,omitempty"` // of the newest exposure; 0: there is no goal, or the records do not say
	NoGoal        bool      `json:"no_goal,omitempty"`        // the records say that there is none

	Days         float64              `json:"days"`           // since First
	SampleRatioP float64              `json:"sample_ratio_p"` // that the groups have the sizes promised; 1: nothing was promised
	Judgement    experiment.Judgement `json:"judgement"`      // treated against holdout
	Discovery    bool                 `json:"discovery"`      // among the rules of the report, by Benjamini and Hochberg at 5 %

	Weeks    []Week  `json:"weeks,omitempty"`    // of treated and holdout, from the first on; empty: nobody is held out
	Splits   []Split `json:"splits,omitempty"`   // by name
	Messages []Part  `json:"messages,omitempty"` // by name
	Channels []Part  `json:"channels,omitempty"` // by name
}

// Side is one group of people.
type Side struct {
	People     int        `json:"people"`
	Reached    int        `json:"reached"`             // the goal
	Delivered  *int       `json:"delivered,omitempty"` // people to whom something was delivered; nil: no channel of theirs reports it
	Open       int        `json:"open"`                // people in whose window the goal may still come, as if they had entered at the end of their hour
	Guardrails Guardrails `json:"guardrails"`
	// Known are the people whose records say which shares were in force when they entered, and Promised is how many of all sides' known people
	// these shares promised to this side. Older records say nothing.
	Known    int     `json:"known"`
	Promised float64 `json:"promised"`
	// Weighted is what the people of an arm count for whose shares were not always the same; nil: each counts for one. Rates and intervals go by it.
	Weighted *experiment.Weighted `json:"weighted,omitempty"`
}

// Guardrails count people of whom it happened within the goal's time after they entered, or within [GuardrailDays] without one, by whichever
// message.
type Guardrails struct {
	Unsubscribed int `json:"unsubscribed"`
	Complained   int `json:"complained"`
	Bounced      int `json:"bounced"`
	BackedOff    int `json:"backed_off"` // a message was not sent because they had answered none of the last ones
}

func (g *Guardrails) listFields() []*int {
	return []*int{&g.Unsubscribed, &g.Complained, &g.Bounced, &g.BackedOff}
}

// GuardrailDays is for how many days after entering guardrails are watched where a rule has no goal.
const GuardrailDays = 30

// Group returns the side as formulas take it.
func (s *Side) Group() experiment.Group {
	return experiment.Group{
		People:   s.People,
		Reached:  s.Reached,
		Weighted: s.Weighted,
	}
}

// Split compares the arms of a split. A learner enters when a run of theirs takes its first arm. Only learners are compared who are not held
// out.
type Split struct {
	Name         string    `json:"name"`
	Reference    string    `json:"reference"` // the arm that the others are compared with: one that sends nothing, else the first by name
	Arms         []Arm     `json:"arms"`      // by name
	InSeveral    int       `json:"in_several_arms"`
	Weighted     bool      `json:"weighted,omitempty"` // shares changed, and each learner counts by the inverse of theirs
	First        time.Time `json:"first"`
	Days         float64   `json:"days"`
	SampleRatioP float64   `json:"sample_ratio_p"`
}

// Arm is one arm of a split.
type Arm struct {
	Name  string `json:"name"`
	Sends bool   `json:"sends"` // false: it has no message of its own
	Side
	Judgement *experiment.Judgement `json:"judgement,omitempty"` // against the reference; nil: it is the reference
}

// Part compares people at one message or one channel of a rule. They enter at their first exposure to it.
type Part struct {
	Name    string    `json:"name"`
	Treated Side      `json:"treated"`
	Holdout Side      `json:"holdout"`
	First   time.Time `json:"first"`
	// Follows says that some of them had been exposed to another message or channel of the rule before: who comes this far depends on that, so
	// the difference is an observation and no experiment.
	Follows   bool                 `json:"follows"`
	Judgement experiment.Judgement `json:"judgement"`
}

// Judge works out everything that follows from the counts, at the given time.
func (e *Experiment) Judge(method experiment.Method, now time.Time) {
	e.Days = daysSince(e.First, now)
	e.SampleRatioP = ratioOf(&e.Treated, &e.Holdout, &e.Control)
	e.Judgement = e.judgePair(&e.Treated, &e.Holdout, method, e.Days, e.SampleRatioP)
	e.judgeWeeks()
	for i := range e.Splits {
		e.judgeSplit(&e.Splits[i], method, now)
	}
	for _, parts := range [][]Part{e.Messages, e.Channels} {
		for i := range parts {
			p := &parts[i]
			p.Judgement = e.judgePair(&p.Treated, &p.Holdout, method, daysSince(p.First, now), ratioOf(&p.Treated, &p.Holdout))
			if p.Follows && p.Holdout.People > 0 {
				p.Judgement.Verdict = experiment.Observed
				p.Judgement.MoreDays = 0
			}
		}
	}
}

func (e *Experiment) judgePair(treated, heldOut *Side, method experiment.Method, days, ratioP float64) experiment.Judgement {
	j := experiment.Judge(experiment.Comparison{
		Treated: treated.Group(),
		HeldOut: heldOut.Group(),
		Days:    days,
		RatioP:  ratioP,
		Method:  method,
	})
	if j.Verdict == experiment.NoHoldout && heldOut.Promised > 0 { // there is one, and nobody is in it yet
		j.Verdict = experiment.TooEarly
		if ratioP < experiment.MinRatioP {
			j.Verdict = experiment.Mismatch
		}
	}
	if e.NoGoal {
		j = experiment.Judgement{
			Verdict: experiment.NoGoal,
			Method:  method,
			P:       1,
		}
	}
	return j
}

func (e *Experiment) judgeSplit(s *Split, method experiment.Method, now time.Time) {
	s.Days = daysSince(s.First, now)
	reference := 0
	var sides []*Side
	for i := range s.Arms {
		sides = append(sides, &s.Arms[i].Side)
		if !s.Arms[i].Sends && s.Arms[reference].Sends {
			reference = i
		}
	}
	s.SampleRatioP = ratioOf(sides...)
	s.Reference = s.Arms[reference].Name
	for i := range s.Arms {
		s.Arms[i].Judgement = nil
		if i == reference {
			continue
		}
		j := e.judgePair(sides[i], sides[reference], method, s.Days, s.SampleRatioP)
		s.Arms[i].Judgement = &j
	}
}

// ratioOf is the p-value that the sides have the sizes promised. Sides of nobody to whom nothing was promised are passed over.
func ratioOf(sides ...*Side) float64 {
	var observed []int
	var promised []float64
	for _, s := range sides {
		if s.Known > 0 || s.Promised > 0 {
			observed = append(observed, s.Known)
			promised = append(promised, s.Promised)
		}
	}
	return experiment.SampleRatio(observed, promised)
}

func daysSince(first, now time.Time) float64 {
	if first.IsZero() {
		return 0
	}
	return max(0, now.Sub(first).Hours()/24)
}

// markDiscoveries marks the rules whose difference is a discovery among those that are judged: at most one in twenty of the marked is false.
func markDiscoveries(rules []Rule) {
	var judged []*Experiment
	var p []float64
	for i := range rules {
		e := rules[i].Experiment
		if e == nil {
			continue
		}
		e.Discovery = false
		switch e.Judgement.Verdict {
		case experiment.Helps, experiment.Hurts, experiment.NotProven:
			judged = append(judged, e)
			p = append(p, e.Judgement.P)
		case experiment.TooEarly, experiment.Mismatch, experiment.NoHoldout, experiment.NoExposure, experiment.NoGoal, experiment.Observed:
		}
	}
	for i, yes := range experiment.Discoveries(p, experiment.Alpha) {
		judged[i].Discovery = yes
	}
}
