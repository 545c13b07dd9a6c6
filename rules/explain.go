package rules

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"homeroom/engine"
	"homeroom/internal/spelling"
)

// Explain puts a rule into words: what it does, its program, what it listens to and which of that wakes workflows.
func (a *Academy) Explain(name string) (string, error) {
	r := a.Ruleset.Rule(name)
	if r == nil {
		var known []string
		for _, rule := range a.Ruleset.Rules {
			known = append(known, rule.Name)
		}
		return "", fmt.Errorf("there is no rule %s: %s", name, spelling.Suggest(name, known))
	}
	e := explainer{academy: a, rule: r}
	e.explainRule()
	e.explainProgram()
	e.explainMessages()
	e.explainCosts()
	e.explainCounts()
	return e.b.String(), nil
}

// explainer writes one rule down.
type explainer struct {
	academy *Academy
	rule    *engine.Rule
	b       strings.Builder
}

func (e *explainer) writeLine(format string, args ...any) { fmt.Fprintf(&e.b, format+"\n", args...) }

// explainRule says what the rule does.
func (e *explainer) explainRule() {
	r := e.rule
	e.writeLine("%s", r.Name)
	if r.About != "" {
		e.writeLine("%s", strings.TrimSpace(r.About))
	}
	e.writeLine("")
	e.writeLine("Starts %s%s.", TriggerWords(r), conditionWords(r))
	if r.When.Staff {
		e.explainStaff()
		return
	}
	if len(r.Per) == 0 {
		e.writeLine("A learner has one live run of it.")
	} else {
		e.writeLine("A learner has one live run of it per %s.", strings.Join(r.Per, " and "))
	}
	switch {
	case r.Again.Always:
		e.writeLine("It may start again as soon as a run has ended.")
	case r.Again.Restart:
		e.writeLine("A new trigger ends the run that is under way and begins anew.")
	case r.Again.After > 0:
		e.writeLine("It may start again %s after the start of the run before.", engine.FormatDuration(r.Again.After))
	default:
		e.writeLine("It never starts a second time.")
	}
	for i := range r.Until {
		e.writeLine("A run leaves at once when %s.", matchWords(&r.Until[i], r.Per))
	}
	if r.Goal != nil {
		e.writeLine("Success is that %s, within %s of the run's first message.", matchWords(&r.Goal.Match, r.Per), engine.FormatDuration(r.Goal.Within))
	}
	if r.Holdout > 0 {
		e.writeLine("%s of the learners are held out: they walk the same steps, but their messages are withheld.", percentText(r.Holdout))
	}
	if control := e.academy.Settings.Control; control > 0 {
		e.writeLine("%s of all learners are in the control group and get no messages of any rule, except transactional ones.", percentText(control))
	}
	if r.Paused {
		e.writeLine("It is paused: runs hold at their next send.")
	}
	e.writeLine("Its messages have priority %d of 100.", r.Priority)
}

// TriggerWords says when a rule starts, without its condition: "when assessment.graded arrives".
func TriggerWords(r *engine.Rule) string {
	const course = "a course that the learner is enrolled in and has neither completed nor cancelled"
	inactive := engine.FormatDuration(r.When.Inactive)
	switch {
	case r.When.Date != nil:
		return dateWords(r)
	case r.When.Schedule != nil:
		return scheduleWords(r.When.Schedule)
	case r.When.Broadcast:
		return "when somebody starts it with `homeroom broadcast " + r.Name + "`, " + audienceWords(r)
	case r.When.Audience != nil:
		return "when " + r.When.Match.Event + " is published, " + audienceWords(r)
	case r.When.Overdue > 0:
		return engine.FormatDuration(r.When.Overdue) + " after " + r.When.OverdueWords() + " was due in " + course + ", unless it has been handed in"
	case r.When.Staff:
		return "when " + r.When.Match.Event + " arrives, which has no learner"
	case r.When.Inactive == 0:
		return "when " + r.When.Match.Event + " arrives" + modeWords(r.When.Match.Mode, nil)
	case r.When.Platform:
		return "after " + inactive + " without any activity"
	case r.When.AtRisk > 0:
		return fmt.Sprintf("when the risk in %s reaches %g after at least %s without activity in it%s", course, r.When.AtRisk, inactive, orSilentWords(r))
	}
	return "after " + inactive + " without activity in " + course
}

// conditionWords is the condition under which a rule starts, behind its trigger.
func conditionWords(r *engine.Rule) string {
	cond := r.When.Match.If
	if cond != nil && !r.When.IsState() {
		return " and " + cond.Source()
	}
	return ifWords(cond)
}

// explainProgram lists the instructions.
func (e *explainer) explainProgram() {
	e.writeLine("\nProgram")
	w := tabwriter.NewWriter(&e.b, 0, 0, 2, ' ', 0)
	for pc := range e.rule.Program {
		in := &e.rule.Program[pc]
		fmt.Fprintf(w, "  %d\t%s\t%s\n", pc, in.ID, instrWords(in, e.rule.Per))
	}
	fmt.Fprintf(w, "  %d\t\tthe run is over\n", len(e.rule.Program))
	w.Flush() //nolint:errcheck // it writes to memory
}

func instrWords(in *engine.Instr, per []string) string {
	switch in.Op {
	case engine.OpWait:
		return "wait " + engine.FormatDuration(in.Dur)
	case engine.OpWaitClock:
		text := fmt.Sprintf("wait until %02d:%02d where the learner lives", in.Clock/60, in.Clock%60)
		if in.Usual {
			text = "wait until the hour at which the learner's last session began; in quiet hours, the last half hour before them"
		}
		var days []string
		for _, d := range in.Days {
			days = append(days, weekdays[d])
		}
		if len(days) > 0 {
			text += ", on " + strings.Join(days, ", ")
		}
		return text
	case engine.OpWaitTime:
		return "wait until " + in.Expr.Source()
	case engine.OpWaitFor:
		since := ""
		if in.SinceStep {
			since = " from here on"
		}
		return fmt.Sprintf("wait at most %s for %s%s%s; without it go to %d", engine.FormatDuration(in.Dur), eventWords(in.Match, per), since, asWords(in), in.Else)
	case engine.OpSend:
		return sendWords(in.Send)
	case engine.OpBranch:
		return fmt.Sprintf("if %s; else go to %d", in.Expr.Source(), in.Else)
	case engine.OpJump:
		return fmt.Sprintf("go to %d", in.Else)
	case engine.OpSuppress:
		return suppressWords(in)
	case engine.OpSet:
		return setWords(in)
	case engine.OpFallback:
		return fallbackWords(in)
	case engine.OpCollect:
		return collectWords(in, per)
	case engine.OpStop:
		return "stop: " + in.Reason
	case engine.OpSplit:
		return splitWords(in.Split)
	}
	return string(in.Op)
}

// asWords says under which name a wait_for's event is kept, and what of it.
func asWords(in *engine.Instr) string {
	switch {
	case in.As == "":
		return ""
	case len(in.Reads) == 0:
		return ", kept as " + in.As
	}
	return fmt.Sprintf(", kept as %s (%s)", in.As, strings.Join(in.Reads, ", "))
}

func sendWords(s *engine.SendStep) string {
	text := fmt.Sprintf("send %s by %s", s.Message, s.Channel)
	switch s.Channel {
	case engine.ChannelInApp:
		text = fmt.Sprintf("show %s in the app", s.Message)
	case engine.ChannelWebhook:
		text = fmt.Sprintf("post %s to its target", s.Message)
	case engine.ChannelPush:
		text = fmt.Sprintf("push %s to the learner's apps", s.Message)
	}
	text += staffWords(s)
	if s.Topic != "" {
		text += ", topic " + s.Topic
	}
	if s.Transactional && s.Staff == "" {
		text += ", transactional"
	}
	for _, b := range s.With {
		text += fmt.Sprintf(", with %s = %s", b.Name, b.Expr.Source())
	}
	if s.Patience > 0 {
		text += ", at most " + engine.FormatDuration(s.Patience) + " late"
	}
	if s.Expires != nil {
		text += ", not after " + s.Expires.Source()
	}
	return text + ifWords(s.If)
}

// explainMessages lists what is sent.
func (e *explainer) explainMessages() {
	var names []string
	for i := range e.rule.Program {
		if s := e.rule.Program[i].Send; s != nil && !slices.Contains(names, s.Message) {
			names = append(names, s.Message)
		}
	}
	if len(names) == 0 {
		return
	}
	e.writeLine("\nMessages")
	w := tabwriter.NewWriter(&e.b, 0, 0, 2, ' ', 0)
	for _, name := range names {
		locales := []string{"in one language"}
		if found := e.academy.Library.Locales(name); len(found) > 1 {
			locales = append([]string{"also in"}, found[1:]...)
		}
		fmt.Fprintf(w, "  %s\t%s\t%q%s\n", name, strings.Join(locales, " "), e.academy.Library.Message(name, "").Subject, e.targetWords(name)+e.copyWords(name))
	}
	w.Flush() //nolint:errcheck // it writes to memory
	e.explainQuestions()
}

// explainQuestions lists what is asked before the rule's messages are sent.
func (e *explainer) explainQuestions() {
	var transactional, other bool
	for i := range e.rule.Program {
		if s := e.rule.Program[i].Send; s != nil && s.Staff != "" {
			e.writeLine("%s goes to %s: no caps, no quiet hours, no holdout, no links of a learner, and nothing is tracked.", s.Message, e.staffWords(s.Staff))
		} else if s != nil {
			transactional = transactional || s.Transactional
			other = other || !s.Transactional
		}
	}
	if other {
		e.writeLine("Asked before a message is sent, in this order: %s.", questionNames(false))
		e.explainCaps()
	}
	if transactional {
		e.writeLine("Asked before a transactional message is sent: %s.", questionNames(true))
	}
}

// explainCaps lists the caps under which the rule's messages count.
func (e *explainer) explainCaps() {
	var words []string
	for i := range e.academy.Ruleset.Settings.Caps {
		limit := &e.academy.Ruleset.Settings.Caps[i]
		if slices.ContainsFunc(e.rule.Program, func(in engine.Instr) bool {
			return in.Send != nil && !in.Send.Transactional && limit.Covers(in.Send.Topic, in.Send.Channel)
		}) {
			words = append(words, capWords(limit))
		}
	}
	if len(words) > 0 {
		e.writeLine("Caps that its messages count under: %s.", strings.Join(words, "; "))
	}
}

func capWords(limit *engine.Cap) string {
	text := fmt.Sprintf("%d per %s", limit.Max, engine.FormatDuration(limit.Per))
	if limit.Topic != "" {
		text += " of the topic " + limit.Topic
	}
	if limit.Channel != "" {
		text += " on the channel " + limit.Channel
	}
	return text
}

func questionNames(transactional bool) string {
	var names []string
	for _, q := range engine.SendQuestions() {
		if q.Transactional || !transactional {
			names = append(names, q.Name)
		}
	}
	return strings.Join(names, ", ")
}

const eachTime = "each time"

func orSilentWords(r *engine.Rule) string {
	if r.When.OrSilent == 0 {
		return ""
	}
	return ", or after " + engine.FormatDuration(r.When.OrSilent) + " without any"
}

func matchWords(m *engine.Match, per []string) string {
	text := m.Event + " arrives" + modeWords(m.Mode, per)
	if m.If != nil {
		text += " and " + m.If.Source()
	}
	return text
}

func eventWords(m *engine.Match, per []string) string {
	return m.Event + modeWords(m.Mode, per) + ifWords(m.If)
}

// modeWords says which events of the name are meant, where it is not those that belong to the run.
func modeWords(mode engine.MatchMode, per []string) string {
	key := "key"
	if len(per) > 0 {
		key = strings.Join(per, " or ")
	}
	switch mode {
	case engine.MatchAny:
		return " (any of the learner's)"
	case engine.MatchOther:
		return " (with another " + key + " than the run's)"
	case engine.MatchSame:
	}
	return ""
}

func ifWords(cond engine.Expr) string {
	if cond == nil {
		return ""
	}
	return ", if " + cond.Source()
}

func percentText(share float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", share), ".0") + " %"
}
