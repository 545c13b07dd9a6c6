package report

import (
	"strings"
	"time"

	"homeroom/engine"
)

// exposures remembers what brings learners into experiments, besides the messages that were sent, which are among the sends.
type exposures struct {
	messages    names
	splits      names
	arms        names
	channels    names
	terms       []terms // the first stands for records that say nothing
	armLists    [][]engine.ArmShare
	withheld    []withheld
	assignments []assignment
	reactions   map[uint32][]reaction // by learner
}

// withheld is a message that was held back.
type withheld struct {
	at             int64 // Unix milliseconds
	run            uint32
	message, terms uint16
	channel        uint8
	control        bool
}

// assignment is an arm that a run took.
type assignment struct {
	at       int64 // Unix milliseconds
	run      uint32
	split    uint16
	arm      uint16
	terms    uint16
	armLists uint16
	treated  bool
}

// reaction is something that a guardrail counts.
type reaction struct {
	at   int64 // Unix milliseconds
	what reactionKind
}

type reactionKind string

// The reactions.
const (
	reactionUnsubscribed reactionKind = "unsubscribed"
	reactionComplained   reactionKind = "complained"
	reactionBounced      reactionKind = "bounced"
	reactionBackedOff    reactionKind = "backed off"
)

// reactionOf is what a guardrail counts of an event; empty: nothing.
func reactionOf(ev *engine.Event) reactionKind {
	switch ev.Name {
	case eventUnsubscribed:
		return reactionUnsubscribed
	case eventSpamReported:
		return reactionComplained
	case eventBounced:
		return reactionBounced
	}
	return ""
}

// names gives each different name a number.
type names struct {
	list    []string
	indexes map[string]uint16
}

func (n *names) index(name string) uint16 {
	i, known := n.indexes[name]
	if !known {
		if n.indexes == nil {
			n.indexes = map[string]uint16{}
		}
		i = uint16(len(n.list))
		n.list = append(n.list, name)
		n.indexes[name] = i
	}
	return i
}

func newExposures() *exposures {
	return &exposures{
		terms:     []terms{{}},
		reactions: map[uint32][]reaction{},
	}
}

// channelIndex numbers channels. Older records name none: they were mails.
func (e *exposures) channelIndex(name string) uint8 {
	if name == "" {
		channel, _ := engine.ChannelNamed(name)
		name = channel.Name
	}
	return uint8(e.channels.index(name))
}

func (e *exposures) reportsDelivery(channel uint8) bool {
	c, _ := engine.ChannelNamed(e.channels.list[channel])
	return c.ReportsDelivery
}

// termsIndex numbers what an exposure promised; 0: the record says nothing.
func (e *exposures) termsIndex(x *engine.Exposure) uint16 {
	if x == nil {
		return 0
	}
	t := terms{
		Known:   true,
		Holdout: x.Holdout,
		Control: x.Control,
		Within:  x.Within,
	}
	for i := 1; i < len(e.terms); i++ {
		if e.terms[i] == t {
			return uint16(i)
		}
	}
	e.terms = append(e.terms, t)
	return uint16(len(e.terms) - 1)
}

// describeSend notes what a decision about a message says of its experiment. One without an exposure that names its channel is about a
// transactional message, unless another decision about the same message says more.
func (e *exposures) describeSend(s *send, d *engine.Decision) {
	switch {
	case d.Exposure != nil:
		s.terms = e.termsIndex(d.Exposure)
		s.flags &^= sendTransactional
	case s.terms == 0 && d.Channel != "":
		s.flags |= sendTransactional
	}
}

func (e *exposures) addWithheld(run uint32, d *engine.Decision) {
	e.withheld = append(e.withheld, withheld{
		at:      d.At.UnixMilli(),
		run:     run,
		message: e.messages.index(d.Message),
		terms:   e.termsIndex(d.Exposure),
		channel: e.channelIndex(d.Channel),
		control: d.Reason == engine.ReasonControl,
	})
}

func (e *exposures) addAssignment(run uint32, d *engine.Decision) {
	if d.Exposure == nil {
		return
	}
	split, arm, _ := strings.Cut(d.Arm, "=")
	e.assignments = append(e.assignments, assignment{
		at:       d.At.UnixMilli(),
		run:      run,
		split:    e.splits.index(split),
		arm:      e.arms.index(arm),
		terms:    e.termsIndex(d.Exposure),
		armLists: e.armListIndex(d.Exposure.Arms),
		treated:  d.Exposure.Group == engine.GroupTreated,
	})
}

// armListIndex numbers lists of arms. There is one for each revision of a split.
func (e *exposures) armListIndex(arms []engine.ArmShare) uint16 {
	for i := range e.armLists {
		if equalArms(e.armLists[i], arms) {
			return uint16(i)
		}
	}
	e.armLists = append(e.armLists, arms)
	return uint16(len(e.armLists) - 1)
}

func equalArms(a, b []engine.ArmShare) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (e *exposures) addReaction(learner uint32, at time.Time, what reactionKind) {
	e.reactions[learner] = append(e.reactions[learner], reaction{at: at.UnixMilli(), what: what})
}
