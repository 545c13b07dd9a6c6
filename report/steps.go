package report

import (
	"hash/maphash"
	"time"

	"homeroom/engine"
)

// StepCounts count what runs did at one step of a rule, each run once. Maps count by reason and are never nil.
type StepCounts struct {
	Reached   int            `json:"reached"`   // runs of which something was decided here
	Waiting   int            `json:"waiting"`   // of them, runs whose message is put off until later
	Sent      int            `json:"sent"`      // messages
	Uncertain int            `json:"uncertain"` // messages
	Failed    int            `json:"failed"`    // messages
	Withheld  int            `json:"withheld"`  // messages
	Skipped   map[string]int `json:"skipped"`   // messages
	Arms      map[string]int `json:"arms"`      // of a split: runs, by arm
}

// RuleSteps count the runs of one rule, step by step. Maps are never nil.
type RuleSteps struct {
	Began    int                    `json:"began"`     // runs
	NotBegun map[string]int         `json:"not_begun"` // by reason
	Exited   map[string]int         `json:"exited"`    // runs that ended before their last step, by reason
	Steps    map[string]*StepCounts `json:"steps"`     // by the step's name
}

// StepCounter counts decisions by step. It is for one goroutine. It keeps some 50 bytes a run and step.
type StepCounter struct {
	rules map[string]*RuleSteps
	last  map[uint64]stepOutcome // what was decided last of a run at a step
	runs  map[uint64]bool        // whose beginning or end is counted
	seed  maphash.Seed
}

// stepOutcome is what became of one run at one step so far.
type stepOutcome struct {
	step   *StepCounts
	kind   engine.Kind
	reason engine.Reason
	until  time.Time
	run    uint64
}

// NewStepCounter returns a counter of nothing.
func NewStepCounter() *StepCounter {
	return &StepCounter{
		rules: map[string]*RuleSteps{},
		last:  map[uint64]stepOutcome{},
		runs:  map[uint64]bool{},
		seed:  maphash.MakeSeed(),
	}
}

// Decision counts a decision. They come in the order of their stream; a repeat changes nothing but counts of what has no run.
func (c *StepCounter) Decision(d *engine.Decision) {
	for one := range d.PerRun() {
		c.countDecision(one)
	}
}

func (c *StepCounter) countDecision(d *engine.Decision) {
	rule := c.rules[d.Rule]
	if rule == nil {
		rule = &RuleSteps{NotBegun: map[string]int{}, Exited: map[string]int{}, Steps: map[string]*StepCounts{}}
		c.rules[d.Rule] = rule
	}
	switch {
	case d.Kind == engine.KindStarted:
		if c.isNew(d) {
			rule.Began++
		}
	case d.Kind == engine.KindExited:
		if c.isNew(d) {
			rule.Exited[string(d.Reason)]++
			c.endRun(d.Run)
		}
	case d.Run == "" && d.Kind == engine.KindSkipped:
		rule.NotBegun[string(d.Reason)] += d.Times()
	case d.Run != "" && d.Step != "":
		c.countAtStep(rule, d)
	}
}

// isNew notes that the beginning or the end of a run is counted, and reports whether it was not yet.
func (c *StepCounter) isNew(d *engine.Decision) bool {
	key := maphash.String(c.seed, string(d.Kind)+"\x00"+d.Run)
	known := c.runs[key]
	c.runs[key] = true
	return !known
}

// countAtStep counts what was decided of a run at a step. What was decided last counts: a message that was put off may be sent.
func (c *StepCounter) countAtStep(rule *RuleSteps, d *engine.Decision) {
	step := rule.Steps[d.Step]
	if step == nil {
		step = &StepCounts{Skipped: map[string]int{}, Arms: map[string]int{}}
		rule.Steps[d.Step] = step
	}
	run := maphash.String(c.seed, d.Run)
	key := maphash.String(c.seed, d.Run+"\x00"+d.Step)
	before, known := c.last[key]
	if !known {
		step.Reached++
	} else {
		before.count(-1)
	}
	now := stepOutcome{step: step, kind: d.Kind, reason: d.Reason, until: d.Until, run: run}
	if d.Kind == engine.KindAssigned {
		now.reason = engine.Reason(d.Arm)
	}
	now.count(1)
	c.last[key] = now
	if d.Kind == engine.KindDeferred {
		c.last[run] = stepOutcome{run: key} // by which the end of the run finds what waits
	}
}

// endRun takes a run from those that wait.
func (c *StepCounter) endRun(id string) {
	run := maphash.String(c.seed, id)
	if at, known := c.last[run]; known {
		if waits := c.last[at.run]; waits.kind == engine.KindDeferred {
			waits.count(-1)
			waits.kind = engine.KindExited
			c.last[at.run] = waits
		}
	}
}

// count adds n to what the outcome is counted as.
func (o stepOutcome) count(n int) {
	switch o.kind {
	case engine.KindSent:
		o.step.Sent += n
	case engine.KindUncertain:
		o.step.Uncertain += n
	case engine.KindFailed:
		o.step.Failed += n
	case engine.KindWithheld:
		o.step.Withheld += n
	case engine.KindDeferred:
		o.step.Waiting += n
	case engine.KindSkipped:
		addCount(o.step.Skipped, string(o.reason), n)
	case engine.KindAssigned:
		addCount(o.step.Arms, string(o.reason), n)
	case engine.KindStarted, engine.KindExited, engine.KindConverted, engine.KindSuppressed, engine.KindSet:
	}
}

// addCount adds n to a count and takes it away when nothing is left of it.
func addCount(by map[string]int, name string, n int) {
	if by[name] += n; by[name] == 0 {
		delete(by, name)
	}
}

// Rules returns the counts by rule. Later decisions change them.
func (c *StepCounter) Rules() map[string]*RuleSteps { return c.rules }
