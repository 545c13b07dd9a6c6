package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
)

// Report counts the outcome of everything that was published. Sends are counted once per event and rule.
//
//	published = unneeded + handed over + dead + those waiting or lost before they were handed over
//	the sends of those handed over = sent + skipped + failed + uncertain + waiting + lost
type Report struct {
	Drill      string `json:"drill"`
	Published  int    `json:"published"`   // events that the stream confirmed, each once
	Unneeded   int    `json:"unneeded"`    // no rule needs them, and no outcome was found
	HandedOver int    `json:"handed_over"` // have left a trace with their learner's workflow
	Sent       int    `json:"sent"`        // the provider has the mail at least once
	Skipped    int    `json:"skipped"`     // no mail was wanted, and a decision says why
	Failed     int    `json:"failed"`      // no mail was wanted, and a decision says what failed
	Uncertain  int    `json:"uncertain"`   // a decision says that it is unknown whether the provider has the mail
	Dead       int    `json:"dead"`        // dead letters
	Waiting    int    `json:"waiting"`     // unfinished when Options.Patience ended
	Doubled    int    `json:"doubled"`     // surplus mails or provider reports
	Lost       int    `json:"lost"`        // wanted and missing, or recorded as sent while the provider has no mail
	NotTaken   int    `json:"not_taken"`   // of the uncertain: the provider does not have it

	Seconds float64  `json:"seconds"`
	Notes   []string `json:"notes,omitempty"`
	// Wrong describes each problem found, at most keepWrong lines. The learners' names are made up.
	Wrong []string `json:"wrong,omitempty"`
	// Doubtful lists the uncertain sends and says of each whether the provider has it.
	Doubtful []string `json:"doubtful,omitempty"`
}

// keepWrong is the maximum number of lines in each list of a Report. The counts are complete.
const keepWrong = 20

// Passed reports whether everything is accounted for. Uncertain sends count as accounted for: each has a decision and is
// never sent again.
func (r Report) Passed() bool { return r.Lost+r.Doubled+r.Waiting == 0 && len(r.Wrong) == 0 }

func (r *Report) addWrong(format string, args ...any) {
	r.Wrong = appendBounded(r.Wrong, fmt.Sprintf(format, args...))
}

func appendBounded(list []string, line string) []string {
	switch {
	case len(list) < keepWrong:
		return append(list, line)
	case len(list) == keepWrong:
		return append(list, "… and more")
	}
	return list
}

// send identifies one mail by learner, rule and quiz.
type send struct{ learner, rule, quiz string }

func (s send) String() string { return s.learner + " " + s.rule + " " + s.quiz }

// mail is a mail that the provider has.
type mail struct {
	send
	id string    // Homeroom's id of the send
	at time.Time // by the drill's clock
}

// evidence is everything that can be observed from outside.
type evidence struct {
	mails     []mail
	decisions []engine.Decision // each once
	dead      map[uint64]string // reason by the event's sequence in the stream
	behind    int               // messages of the stream that are not finished
	// ask reports whether work is under way for a learner, and returns the decisions that the learner's workflow has not
	// published yet. A learner who cannot be asked is busy.
	ask func(learner string) (busy bool, unpublished []engine.Decision)
}

// accountFor compares what was published with the evidence. It does no I/O.
func accountFor(events []*event, unneeded int, e evidence) Report {
	a := accounting{evidence: e, mailed: map[send][]mail{}, decided: map[send][]engine.Decision{}, expected: map[send]bool{}, errors: map[send]int{}, idle: map[string]bool{}}
	for _, m := range e.mails {
		a.mailed[m.send] = append(a.mailed[m.send], m)
	}
	for i := range e.decisions {
		a.addDecision(&e.decisions[i])
	}
	a.Published = len(events) + unneeded
	a.Unneeded = unneeded
	for _, ev := range events {
		a.countEvent(ev)
	}
	a.countConditionErrors()
	if e.behind > 0 { // messages of the stream are unfinished, whatever their content
		a.Waiting = max(a.Waiting, 1)
	}
	a.findUnexpected()
	return a.Report
}

type accounting struct {
	Report
	evidence
	mailed   map[send][]mail
	decided  map[send][]engine.Decision
	expected map[send]bool
	errors   map[send]int    // number of conditions that must have failed; the send has no quiz
	idle     map[string]bool // by learner who was asked: whether no work is under way
}

// sendOf returns the send that a decision is about.
func sendOf(d *engine.Decision) send {
	return send{d.Learner, d.Rule, strings.TrimPrefix(d.Scope, "assessment_id=")}
}

func (a *accounting) addDecision(d *engine.Decision) {
	a.decided[sendOf(d)] = append(a.decided[sendOf(d)], *d)
}

// isBusy asks a learner's workflow once whether work is under way, and adds the decisions that it has not published.
// Workflows publish the end of a run without a mail with delay, so the stream alone does not show it yet.
func (a *accounting) isBusy(learner string) bool {
	idle, known := a.idle[learner]
	if !known {
		busy, unpublished := a.ask(learner)
		for i := range unpublished {
			if d := &unpublished[i]; !slices.ContainsFunc(a.decided[sendOf(d)], func(known engine.Decision) bool { return known.ID == d.ID }) {
				a.addDecision(d)
			}
		}
		idle = !busy
		a.idle[learner] = idle
	}
	return !idle
}

func (a *accounting) countEvent(ev *event) {
	if reason, dead := a.evidence.dead[ev.seq]; dead {
		a.Dead++
		if !ev.wantDead {
			a.addWrong("event %s became a dead letter: %s", ev.id, reason)
		}
		a.addExpected(ev)
		return
	}
	switch {
	case ev.wantDead && a.behind > 0:
		a.Waiting++
	case ev.wantDead:
		a.Lost++
		a.addWrong("event %s is lost: it cannot be read and is no dead letter", ev.id)
	case !ev.isNeeded():
		a.Unneeded++
	default:
		trace := false
		for rule, want := range ev.wantByRule {
			s := send{ev.learner, rule, ev.quiz}
			a.countSend(s, want)
			trace = trace || len(a.decided[s])+len(a.mailed[s]) > 0
		}
		for _, rule := range ev.failingRules {
			trace = trace || len(a.decided[send{learner: ev.learner, rule: rule}]) > 0
		}
		if trace {
			a.HandedOver++
		}
	}
	a.addExpected(ev)
}

func (a *accounting) addExpected(ev *event) {
	for rule := range ev.wantByRule {
		a.expected[send{ev.learner, rule, ev.quiz}] = true
	}
	for _, rule := range ev.failingRules {
		s := send{learner: ev.learner, rule: rule}
		a.expected[s] = true
		a.errors[s]++
	}
}

// countConditionErrors accounts for the conditions that fail. Their decisions have no scope, so they are counted per
// learner and rule.
func (a *accounting) countConditionErrors() {
	for s, want := range a.errors {
		got := 0
		for _, d := range a.decided[s] {
			if d.Kind == engine.KindSkipped && d.Reason == engine.ReasonConditionError {
				got++
			}
		}
		a.Skipped += min(got, want)
		switch {
		case got > want:
			a.addWrong("%s: its condition failed %d times, say the decisions, and should have %d times", s, got, want)
		case got < want && (a.behind > 0 || a.isBusy(s.learner)):
			a.Waiting += want - got
		case got < want:
			a.Lost += want - got
			a.addWrong("%s: its condition failed %d times, and %d decisions say so", s, want, got)
		}
	}
}

// countSend accounts for one send.
func (a *accounting) countSend(s send, want ending) {
	under := a.mayStillCome(s) // called first because it may add decisions
	kinds, why := a.countEndings(s)
	mails := len(a.mailed[s])
	if mails > 1 || kinds[engine.KindSent] > 1 {
		more := max(mails, kinds[engine.KindSent]) - 1
		a.Doubled += more
		a.addWrong("%s is doubled: %d mails, %d decisions that it was sent", s, mails, kinds[engine.KindSent])
	}
	switch {
	case mails > 0 && want != endingMail:
		a.Sent++
		a.addWrong("%s got a mail, and should not have", s)
	case mails > 0 && kinds[engine.KindSent] > 0:
		a.Sent++
	case mails > 0 && kinds[engine.KindUncertain] > 0:
		a.Uncertain++
		a.Doubtful = appendBounded(a.Doubtful, s.String()+": the provider has it")
	case kinds[engine.KindSent] > 0:
		a.addLost(s, "it was sent, says the decision, and the provider has no such mail")
	case kinds[engine.KindUncertain] > 0:
		a.Uncertain++
		a.NotTaken++
		a.Doubtful = appendBounded(a.Doubtful, s.String()+": the provider does not have it")
	case under:
		a.Waiting++
	case mails > 0:
		a.Sent++
		a.addWrong("%s: the provider has the mail, and no decision says so", s)
	case kinds[engine.KindFailed] > 0 && (want == endingFail || want == endingNone):
		a.Failed++
	case kinds[engine.KindSkipped] > 0 && (want == endingSkip || want == endingNone):
		a.Skipped++
	case kinds[engine.KindSkipped]+kinds[engine.KindFailed] > 0:
		a.addLost(s, "no mail: "+why)
	default:
		a.addLost(s, "nothing came of it")
	}
}

// countEndings counts the decisions that end a send, by kind. Exited and withheld sends count as skipped. why is the kind
// and reason of the last decision without a mail.
func (a *accounting) countEndings(s send) (kinds map[engine.Kind]int, why string) {
	kinds = map[engine.Kind]int{}
	for _, d := range a.decided[s] {
		kind := d.Kind
		switch d.Kind {
		case engine.KindStarted, engine.KindDeferred, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
			continue
		case engine.KindSent, engine.KindUncertain:
		case engine.KindFailed, engine.KindSkipped:
			why = fmt.Sprintf("%s, %s", d.Kind, d.Reason)
		case engine.KindExited, engine.KindWithheld:
			kind = engine.KindSkipped
			why = fmt.Sprintf("%s, %s", d.Kind, d.Reason)
		}
		kinds[kind]++
	}
	return kinds, why
}

// mayStillCome reports whether a send or its decision may still come: no decision has ended it, and the stream or the
// learner's workflow has unfinished work.
func (a *accounting) mayStillCome(s send) bool {
	kinds, _ := a.countEndings(s)
	if len(kinds) > 0 {
		return false
	}
	busy := a.behind > 0 || a.isBusy(s.learner)
	kinds, _ = a.countEndings(s)
	return busy && len(kinds) == 0
}

func (a *accounting) addLost(s send, why string) {
	a.Lost++
	a.addWrong("%s is lost: %s", s, why)
}

// findUnexpected reports mails and ended sends that no published event asks for.
func (a *accounting) findUnexpected() {
	for _, m := range a.mails {
		if !a.expected[m.send] {
			a.Doubled++
			a.addWrong("%s: a mail that nothing published asks for", m.send)
		}
		if m.id == "" {
			a.addWrong("%s: a mail without a send id", m.send)
		}
	}
	var unexpected []string
	for s, decisions := range a.decided {
		if kinds, _ := a.countEndings(s); len(kinds) > 0 && !a.expected[s] {
			unexpected = append(unexpected, fmt.Sprintf("%s: %s, for nothing that was published", s, decisions[0].Kind))
		}
	}
	slices.Sort(unexpected)
	for _, line := range unexpected {
		a.addWrong("%s", line)
	}
}
