package simulate

import (
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// maxTracedSteps is how many steps of a run are kept, the last ones.
const maxTracedSteps = 50

// RuleTrace is what stood last between one rule and its messages, for one learner.
type RuleTrace struct {
	Rule    *engine.Rule
	Seen    int // events or silences that met the trigger
	Fitting int // those for which its condition held
	Started int // those that began a run
	// Last is the last event or silence that met the trigger; nil: there was none.
	Last *TracedTrigger
	// Run is the run that began last; nil: none did.
	Run *TracedRun
	// Silences go on and begin a run when they fall due, the first one first. Only rules about inactivity have them.
	Silences []engine.PendingSilence
	// Broadcast is the last event that concerned many and that the rule waits for; nil: there was none. Only rules with an audience have it.
	Broadcast *TracedBroadcast
}

// TracedBroadcast is an event that concerned many, as one learner was concerned.
type TracedBroadcast struct {
	At    time.Time
	ID    string         // the event's
	Left  engine.LeftOut // why it did not concern the learner; empty: it did
	Later bool           // nothing was known of the learner yet
	Extra engine.Expr    // the condition that it had besides the rule's; nil: none
}

// TracedTrigger is an event or a silence that met a rule's trigger.
type TracedTrigger struct {
	At    time.Time
	Event string // its name; "inactivity" or "risk" for a silence
	ID    string // the event's id
	About string // its keys, such as course_id=crs_go; may be empty
	// Condition is what the parts of the trigger's condition were; nil: there is no condition.
	Condition *engine.Part
	// Answer says why no run began; the zero Answer: the run began.
	Answer engine.Answer
	Run    string // the id of the run; empty: none began
}

// TracedRun is a run and what became of its messages.
type TracedRun struct {
	ID    string
	Scope string
	Began time.Time
	Arm   string // "split=arm", if the run took a split
	// Steps are its sends, its branches and its end, by time: the last maxTracedSteps of them.
	Steps []TracedStep
	// Live reports that it is under way at the end. Then Stands is the instruction at which it stands, and Due is when it goes on;
	// zero: when its rule is no longer paused.
	Live   bool
	Stands *engine.Instr
	Due    time.Time
}

// TracedStep is something that a run did.
type TracedStep struct {
	At    time.Time
	Kind  engine.Kind // empty: a branch was taken
	Instr *engine.Instr
	// Question is the one that stopped the message, with skipped, deferred and withheld.
	Question string
	// Answer carries reason and detail, and with deferred until when; of a branch, whether its condition held.
	Answer engine.Answer
	// Condition is that of a branch, or that of a send whose own condition stopped it; nil: neither.
	Condition *engine.Part
	Message   string
	Times     int // how often it happened in a row, the last time at At; at least 1
}

// Tracer runs one learner's recorded events through a ruleset and keeps, per rule, what stood last between it and its messages. What it
// keeps does not grow with the number of events.
type Tracer struct {
	host   *Host
	traces []*RuleTrace // in the order of the rules
	byRule map[string]*RuleTrace
	clock  time.Time // the latest time of an event
	keys   map[string][]string
}

// NewTracer returns a tracer of a learner to whom nothing has happened yet. Of the options it sets Decided and Trace itself.
func NewTracer(opts HostOptions) *Tracer {
	t := &Tracer{byRule: map[string]*RuleTrace{}, keys: opts.Ruleset.Keys}
	for _, rule := range opts.Ruleset.Rules {
		trace := &RuleTrace{Rule: rule}
		t.traces = append(t.traces, trace)
		t.byRule[rule.Name] = trace
	}
	opts.Decided = t.addDecision
	opts.Trace = t.addEntry
	t.host = NewHost(opts)
	return t
}

// Event takes in the next event, in the order of the stream. It arrives when it happened, but not before the events that came before it.
func (t *Tracer) Event(d *catalog.Decoded) error {
	if d.Event.Time.After(t.clock) {
		t.clock = d.Event.Time
	}
	return t.host.ApplyEvent(d, t.clock)
}

// Broadcast takes in an event that has no learner. It is handed over before the learner's next event, so it must not be older than the one before. extra is a condition that
// its audience has besides that of the rules; nil: none.
func (t *Tracer) Broadcast(ev *engine.Event, extra engine.Expr) error {
	heard := !t.clock.IsZero()
	if ev.Time.After(t.clock) {
		t.clock = ev.Time
	}
	var left engine.LeftOut
	if heard {
		var err error
		if left, err = t.host.applyBroadcast(ev, extra, t.clock); err != nil {
			return err
		}
	}
	for _, rule := range t.host.opts.Ruleset.AudienceRules(ev) {
		t.byRule[rule.Name].Broadcast = &TracedBroadcast{
			At:    ev.Time,
			ID:    ev.ID,
			Left:  left,
			Later: !heard,
			Extra: extra,
		}
	}
	return nil
}

// Clock returns the latest time of an event; zero: there was none.
func (t *Tracer) Clock() time.Time { return t.clock }

// Finish decides everything that falls due up to the given instant and returns the traces by the rules' names.
func (t *Tracer) Finish(until time.Time) ([]*RuleTrace, error) {
	if until.Before(t.clock) {
		until = t.clock
	}
	if err := t.host.Finish(until); err != nil {
		return nil, err
	}
	for _, silence := range engine.PendingSilences(t.host.env, t.host.state, until) {
		trace := t.byRule[silence.Rule.Name]
		trace.Silences = append(trace.Silences, silence)
	}
	for _, trace := range t.traces {
		if trace.Run != nil {
			t.noteStanding(trace)
		}
	}
	return t.traces, nil
}

// Profile returns the learner as the engine sees them at the end.
func (t *Tracer) Profile() engine.Profile {
	t.host.showProfile()
	return t.host.env.Profile
}

// noteStanding notes where a run stands.
func (t *Tracer) noteStanding(trace *RuleTrace) {
	for i := range t.host.state.Runs {
		run := &t.host.state.Runs[i]
		if run.ID != trace.Run.ID || run.Ended {
			continue
		}
		trace.Run.Live = true
		trace.Run.Due = run.Due
		if run.Paused {
			trace.Run.Due = time.Time{}
		}
		if run.PC < len(trace.Rule.Program) {
			trace.Run.Stands = &trace.Rule.Program[run.PC]
		}
	}
}

// addEntry takes in what the engine looked at.
func (t *Tracer) addEntry(entry *engine.TraceEntry) {
	trace := t.byRule[entry.Rule.Name]
	switch entry.Kind {
	case engine.TraceTrigger:
		trace.Seen++
		if entry.Answer.Kind == engine.AnswerGoOn {
			trace.Fitting++
		}
		trace.Last = &TracedTrigger{
			At:        entry.At,
			Event:     entry.Event.Name,
			ID:        entry.Event.ID,
			About:     t.describeKeys(entry),
			Condition: conditionOf(entry),
			Answer:    entry.Answer,
		}
	case engine.TraceStart:
		trace.noteStart(entry)
	case engine.TraceBranch:
		trace.addStep(entry.Run, TracedStep{
			At:        entry.At,
			Instr:     entry.Instr,
			Answer:    entry.Answer,
			Condition: conditionOf(entry),
		})
	case engine.TraceSend:
		kind, stopped := kindOf(entry.Answer.Kind)
		if !stopped {
			return // the outcome follows as a decision
		}
		trace.addStep(entry.Run, TracedStep{
			At:        entry.At,
			Kind:      kind,
			Instr:     entry.Instr,
			Question:  entry.Question,
			Answer:    entry.Answer,
			Condition: conditionOf(entry),
			Message:   entry.Instr.Send.Message,
		})
	}
}

// noteStart notes what came of a trigger whose condition holds.
func (r *RuleTrace) noteStart(entry *engine.TraceEntry) {
	if r.Last != nil { // the trigger was traced just before
		r.Last.Answer = entry.Answer
		r.Last.Run = entry.Run
	}
	if entry.Run == "" {
		return
	}
	r.Started++
	r.Run = &TracedRun{
		ID:    entry.Run,
		Scope: entry.Scope,
		Began: entry.At,
	}
}

// kindOf returns as which decision an answer stops a message; false: it does not, or its run ends, which is a decision of its own.
func kindOf(answer engine.AnswerKind) (engine.Kind, bool) {
	switch answer {
	case engine.AnswerSkip:
		return engine.KindSkipped, true
	case engine.AnswerDefer:
		return engine.KindDeferred, true
	case engine.AnswerWithhold:
		return engine.KindWithheld, true
	case engine.AnswerGoOn, engine.AnswerExit:
	}
	return "", false
}

// addDecision takes in what became of a message, and how a run ended.
func (t *Tracer) addDecision(d engine.Decision) {
	trace := t.byRule[d.Rule]
	if trace == nil {
		return
	}
	step := TracedStep{
		At:      d.At,
		Kind:    d.Kind,
		Message: d.Message,
		Answer: engine.Answer{
			Reason: d.Reason,
			Detail: d.Detail,
		},
	}
	switch d.Kind {
	case engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindExited:
		trace.addStep(d.Run, step)
	case engine.KindAssigned:
		if trace.Run != nil && trace.Run.ID == d.Run {
			trace.Run.Arm = d.Arm
		}
	case engine.KindStarted, engine.KindSkipped, engine.KindDeferred, engine.KindWithheld, engine.KindConverted, engine.KindSuppressed, engine.KindSet: // traced as they are looked at, or no answer to why not
	}
}

// addStep notes a step of the rule's last run. What happens again is noted once, with the last time.
func (r *RuleTrace) addStep(run string, step TracedStep) {
	if r.Run == nil || r.Run.ID != run {
		return
	}
	step.Times = 1
	steps := r.Run.Steps
	if n := len(steps); n > 0 {
		last := &steps[n-1]
		if last.Kind == step.Kind && last.Instr == step.Instr && last.Question == step.Question && last.Answer.Reason == step.Answer.Reason && step.Instr != nil {
			step.Times = last.Times + 1
			*last = step
			return
		}
	}
	if len(steps) >= maxTracedSteps {
		steps = slices.Delete(steps, 0, 1)
	}
	r.Run.Steps = append(steps, step)
}

// conditionOf returns the parts of the condition of an entry; nil: it has none.
func conditionOf(entry *engine.TraceEntry) *engine.Part {
	parted, ok := entry.Cond.(engine.PartedExpr)
	if !ok || entry.Vars == nil {
		return nil
	}
	part := parted.Parts(entry.Vars)
	return &part
}

// describeKeys returns what an event is about: its keys, and of a silence the course.
func (t *Tracer) describeKeys(entry *engine.TraceEntry) string {
	keys := t.keys[entry.Event.Name]
	if len(keys) == 0 {
		keys = []string{engine.KeyCourse}
	}
	text := ""
	for _, key := range keys {
		if value, ok := entry.Event.Text(key); ok {
			if text != "" {
				text += " · "
			}
			text += key + "=" + value
		}
	}
	return text
}
