package backtest

import (
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
)

// worker runs learners, one after another, on one goroutine.
type worker struct {
	opts      *Options
	readAlike bool // both sides decode alike
	workspace *simulate.Workspace
	decoded   catalog.Decoded
	problem   *catalog.DecodeError
	learner   string
	before    side
	after     side
	months    []month // of the learner, by time
	pairs     pairing
	counts    *Partial
}

// side is one ruleset with the learner that it runs at the moment.
type side struct {
	rules     *Rules
	since     time.Time
	quiet     *engine.QuietHours // those that InQuietHours asks; nil: there are none
	host      *simulate.Host
	decisions []decision            // about messages, in the range, in order
	counts    *sideCounts           // those of the worker
	shapes    shapes                // what is to be rendered
	paths     *engine.PathLog       // nil: no rule of the side asks what comes next
	counter   *simulate.PathCounter // likewise
}

// decision is what is kept of a decision about a message.
type decision struct {
	at      time.Time
	kind    engine.Kind
	reason  engine.Reason
	rule    string
	scope   string
	message string
	run     string
	until   time.Time
}

// month is a calendar month of the learner.
type month struct {
	index  int // year × 12 + month − 1
	before int // messages
	after  int
}

func newWorker(opts *Options) *worker {
	w := &worker{
		opts:      opts,
		readAlike: opts.Before.Decoder == opts.After.Decoder,
		workspace: simulate.NewWorkspace(),
		counts:    NewPartial(),
	}
	quiet := opts.Before.Ruleset.Settings.Quiet
	if quiet == nil {
		quiet = opts.After.Ruleset.Settings.Quiet
	}
	w.before = side{rules: &opts.Before, since: opts.Since, quiet: quiet, counts: &w.counts.Before, shapes: shapes{}}
	w.after = side{rules: &opts.After, since: opts.Since, quiet: quiet, counts: &w.counts.After, shapes: shapes{}}
	return w
}

// sides returns both sides, the one in force first.
func (w *worker) sides() [2]*side { return [2]*side{&w.before, &w.after} }

// beginLearner makes the worker ready for another learner.
func (w *worker) beginLearner(name string) {
	w.learner = name
	w.months = w.months[:0]
	for _, s := range w.sides() {
		s.decisions = s.decisions[:0]
		options := simulate.HostOptions{
			Learner:         name,
			Ruleset:         s.rules.Ruleset,
			AssumeReachable: w.opts.AssumeReachable,
			Workspace:       w.workspace,
			Decided:         s.takeDecision,
			Paths:           s.paths,
		}
		if s.rules.Render != nil {
			options.Compose = s.noteSend
		}
		s.host = simulate.NewHost(options)
	}
}

// takeDecision keeps and counts a decision about a message of the range.
func (s *side) takeDecision(d engine.Decision) {
	if d.At.Before(s.since) || d.Message == "" {
		return
	}
	switch d.Kind {
	case engine.KindSent:
		quiet := s.quiet != nil && s.quiet.Covers(d.At, s.host.Zone())
		s.counts.countSent(d.At, quiet)
	case engine.KindSkipped, engine.KindDeferred, engine.KindWithheld:
		s.counts.countUnsent(&d)
	case engine.KindFailed, engine.KindUncertain:
	case engine.KindStarted, engine.KindExited, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
		return
	}
	s.decisions = append(s.decisions, decision{
		at:      d.At,
		kind:    d.Kind,
		reason:  d.Reason,
		rule:    d.Rule,
		scope:   d.Scope,
		message: d.Message,
		run:     d.Run,
		until:   d.Until,
	})
}

// noteSend keeps a message of each shape, to be rendered later. It refuses none.
func (s *side) noteSend(send engine.Send, p engine.Profile) error {
	if !send.At.Before(s.since) {
		s.shapes.noteMessage(&send, &p)
	}
	return nil
}

// countUnreadable counts a body that the side's rules would not get; one that a source ignores is none.
func (s *side) countUnreadable(problem *catalog.DecodeError) {
	if problem.IsIgnored() {
		return
	}
	s.counts.Unreadable[problem.Code]++
}

// noteActivity counts the month of an event of the range.
func (w *worker) noteActivity(at time.Time) {
	if !at.Before(w.opts.Since) {
		w.monthOf(at)
	}
}

// monthOf returns the learner's month of an instant.
func (w *worker) monthOf(at time.Time) *month {
	year, number, _ := at.UTC().Date()
	index := year*12 + int(number) - 1
	for i := len(w.months) - 1; i >= 0; i-- { // most often the last
		if w.months[i].index == index {
			return &w.months[i]
		}
	}
	w.months = append(w.months, month{index: index})
	return &w.months[len(w.months)-1]
}
