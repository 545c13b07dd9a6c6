package ruletest

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"homeroom/engine"
)

// Coverage records which steps, branches and ways out of a folder's rules the tests reach.
type Coverage struct {
	rules []*ruleCoverage // as in the ruleset
}

type ruleCoverage struct {
	rule  *engine.Rule
	steps []stepCoverage // by program counter
	until []wayOut
	goal  bool // it was reached: converted, or unaided
}

// stepCoverage is what was seen of one instruction. took and passed are the two ways on of an `if` (then, otherwise)
// and of a wait_for (the event, the timeout); arms are those of a split, by name.
type stepCoverage struct {
	reached, took, passed bool
	arms                  map[string]bool
}

// wayOut is what was seen of one `until`: that its condition held, and that it ended a run.
type wayOut struct{ held, left bool }

// NewCoverage begins with nothing reached.
func NewCoverage(rs *engine.Ruleset) *Coverage {
	c := &Coverage{}
	for _, rule := range rs.Rules {
		c.rules = append(c.rules, &ruleCoverage{
			rule:  rule,
			steps: make([]stepCoverage, len(rule.Program)),
			until: make([]wayOut, len(rule.Until)),
		})
	}
	return c
}

// watchRuleset returns a ruleset that decides the same and records which conditions are asked and what they say.
func (c *Coverage) watchRuleset(rs *engine.Ruleset) *engine.Ruleset {
	watched := *rs
	watched.Rules = make([]*engine.Rule, len(rs.Rules))
	for i, rule := range rs.Rules {
		seen := c.coverageOf(rule.Name)
		twin := *rule
		twin.Program = slices.Clone(rule.Program)
		for pc := range twin.Program {
			if in := &twin.Program[pc]; in.Expr != nil {
				step := &seen.steps[pc]
				in.Expr = watchedExpr{in.Expr, func(held bool) {
					step.reached = true
					step.took = step.took || held
					step.passed = step.passed || !held
				}}
			}
		}
		twin.Until = slices.Clone(rule.Until)
		for j := range twin.Until {
			if cond := twin.Until[j].If; cond != nil {
				out := &seen.until[j]
				twin.Until[j].If = watchedExpr{cond, func(held bool) { out.held = out.held || held }}
			}
		}
		watched.Rules[i] = &twin
	}
	return &watched
}

// watchedExpr records what an expression said; an error counts as no, as it does for the engine.
type watchedExpr struct {
	engine.Expr
	tell func(held bool)
}

func (w watchedExpr) Eval(v *engine.Vars) (any, error) {
	value, err := w.Expr.Eval(v)
	yes, isBool := value.(bool)
	w.tell(err == nil && (yes || !isBool))
	return value, err
}

func (c *Coverage) coverageOf(rule string) *ruleCoverage {
	for _, r := range c.rules {
		if r.rule.Name == rule {
			return r
		}
	}
	return nil
}

// noteStep reads off a step of the engine where runs wait, what was sent, and how runs ended.
func (c *Coverage) noteStep(before engine.State, inputs []engine.Input, res engine.Result) {
	for i := range res.State.Runs {
		run := &res.State.Runs[i]
		if run.Waiting {
			c.coverageOf(run.Rule).steps[run.PC].reached = true
		}
		c.coverageOf(run.Rule).noteArm(run.Arm)
	}
	left := map[string]bool{}
	for i := range res.Decisions {
		d := &res.Decisions[i]
		r := c.coverageOf(d.Rule)
		r.noteArm(d.Arm)
		r.goal = r.goal || d.Kind == engine.KindConverted || d.Reason == engine.ReasonGoalUnaided
		if d.Kind == engine.KindExited {
			left[d.Run] = d.Reason != engine.ReasonStop // a stop is a step that the run went on to
			r.noteExit(d)
		}
		for pc := range r.steps {
			if d.Step != "" && r.rule.Program[pc].ID == d.Step {
				r.steps[pc].reached = true
			}
		}
	}
	for i := range before.Runs {
		if run := &before.Runs[i]; run.Waiting && !left[run.ID] {
			c.coverageOf(run.Rule).noteWay(run, stillWaits(run, res.State.Runs), len(inputs) > 0)
		}
	}
}

// noteArm records the arm that a run took, written "split=arm".
func (r *ruleCoverage) noteArm(taken string) {
	name, arm, _ := strings.Cut(taken, "=")
	for pc := range r.rule.Program {
		if sp := r.rule.Program[pc].Split; sp != nil && sp.Name == name {
			step := &r.steps[pc]
			if step.arms == nil {
				step.arms = map[string]bool{}
			}
			step.reached = true
			step.arms[arm] = true
		}
	}
}

// stillWaits reports whether a run waits where it did.
func stillWaits(run *engine.Run, now []engine.Run) bool {
	return slices.ContainsFunc(now, func(r engine.Run) bool { return r.ID == run.ID && r.Waiting && r.PC == run.PC })
}

// noteWay records by which way a run went on from its wait_for. A virtual clock wakes at each due instant, so a step with
// an event takes the event's way, and one without takes the timeout's.
func (r *ruleCoverage) noteWay(run *engine.Run, stays, event bool) {
	if stays || r.rule.Program[run.PC].Op != engine.OpWaitFor && r.rule.Program[run.PC].Op != engine.OpFallback {
		return
	}
	step := &r.steps[run.PC]
	step.took = step.took || event
	step.passed = step.passed || !event
}

// noteExit records the stop or the until that ended a run. Steps that stop with the same reason cannot be told apart.
func (r *ruleCoverage) noteExit(d *engine.Decision) {
	switch d.Reason {
	case engine.ReasonStop:
		for pc := range r.rule.Program {
			if in := &r.rule.Program[pc]; in.Op == engine.OpStop && in.Reason == d.Detail {
				r.steps[pc].reached = true
			}
		}
	case engine.ReasonUntil:
		for i := range r.rule.Until {
			if m := &r.rule.Until[i]; m.Event == d.Detail && (m.If == nil || r.until[i].held) {
				r.until[i].left = true
			}
		}
	default: // other reasons are not those of a stop step or an until
	}
}

// tally counts what there is to reach and what was reached.
type tally struct{ reached, all int }

func (t *tally) add(reached bool) {
	t.all++
	if reached {
		t.reached++
	}
}

// Write prints the sums and everything that no test reached, by rule.
func (c *Coverage) Write(w io.Writer) error {
	var steps, branches, outs tally
	var missed strings.Builder
	miss := func(rule, format string, args ...any) {
		fmt.Fprintf(&missed, "  %s: %s\n", rule, fmt.Sprintf(format, args...))
	}
	for _, r := range c.rules {
		for pc := range r.rule.Program {
			in := &r.rule.Program[pc]
			seen := r.steps[pc]
			if in.Op == engine.OpJump {
				continue
			}
			steps.add(seen.reached)
			if !seen.reached {
				miss(r.rule.Name, "step %s (%s)", in.ID, stepText(in))
				continue
			}
			for _, way := range waysOn(in, seen) {
				branches.add(way.taken)
				if !way.taken {
					miss(r.rule.Name, "step %s (%s): %s", in.ID, stepText(in), way.name)
				}
			}
		}
		for i, out := range r.until {
			outs.add(out.left)
			if !out.left {
				miss(r.rule.Name, "until %s", matchText(&r.rule.Until[i]))
			}
		}
		if r.rule.Goal != nil {
			outs.add(r.goal)
			if !r.goal {
				miss(r.rule.Name, "goal %s", matchText(&r.rule.Goal.Match))
			}
		}
	}
	text := fmt.Sprintf("coverage: %d of %d steps, %d of %d branches, %d of %d ways out\n",
		steps.reached, steps.all, branches.reached, branches.all, outs.reached, outs.all)
	if missed.Len() > 0 {
		text += "reached by no test:\n" + missed.String()
	}
	_, err := io.WriteString(w, text)
	return err
}

// way is one of the ways on from a step.
type way struct {
	name  string
	taken bool
}

func waysOn(in *engine.Instr, seen stepCoverage) []way {
	switch in.Op {
	case engine.OpBranch:
		return []way{{"never true", seen.took}, {"never false", seen.passed}}
	case engine.OpWaitFor:
		return []way{{"the event never came", seen.took}, {"never timed out", seen.passed}}
	case engine.OpFallback:
		return []way{{"the nudge was never seen", seen.took}, {"the nudge was always seen", seen.passed}}
	case engine.OpSplit:
		var ways []way
		for _, arm := range in.Split.Arms {
			ways = append(ways, way{"no learner in arm " + arm.Name, seen.arms[arm.Name]})
		}
		return ways
	default:
		return nil // one way only
	}
}

func stepText(in *engine.Instr) string {
	switch in.Op {
	case engine.OpSend:
		return "send " + in.Send.Message
	case engine.OpSplit:
		return "split " + in.Split.Name
	case engine.OpStop:
		return "stop " + in.Reason
	case engine.OpBranch:
		return "if " + in.Expr.Source()
	case engine.OpWaitFor:
		return "wait_for " + matchText(in.Match)
	case engine.OpSet:
		return setText(in)
	case engine.OpFallback:
		return "fallback_after " + engine.FormatDuration(in.Dur)
	case engine.OpCollect:
		return "collect " + in.As
	case engine.OpWaitTime, engine.OpWaitClock:
		return "wait_until"
	default:
		return string(in.Op)
	}
}

// setText names the traits of a set step.
func setText(in *engine.Instr) string {
	names := make([]string, len(in.Traits))
	for i, trait := range in.Traits {
		names[i] = trait.Name
	}
	return "set " + strings.Join(names, ", ")
}

func matchText(m *engine.Match) string {
	if m.If == nil {
		return m.Event
	}
	return m.Event + " if " + m.If.Source()
}
