package simulate

import (
	"time"

	"homeroom/engine"
)

// PathCounter counts the moves of many learners into a PathLog, ahead of the hosts that decide for them. It is not safe for concurrent use; several may count
// into one log.
type PathCounter struct {
	ruleset engine.Ruleset
	log     *engine.PathLog
	learner map[string]*engine.Standing
}

// NewPathCounter returns a counter of the moves that a ruleset's events make. log gets them.
func NewPathCounter(rs *engine.Ruleset, log *engine.PathLog) *PathCounter {
	c := &PathCounter{ruleset: *rs, log: log, learner: map[string]*engine.Standing{}}
	c.ruleset.Counted = nil // it is asked for nothing but moves
	c.ruleset.CountedBy = nil
	c.ruleset.Settings.Risk = nil
	return c
}

// Count takes in an event that arrived at an instant.
func (c *PathCounter) Count(ev *engine.Event, arrival time.Time) {
	st := c.standingOf(ev.Learner)
	st.Apply(ev, &c.ruleset, arrival)
	for _, m := range st.Moves {
		c.log.Add(m, arrival)
	}
	st.Moves = st.Moves[:0]
}

func (c *PathCounter) standingOf(learner string) *engine.Standing {
	st := c.learner[learner]
	if st == nil {
		st = &engine.Standing{}
		c.learner[learner] = st
	}
	return st
}

// mergeLearner makes one learner of two ids.
func (c *PathCounter) mergeLearner(previous, into string) {
	if st := c.learner[previous]; st != nil {
		c.standingOf(into).Absorb(previous, st, &c.ruleset)
		delete(c.learner, previous)
	}
}

// Forget forgets a learner who does nothing any more.
func (c *PathCounter) Forget(learner string) { delete(c.learner, learner) }
