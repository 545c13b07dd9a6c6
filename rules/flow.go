package rules

import (
	"fmt"

	"homeroom/engine"
)

// FlowStep is one step of a rule's flow, in words, with the ways that lead on from it.
type FlowStep struct {
	ID      string   `json:"id"`   // the step's name: its id or its position, such as "3.otherwise.1"
	At      Position `json:"at"`   // where it begins in the rule's file
	Verb    string   `json:"verb"` // wait, wait_until, wait_for, collect, if, split, send, suppress, set or stop
	Words   string   `json:"words"`
	Message string   `json:"message,omitempty"` // of a send
	// HeldOut says, of a send, which learners come to it and get nothing; empty: all get it.
	HeldOut string    `json:"held_out,omitempty"`
	Ways    []FlowWay `json:"ways,omitempty"` // of an if, a wait_for or a split; a run goes on after them
}

// FlowWay is one way on from a step.
type FlowWay struct {
	Name  string     `json:"name"`  // then, otherwise, or an arm's name
	Words string     `json:"words"` // when a run takes it
	Steps []FlowStep `json:"steps"` // never nil
}

// Flow is a rule as a picture draws it: what begins a run, its steps as a tree, and what ends it.
type Flow struct {
	Starts  string     `json:"starts"`
	Leaves  []string   `json:"leaves"`            // what ends a run at once; never nil
	Success string     `json:"success,omitempty"` // empty: the rule has no goal
	Steps   []FlowStep `json:"steps"`
}

// Flow returns a rule's flow, or nil if there is no such rule.
func (a *Academy) Flow(name string) *Flow {
	r := a.Ruleset.Rule(name)
	if r == nil {
		return nil
	}
	f := &Flow{Starts: startWords(r), Leaves: []string{}, Steps: flowSteps(r, 0, len(r.Program))}
	placeSteps(f.Steps, a.places[name])
	for i := range r.Until {
		f.Leaves = append(f.Leaves, matchWords(&r.Until[i], r.Per))
	}
	if r.Goal != nil {
		f.Success = fmt.Sprintf("%s, within %s of the first message", matchWords(&r.Goal.Match, r.Per), engine.FormatDuration(r.Goal.Within))
	}
	return f
}

// placeSteps fills in where the steps of a tree begin.
func placeSteps(steps []FlowStep, places map[string]Position) {
	for i := range steps {
		steps[i].At = places[steps[i].ID]
		for _, way := range steps[i].Ways {
			placeSteps(way.Steps, places)
		}
	}
}

// startWords says what begins a run.
func startWords(r *engine.Rule) string {
	switch {
	case r.When.Date != nil:
		return dateWords(r) + ifWords(r.When.Match.If)
	case r.When.Broadcast:
		return "somebody starts it, " + audienceWords(r)
	case r.When.Audience != nil:
		return matchWords(&r.When.Match, nil) + ", " + audienceWords(r)
	case r.When.Schedule != nil:
		return scheduleWords(r.When.Schedule) + ifWords(r.When.Match.If)
	case r.When.Overdue > 0:
		return r.When.OverdueWords() + " of a course that goes on is overdue by " + engine.FormatDuration(r.When.Overdue) + ifWords(r.When.Match.If)
	case r.When.Inactive == 0:
		return matchWords(&r.When.Match, nil)
	case r.When.Platform:
		return engine.FormatDuration(r.When.Inactive) + " without any activity" + ifWords(r.When.Match.If)
	}
	if r.When.AtRisk > 0 {
		return fmt.Sprintf("the risk in a course that goes on reaches %g after at least %s without activity%s%s", r.When.AtRisk,
			engine.FormatDuration(r.When.Inactive), orSilentWords(r), ifWords(r.When.Match.If))
	}
	return engine.FormatDuration(r.When.Inactive) + " without activity in a course that goes on" + ifWords(r.When.Match.If)
}

// flowSteps returns the instructions from pc up to end as a tree. Jumps go forward only, and a way from which runs go on ends in a
// jump to what follows its fork.
func flowSteps(r *engine.Rule, pc, end int) []FlowStep {
	steps := []FlowStep{}
	for pc < end {
		in := &r.Program[pc]
		switch in.Op {
		case engine.OpBranch, engine.OpWaitFor:
			var step FlowStep
			step, pc = flowFork(r, pc)
			steps = append(steps, step)
		case engine.OpSplit:
			var step FlowStep
			step, pc = flowSplit(r, pc, end)
			steps = append(steps, step)
		case engine.OpJump:
			pc++
		default:
			step := FlowStep{ID: in.ID, Verb: string(in.Op), Words: instrWords(in, r.Per)}
			if in.Op == engine.OpWaitClock || in.Op == engine.OpWaitTime {
				step.Verb = "wait_until"
			}
			if in.Op == engine.OpFallback {
				step.Verb = "wait"
			}
			if in.Send != nil {
				step.Message = in.Send.Message
				step.HeldOut = heldOutWords(r, in.Send)
			}
			steps = append(steps, step)
			pc++
		}
	}
	return steps
}

// heldOutWords says which learners get nothing at a send; empty: all get it.
func heldOutWords(r *engine.Rule, send *engine.SendStep) string {
	if r.Holdout <= 0 || send.Transactional || send.Staff != "" {
		return ""
	}
	return "the holdout, " + percentText(r.Holdout) + " of the learners, gets nothing here and goes on, for comparison"
}

// flowFork returns the if or wait_for at pc, and where the program goes on after it. If the then-part always ends the run, no jump at its end says where the
// otherwise-part ends. Then the otherwise-part is drawn empty, and its steps follow the fork.
func flowFork(r *engine.Rule, pc int) (step FlowStep, next int) {
	in := &r.Program[pc]
	next = in.Else
	then := FlowWay{Name: "then", Words: "yes"}
	otherwise := FlowWay{Name: "otherwise", Words: "no", Steps: []FlowStep{}}
	step = FlowStep{ID: in.ID, Verb: string(in.Op)}
	if in.Op == engine.OpBranch {
		step.Words = "if " + in.Expr.Source()
	} else {
		step.Words = fmt.Sprintf("wait at most %s for %s%s", engine.FormatDuration(in.Dur), eventWords(in.Match, r.Per), asWords(in))
		then.Words = "it came"
		otherwise.Words = "it did not come"
	}
	thenEnd := in.Else
	if last := in.Else - 1; last > pc && r.Program[last].Op == engine.OpJump {
		thenEnd = last
		next = r.Program[last].Else
		otherwise.Steps = flowSteps(r, in.Else, next)
	}
	then.Steps = flowSteps(r, pc+1, thenEnd)
	step.Ways = []FlowWay{then, otherwise}
	return step, next
}

// flowSplit returns the split at pc, and where the program goes on after it.
func flowSplit(r *engine.Rule, pc, end int) (step FlowStep, next int) {
	split := r.Program[pc].Split
	step = FlowStep{ID: r.Program[pc].ID, Verb: string(engine.OpSplit), Words: "split " + split.Name}
	if split.Adapt != nil {
		step.Words += ", shares follow the goal"
	}
	total := 0.0
	next = end
	for i, arm := range split.Arms {
		total += arm.Weight
		if i == 0 {
			continue
		}
		if last := &r.Program[arm.PC-1]; last.Op == engine.OpJump {
			next = last.Else
		}
	}
	for i, arm := range split.Arms {
		armEnd := next
		if i < len(split.Arms)-1 {
			armEnd = split.Arms[i+1].PC
		}
		step.Ways = append(step.Ways, FlowWay{
			Name:  arm.Name,
			Words: percentText(arm.Weight / total * 100),
			Steps: flowSteps(r, arm.PC, armEnd),
		})
	}
	return step, next
}
