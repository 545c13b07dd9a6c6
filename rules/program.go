package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// maxInstrs is how many instructions a rule may have.
const maxInstrs = 200

// builder lays the steps of a rule out as a linear program.
type builder struct {
	c    *compiler
	d    *decoder
	spec *ruleSpec
	from origin
	ids  map[string]yamlfile.Position
	// places says where each step begins, by the name of its instruction.
	places map[string]yamlfile.Position
	out    []engine.Instr
	// certain are the paths that have a value in every run that comes to the step being laid out.
	certain certainPaths
	// awaited are the events that wait_for steps have given names so far; presence says which of them have come in the runs that come to the
	// step being laid out.
	awaited  map[string]*awaited
	presence map[string]presence
	// waited is the line of the last wait since the last send; 0: there is none.
	waited int
}

// buildProgram compiles the steps of a rule.
func (c *compiler) buildProgram(d *decoder, spec *ruleSpec, from origin) []engine.Instr {
	b := &builder{
		c:        c,
		d:        d,
		spec:     spec,
		from:     from,
		ids:      map[string]yamlfile.Position{},
		places:   map[string]yamlfile.Position{},
		certain:  from.certain,
		awaited:  map[string]*awaited{},
		presence: map[string]presence{},
	}
	c.places[d.Rule] = b.places
	b.addSteps(spec.do, "")
	b.finishAwaited()
	if len(b.out) > maxInstrs {
		d.Fail(spec.at, "make two rules of it", "the rule has more than %d steps", maxInstrs)
	}
	return b.out
}

// addSteps adds a list of steps and reports whether a run can come out at its end.
func (b *builder) addSteps(list []*stepSpec, prefix string) (open bool) {
	open = true
	for i, s := range list {
		if !open {
			b.d.Warn(s.at, LintUnreachable, "take it out, or move it before the stop", "no run gets to this step")
			open = true // say it once
		}
		id := fmt.Sprintf("%s%d", prefix, i+1)
		if s.id != nil {
			id = s.id.Text
			if first, taken := b.ids[id]; taken {
				b.d.Fail(s.id.At, "give it another id", "the id %s is taken by the step in line %d", id, first.Line)
			}
			b.ids[id] = s.id.At
		}
		b.places[id] = s.at
		open = b.addStep(s, id)
	}
	return open
}

// addUsualWait adds the wait of a send with at: usual.
func (b *builder) addUsualWait(s *stepSpec, id string) {
	if n := len(b.out); n > 0 && b.waited > 0 && b.out[n-1].Op == engine.OpWaitClock {
		b.d.Warn(s.message.At, LintWaitsTwice, "take one of them out, or accept it with # allow: "+LintWaitsTwice,
			"after the wait until a time of day in line %d the message waits for the usual hour, up to a day longer", b.waited)
	}
	b.places[id+usualSuffix] = s.at
	b.addInstr(engine.Instr{Op: engine.OpWaitClock, ID: id + usualSuffix, Usual: true})
}

// usualSuffix follows the name of a send step in that of its wait for the usual hour.
const usualSuffix = ".at"

// addInstr adds an instruction and returns where it is, for its Else to be filled in.
func (b *builder) addInstr(in engine.Instr) int {
	b.out = append(b.out, in)
	return len(b.out) - 1
}

// stepView returns what the expressions of a step may look at.
func (b *builder) stepView() exprView {
	return exprView{trigger: b.from.name, course: b.from.course, awaited: awaitedNames(b.awaited)}
}

func (b *builder) addStep(s *stepSpec, id string) (open bool) {
	switch s.verb {
	case "wait":
		b.waited = s.at.Line
		b.addInstr(engine.Instr{Op: engine.OpWait, ID: id, Dur: s.dur})
	case "wait_until":
		b.waited = s.at.Line
		if s.time == nil {
			b.addInstr(engine.Instr{Op: engine.OpWaitClock, ID: id, Clock: s.clock, Usual: s.usual, Days: s.days})
			break
		}
		at := b.compileExpression(s.time, wantTime)
		b.certain = b.certain.withPaths(at.ifTrue.sortedPaths()...) // a run that cannot tell the time leaves
		b.addInstr(engine.Instr{Op: engine.OpWaitTime, ID: id, Expr: at.expr})
	case "wait_for":
		b.checkSince(s.match)
		b.waited = s.at.Line
		match, _ := b.c.compileMatch(b.d, s.match, b.spec, b.from)
		in := engine.Instr{Op: engine.OpWaitFor, ID: id, Dur: s.match.within, Match: match, SinceStep: s.match.since == "step"}
		if s.match.as != nil && match != nil {
			if ev, known := b.c.cat.Event(match.Event); known {
				in.As = s.match.as.Text
				b.nameAwaited(s.match.as, ev)
			}
		}
		return b.addFork(s, in, compiled{})
	case "if":
		cond := b.compileExpression(s.cond, wantBool)
		return b.addFork(s, engine.Instr{Op: engine.OpBranch, ID: id, Expr: cond.expr}, cond)
	case "split":
		return b.addSplit(s, id)
	case "send":
		if s.usual {
			b.addUsualWait(s, id)
		}
		b.waited = 0
		send := b.addSend(s)
		b.addInstr(engine.Instr{Op: engine.OpSend, ID: id, Send: send})
		if s.fallback != "" {
			b.addFallback(s, id, send)
		}
	case "suppress":
		b.addInstr(engine.Instr{Op: engine.OpSuppress, ID: id, Dur: s.dur, Topics: b.compileTopics(s), Reason: s.reason})
	case "set":
		b.addSet(s, id)
	case "collect":
		b.addCollect(s, id)
	case "stop":
		b.addInstr(engine.Instr{Op: engine.OpStop, ID: id, Reason: s.reason})
		return false
	}
	return true
}

// addFork adds a step with two ways: then follows it, Else is where otherwise begins. cond is the condition that parts them, or empty.
func (b *builder) addFork(s *stepSpec, in engine.Instr, cond compiled) (open bool) {
	before := b.certain
	presenceBefore := b.presence
	var ways []map[string]presence
	defer func() {
		b.certain = before
		b.presence = presenceBefore
		if len(ways) > 0 {
			b.presence = joinPresence(ways)
		}
	}()
	at := b.addInstr(in)
	b.certain = before.withPaths(cond.ifTrue.sortedPaths()...)
	b.presence = maps.Clone(presenceBefore)
	if in.As != "" {
		b.presence[in.As] = present
	}
	thenOpen := b.addSteps(s.then, in.ID+".then.")
	if thenOpen {
		ways = append(ways, b.presence)
	}
	b.certain = before.withPaths(cond.ifNot.sortedPaths()...)
	b.presence = maps.Clone(presenceBefore)
	if len(s.otherwise) == 0 {
		ways = append(ways, b.presence)
		b.out[at].Else = len(b.out)
		return true
	}
	jump := -1
	if thenOpen {
		jump = b.addInstr(engine.Instr{Op: engine.OpJump})
	}
	b.out[at].Else = len(b.out)
	otherwiseOpen := b.addSteps(s.otherwise, in.ID+".otherwise.")
	if otherwiseOpen {
		ways = append(ways, b.presence)
	}
	if jump >= 0 {
		b.out[jump].Else = len(b.out)
	}
	return thenOpen || otherwiseOpen
}

// addSplit adds an experiment: the arms follow it in order of their names, each ending in a jump behind the last one. The
// steps of an arm are numbered <split>.<arm>.1 and so on.
func (b *builder) addSplit(s *stepSpec, id string) (open bool) {
	arms := slices.Clone(s.arms)
	slices.SortFunc(arms, func(x, y *armSpec) int { return strings.Compare(x.name.Text, y.name.Text) })
	split := &engine.Split{Name: s.split.Text, Adapt: b.compileAdapt(s)}
	b.addInstr(engine.Instr{Op: engine.OpSplit, ID: id, Split: split})
	var jumps []int
	before := b.certain
	presenceBefore := b.presence
	var ways []map[string]presence
	defer func() {
		b.certain = before
		b.presence = presenceBefore
		if len(ways) > 0 {
			b.presence = joinPresence(ways)
		}
	}()
	for i, arm := range arms {
		b.certain = before
		b.presence = maps.Clone(presenceBefore)
		split.Arms = append(split.Arms, engine.Arm{Name: arm.name.Text, Weight: arm.weight, PC: len(b.out)})
		if !b.addSteps(arm.do, id+"."+arm.name.Text+".") {
			continue
		}
		open = true
		ways = append(ways, b.presence)
		if i < len(arms)-1 {
			jumps = append(jumps, b.addInstr(engine.Instr{Op: engine.OpJump}))
		}
	}
	for _, at := range jumps {
		b.out[at].Else = len(b.out)
	}
	return open
}

// checkSince warns of a wait_for that counts from its own step although the run has waited before: what comes in that time is lost.
func (b *builder) checkSince(m *matchSpec) {
	if m.since == "step" && b.waited > 0 {
		b.d.Warn(m.sinceAt, LintSinceStep, "take since: step out, or accept it with # allow: "+LintSinceStep,
			"%s that comes during the wait in line %d does not count", m.event.Text, b.waited)
	}
}

func (b *builder) addSend(s *stepSpec) *engine.SendStep {
	certain := b.certain.withoutPassing()
	out := &engine.SendStep{Message: s.message.Text, Channel: engine.ChannelEmail, Transactional: s.transactional, Patience: s.patience}
	b.c.noteLookups(out)
	if s.to != nil {
		b.c.checkStaffGroup(b.d, s)
		out.Staff = s.staffGroup()
		out.Transactional = true // it is no part of what a learner may be sent
	}
	if s.channel != "" {
		out.Channel = s.channel
	}
	switch {
	case s.to != nil: // staff choose no topics
	case s.topic != nil:
		out.Topic = s.topic.Text
		b.c.settings.checkTopic(b.d, s.topic)
	default:
		out.Topic = b.c.library.Topic(s.message.Text)
	}
	if s.cond != nil {
		cond := b.compileExpression(s.cond, wantBool)
		out.If = cond.expr
		certain = certain.withPaths(cond.ifTrue.sortedPaths()...)
	}
	if s.expires != nil {
		expires := b.compileExpression(s.expires, wantTime)
		out.Expires = expires.expr
		certain = certain.withPaths(expires.ifTrue.sortedPaths()...)
	}
	handed := map[string]handover{}
	for _, w := range s.with {
		value := b.compileExpression(w.value, wantValue)
		out.With = append(out.With, engine.Binding{Name: w.name.Text, Expr: value.expr})
		handed[w.name.Text] = handover{name: w.name, sample: sampleOf(value.gives), reads: value.reads}
		certain = certain.withPaths(value.ifTrue.sortedPaths()...)
	}
	from := b.from
	from.awaited = b.awaitedNow(certain)
	from.staff = s.to != nil
	channels := []string{out.Channel}
	if s.fallback != "" {
		channels = append(channels, s.fallback)
	}
	from.mailed = slices.Contains(channels, engine.ChannelEmail)
	b.c.checkSend(b.d, s.message, from, handed, certain)
	b.c.checkDates(b.d, s, from, handed)
	b.c.checkCopies(b.d, s.message, channels, out.Transactional)
	for _, channel := range channels {
		b.c.checkInApp(b.d, s.message, channel)
		b.c.checkTarget(b.d, s.message, channel)
		b.c.checkPush(b.d, s.message, channel, from, handed)
	}
	return out
}
