package engine

import "time"

// TraceKind says what a [TraceEntry] is about.
type TraceKind string

// The kinds of entries of a trace.
const (
	TraceTrigger TraceKind = "trigger" // an event or a silence met a rule's trigger, whose condition was looked at
	TraceStart   TraceKind = "start"   // a trigger whose condition holds was asked whether it begins a run
	TraceBranch  TraceKind = "branch"  // an `if` step was decided
	TraceSend    TraceKind = "send"    // the questions before a message were asked
)

// TraceEntry is one thing that the engine looked at on its way to a decision, for people who ask why there was none: a condition that
// did not hold leaves no decision. Event, Cond and Vars are good only during the call of Env.Trace: the step uses their memory again.
type TraceEntry struct {
	Kind  TraceKind
	Rule  *Rule
	At    time.Time
	Event *Event // with trigger and start: what met the trigger
	Scope string // of the run; with trigger it is not known yet
	Run   string // the run's id; empty: there is none
	Instr *Instr // with branch and send
	// Cond is the condition that was evaluated with Vars; nil: there is none, or the answer does not come from it.
	Cond Expr
	Vars *Vars
	// Question names, with send, the question whose answer did not go on; empty: all questions went on.
	Question string
	// Answer is what came of it. The zero Answer: the condition holds, a run began, all questions went on.
	Answer Answer
}

// addTraceEntry shows an entry to whoever traces the step.
func (s *stepper) addTraceEntry(entry *TraceEntry) {
	if s.env.Trace != nil {
		s.env.Trace(entry)
	}
}

// conditionAnswer is what a trace says of a condition that came out so.
func conditionAnswer(yes bool, err error) Answer {
	switch {
	case err != nil:
		return Answer{Kind: AnswerSkip, Reason: ReasonConditionError, Detail: err.Error()}
	case !yes:
		return Answer{Kind: AnswerSkip, Reason: ReasonCondition}
	}
	return Answer{}
}

// traceTrigger traces the condition of a trigger.
func (s *stepper) traceTrigger(rule *Rule, ev *Event, vars *Vars, at time.Time, yes bool, err error) {
	if s.env.Trace == nil {
		return
	}
	s.addTraceEntry(&TraceEntry{
		Kind:   TraceTrigger,
		Rule:   rule,
		At:     s.decisionTime(at),
		Event:  ev,
		Cond:   rule.When.Match.If,
		Vars:   vars,
		Answer: conditionAnswer(yes, err),
	})
}

// traceStart traces whether a trigger begins a run.
func (s *stepper) traceStart(rule *Rule, scope, run string, ev *Event, at time.Time, answer Answer) {
	if s.env.Trace == nil {
		return
	}
	s.addTraceEntry(&TraceEntry{
		Kind:   TraceStart,
		Rule:   rule,
		At:     s.decisionTime(at),
		Event:  ev,
		Scope:  scope,
		Run:    run,
		Answer: answer,
	})
}

// traceNotStarted traces why a trigger begins no run.
func (s *stepper) traceNotStarted(rule *Rule, scope string, ev *Event, at time.Time, reason Reason, detail string) {
	if s.env.Trace == nil {
		return
	}
	answer := Answer{Kind: AnswerSkip, Reason: reason, Detail: detail}
	if reason == ReasonAgain && rule.Again.After > 0 {
		answer.Until = rule.Again.allowedFrom(s.pastRun(rule.Name, scope))
	}
	s.traceStart(rule, scope, "", ev, at, answer)
}

// traceBranch traces the condition of an `if` step.
func (s *stepper) traceBranch(run *Run, in *Instr, vars *Vars, at time.Time, yes bool, err error) {
	if s.env.Trace == nil {
		return
	}
	s.addTraceEntry(&TraceEntry{
		Kind:   TraceBranch,
		Rule:   s.ruleOf(run),
		At:     s.decisionTime(at),
		Scope:  run.Scope,
		Run:    run.ID,
		Instr:  in,
		Cond:   in.Expr,
		Vars:   vars,
		Answer: conditionAnswer(yes, err),
	})
}

// traceSend traces the answer to the questions before a message.
func (s *stepper) traceSend(run *Run, rule *Rule, in *Instr, at time.Time, question string, answer Answer) {
	if s.env.Trace == nil {
		return
	}
	entry := &TraceEntry{
		Kind:     TraceSend,
		Rule:     rule,
		At:       s.decisionTime(at),
		Scope:    run.Scope,
		Run:      run.ID,
		Instr:    in,
		Question: question,
		Answer:   answer,
	}
	if question == questionCondition {
		entry.Cond = in.Send.If
		entry.Vars = s.runVars(nil, run, at)
	}
	s.addTraceEntry(entry)
}

// TraceTriggers traces the conditions of the triggers that an event meets although it does not reach the learner's workflow; see
// [Ruleset.Wants]. It decides nothing and changes nothing.
func TraceTriggers(env Env, state State, ev *Event, now time.Time) {
	if env.Trace == nil {
		return
	}
	s := newStepper(env, state, now)
	at := later(s.st.Clock, earlier(ev.Time, now))
	course := s.env.Standing.CourseOf(ev, s.env.Current.Keys)
	for _, rule := range s.env.Current.Rules {
		if !rule.When.IsState() && rule.When.Match.Event == ev.Name {
			_, _ = s.fitsTrigger(rule, ev, course, at)
		}
	}
}

// PendingSilence is an inactivity that goes on and begins a run when it falls due.
type PendingSilence struct {
	Rule   *Rule
	Course string // empty: on the whole platform
	Unit   string // what will be overdue, such as assessment_id=a1; empty: it is a silence
	Since  time.Time
	Due    time.Time // when the silence is long enough, unless the learner is active before
}

// PendingSilences lists the silences that begin a run if nothing happens before, in the order in which they fall due. It changes nothing.
func PendingSilences(env Env, state State, now time.Time) []PendingSilence {
	s := newStepper(env, state, now)
	var pending []PendingSilence
	for _, si := range s.listSilences(nil) {
		if !s.decidedUpTo(si.due) && s.mayStart(&si) {
			pending = append(pending, PendingSilence{
				Rule:   si.rule,
				Course: si.course,
				Unit:   si.unit,
				Since:  si.armed,
				Due:    si.due,
			})
		}
	}
	return pending
}

// Part is a part of a condition and what it was at a moment.
type Part struct {
	// Text is the part as written; of a join it is all of it.
	Text string `json:"text"`
	// Join says how a part is made of its own parts; empty: it has none.
	Join  PartJoin  `json:"join,omitempty"`
	Value PartValue `json:"value"`
	// Error says why the part has no value.
	Error string     `json:"error,omitempty"`
	Reads []PartRead `json:"reads,omitempty"` // what a part without parts reads
	Parts []Part     `json:"parts,omitempty"`
}

// PartJoin is how a condition is made of parts.
type PartJoin string

// The joins.
const (
	JoinAnd PartJoin = "and" // all parts must be true
	JoinOr  PartJoin = "or"  // one part must be true
	JoinNot PartJoin = "not" // the only part must be false
)

// PartValue is what a part of a condition was.
type PartValue string

// The values of a part.
const (
	PartTrue   PartValue = "true"
	PartFalse  PartValue = "false"
	PartAbsent PartValue = "absent" // something that it reads was not there
	PartError  PartValue = "error"  // it could not be evaluated for another reason
)

// PartRead is something that a part of a condition reads, and its value at that moment.
type PartRead struct {
	Name string `json:"name"` // as written, such as event.passed or count("lesson.completed", "7d")
	// Value is a bool, a float64, a string, a time.Time in UTC, or a text that describes another value; nil: it was not there.
	Value any `json:"value"`
}

// PartedExpr is a condition that can say what its parts were. Conditions of package rules are.
type PartedExpr interface {
	Expr
	Parts(v *Vars) Part
}

// HoldsOut returns why a learner gets no message of a rule, whatever they do: the control group or the rule's holdout; empty: they are in neither.
func HoldsOut(rs *Ruleset, rule *Rule, learner string) Reason {
	s := &stepper{env: Env{Current: rs}, st: State{Learner: learner}}
	return s.askHoldout(nil, rule, nil, time.Time{}).Reason
}
