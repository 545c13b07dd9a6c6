package ruletest

import (
	"maps"
	"time"

	"homeroom/engine"
	"homeroom/simulate"
)

// Result is how a test came out.
type Result struct {
	Test      *Test
	Passed    bool
	Decisions []engine.Decision
	Timeline  []Line
	Err       error // the engine misbehaved
}

// Run plays the case on a virtual clock up to Until, inclusive. Coverage may be nil; else it notes what is reached.
func (c *Case) Run(coverage *Coverage) Result {
	res := Result{Test: c.Test}
	opts := simulate.HostOptions{
		Learner:         c.Test.learnerID(),
		Ruleset:         c.ruleset,
		Profile:         c.profile,
		AssumeReachable: c.Test.Learner == nil,
		Assign:          engine.AssignNobody,
		Paths:           c.Test.Paths,
		Decided:         func(d engine.Decision) { res.Decisions = append(res.Decisions, d) },
	}
	texts := map[string]string{} // of the messages that were rendered, by send
	if c.render != nil {
		opts.Compose = func(s engine.Send, p engine.Profile) error {
			text, err := c.render(s, p)
			texts[s.ID] = text
			return err
		}
	}
	if c.Test.HeldOut {
		opts.Assign = engine.AssignAll
	}
	if coverage != nil {
		opts.Ruleset = coverage.watchRuleset(c.ruleset)
		opts.Stepped = coverage.noteStep
	}
	host := simulate.NewHost(opts)
	staff := simulate.NewStaff(opts)
	for i, d := range c.events {
		if c.Test.Events[i].At.After(c.Test.Until) {
			break
		}
		if of := c.Test.Events[i].Of; of != "" {
			// What falls due before the event is decided first, so that lastSend finds the message.
			if res.Err = host.Finish(c.Test.Events[i].At.Add(-time.Nanosecond)); res.Err != nil {
				return res
			}
			d.Event.Properties = maps.Clone(d.Event.Properties)
			d.Event.Properties[engine.KeySend] = lastSend(res.Decisions, of)
		}
		if d.Event.Learner == engine.NoLearner {
			if res.Err = staff.ApplyEvent(&d.Event, c.Test.Events[i].At); res.Err != nil {
				return res
			}
		}
		if res.Err = host.Event(d, c.Test.Events[i].At); res.Err != nil {
			return res
		}
	}
	if res.Err = host.Finish(c.Test.Until); res.Err != nil {
		return res
	}
	if res.Err = staff.Finish(c.Test.Until); res.Err != nil {
		return res
	}
	res.Timeline, res.Passed = compareTimeline(c.Test, res.Decisions, texts)
	return res
}

// lastSend returns the id of the last message of a name that was sent.
func lastSend(decisions []engine.Decision, message string) string {
	for i := len(decisions) - 1; i >= 0; i-- {
		if d := &decisions[i]; d.Kind == engine.KindSent && d.Message == message {
			return d.Send
		}
	}
	return notSent
}

// DiffMark says what a line of a timeline means.
type DiffMark byte

// The marks.
const (
	Same       DiffMark = ' ' // it happened, as expected or not asked about
	Missing    DiffMark = '-' // it was expected and did not happen
	Unexpected DiffMark = '+' // it happened and was not expected
)

// Line is one line of a test's timeline.
type Line struct {
	Mark DiffMark
	At   time.Time
	Kind string // "event" or a kind of decision
	What string // the event, message or rule
	Why  string // reason and more; may be empty
	rank int    // order within an instant
}
