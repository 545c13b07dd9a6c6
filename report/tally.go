package report

import (
	"cmp"
	"slices"
	"time"

	"homeroom/experiment"
)

// exposed is one exposure of a learner to a message of a rule.
type exposed struct {
	at        int64 // Unix milliseconds
	learner   uint32
	run       uint32
	rule      uint16
	message   uint16
	terms     uint16
	channel   uint8
	group     group
	delivered bool
}

// group is an index of a tally's sides.
type group uint8

const (
	groupTreated group = iota
	groupHoldout
	groupControl
	groupCount
)

// experiments works out the experiments of all rules, by the rules' index; nil: a rule has no sign of a goal or of a holdout.
func (c *Counter) experiments() []*Experiment {
	l := c.attribution
	all := c.listExposures()
	slices.SortFunc(all, func(a, b exposed) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.learner, b.learner), cmp.Compare(a.at, b.at), cmp.Compare(a.run, b.run), cmp.Compare(a.message, b.message))
	})
	now := c.opts.Now
	if latest := time.UnixMilli(l.exposures.latest).UTC(); latest.After(now) {
		now = latest
	}
	tallies := make([]*ruleTally, len(l.rules))
	for i := range tallies {
		tallies[i] = newRuleTally(c, now)
	}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].rule == all[0].rule && all[n].learner == all[0].learner {
			n++
		}
		tallies[all[0].rule].addLearner(all[:n])
		all = all[n:]
	}
	c.addArms(tallies)
	found := make([]*Experiment, len(tallies))
	for i, t := range tallies {
		if found[i] = t.experiment(); found[i] != nil {
			found[i].Judge(cmp.Or(c.opts.Method, experiment.Sequential), now)
		}
	}
	return found
}

// listExposures lists every exposure. Older records do not tell a transactional message, which everybody gets, from another; but a run from which
// a message was withheld was sent no other.
func (c *Counter) listExposures() []exposed {
	l := c.attribution
	all := make([]exposed, 0, len(l.sends)+len(l.exposures.withheld))
	for i := range l.sends {
		s := &l.sends[i]
		r := &l.runs[s.run]
		if s.flags&sendTransactional != 0 || s.terms == 0 && r.flags&(runHeldOut|runControl) != 0 {
			continue
		}
		all = append(all, exposed{
			at:        s.at,
			learner:   r.learner,
			run:       s.run,
			rule:      r.rule,
			message:   s.message,
			terms:     s.terms,
			channel:   s.channel,
			group:     groupTreated,
			delivered: s.flags&sendDelivered != 0,
		})
	}
	for i := range l.exposures.withheld {
		w := &l.exposures.withheld[i]
		r := &l.runs[w.run]
		group := groupHoldout
		if w.control {
			group = groupControl
		}
		all = append(all, exposed{
			at:      w.at,
			learner: r.learner,
			run:     w.run,
			rule:    r.rule,
			message: w.message,
			terms:   w.terms,
			channel: w.channel,
			group:   group,
		})
	}
	return all
}

// ruleTally counts the people of one rule.
type ruleTally struct {
	counter   *Counter
	exposures *exposures
	now       int64 // Unix milliseconds
	whole     sideTally
	both      int
	messages  map[uint16]*sideTally
	channels  map[uint8]*sideTally
	splits    map[string]*splitTally
	newest    int64 // Unix milliseconds of the newest exposure
	within    int64
	goal      bool // a record has a goal, or says nothing
	sign      bool // of a goal or of a holdout
}

// sideTally counts people by group.
type sideTally struct {
	sides   [groupCount]Side
	first   int64 // Unix milliseconds; 0: nobody
	last    int64 // Unix milliseconds
	follows bool
}

func newRuleTally(c *Counter, now time.Time) *ruleTally {
	return &ruleTally{
		counter:   c,
		exposures: c.attribution.exposures,
		now:       now.UnixMilli(),
		messages:  map[uint16]*sideTally{},
		channels:  map[uint8]*sideTally{},
		splits:    map[string]*splitTally{},
	}
}

// addLearner counts a learner by their exposures, of which the earliest comes first.
func (t *ruleTally) addLearner(all []exposed) {
	for i := range all {
		x := &all[i]
		if x.at >= t.newest {
			t.newest = x.at
			t.within = t.exposures.terms[x.terms].within
		}
		t.goal = t.goal || x.terms == 0 || t.exposures.terms[x.terms].within > 0
		promised := t.exposures.terms[x.terms]
		t.sign = t.sign || x.group != groupTreated || t.reached(x.run) || promised.within > 0 && x.terms != 0
		if x.group != all[0].group {
			t.both++
			return
		}
	}
	t.count(&t.whole, all, all)
	messages := map[uint16]bool{}
	channels := map[uint8]bool{}
	for i := range all {
		x := &all[i]
		if !messages[x.message] {
			messages[x.message] = true
			part := ensureTally(t.messages, x.message)
			part.follows = part.follows || i > 0
			t.count(part, all[i:], sameMessage(all[i:]))
		}
		if !channels[x.channel] {
			channels[x.channel] = true
			part := ensureTally(t.channels, x.channel)
			part.follows = part.follows || i > 0
			t.count(part, all[i:], sameChannel(all[i:]))
		}
	}
}

func ensureTally[K comparable](by map[K]*sideTally, key K) *sideTally {
	if by[key] == nil {
		by[key] = &sideTally{}
	}
	return by[key]
}

// sameMessage leaves the exposures to the message of the first.
func sameMessage(all []exposed) []exposed {
	if len(all) == 1 {
		return all
	}
	var same []exposed
	for i := range all {
		if all[i].message == all[0].message {
			same = append(same, all[i])
		}
	}
	return same
}

// sameChannel leaves the exposures through the channel of the first.
func sameChannel(all []exposed) []exposed {
	if len(all) == 1 {
		return all
	}
	var same []exposed
	for i := range all {
		if all[i].channel == all[0].channel {
			same = append(same, all[i])
		}
	}
	return same
}

// reached reports whether a run reached its goal. The engine has asked whether it was in time.
func (t *ruleTally) reached(run uint32) bool {
	return t.counter.attribution.runs[run].flags&runConverted != 0
}

// count counts a learner who enters with the first of the exposures. Those in messages are the ones whose delivery counts.
func (t *ruleTally) count(into *sideTally, all, messages []exposed) {
	x := &all[0]
	promised := t.exposures.terms[x.terms]
	side := &into.sides[x.group]
	t.countPerson(side, x.learner, x.at, x.run, promised.within)
	if into.first == 0 || x.at < into.first {
		into.first = x.at
	}
	into.last = max(into.last, x.at)
	if x.terms != 0 {
		side.Known++
		into.promise(promised)
	}
	if x.group == groupTreated {
		t.countDelivered(side, messages)
	}
}

// countPerson counts a learner who entered at an instant with a run.
func (t *ruleTally) countPerson(side *Side, learner uint32, at int64, run uint32, within int64) {
	side.People++
	if t.reached(run) {
		side.Reached++
	}
	if within > 0 && at+1000*within > t.now {
		side.Open++
	}
	until := at + 1000*within
	if within == 0 {
		until = at + (GuardrailDays * 24 * time.Hour).Milliseconds()
	}
	seen := map[reactionKind]bool{}
	for _, r := range t.exposures.reactions[learner] {
		if r.at < at || r.at > until || seen[r.what] {
			continue
		}
		seen[r.what] = true
		switch r.what {
		case reactionUnsubscribed:
			side.Guardrails.Unsubscribed++
		case reactionComplained:
			side.Guardrails.Complained++
		case reactionBounced:
			side.Guardrails.Bounced++
		case reactionBackedOff:
			side.Guardrails.BackedOff++
		}
	}
}

// countDelivered counts a learner to whom a message was delivered, if any of the channels reports that.
func (t *ruleTally) countDelivered(side *Side, messages []exposed) {
	reports := false
	delivered := false
	for i := range messages {
		reports = reports || t.counter.delivered && t.exposures.reportsDelivery(messages[i].channel)
		delivered = delivered || messages[i].delivered
	}
	if !reports {
		return
	}
	if side.Delivered == nil {
		side.Delivered = new(int)
	}
	if delivered {
		*side.Delivered++
	}
}

// promise adds what the shares in force promise to each group of one learner more.
func (t *sideTally) promise(p terms) {
	control := min(max(p.control, 0), 100) / 100
	holdout := (1 - control) * min(max(p.holdout, 0), 100) / 100
	t.sides[groupControl].Promised += control
	t.sides[groupHoldout].Promised += holdout
	t.sides[groupTreated].Promised += 1 - control - holdout
}

// experiment puts the counts together; nil: there is no sign of a goal or of a holdout.
func (t *ruleTally) experiment() *Experiment {
	if !t.sign && len(t.splits) == 0 {
		return nil
	}
	e := &Experiment{
		Treated:       t.whole.sides[groupTreated],
		Holdout:       t.whole.sides[groupHoldout],
		Control:       t.whole.sides[groupControl],
		InBothGroups:  t.both,
		First:         timeOf(t.whole.first),
		Last:          timeOf(t.whole.last),
		WithinSeconds: t.within,
		NoGoal:        !t.goal,
	}
	for message, tally := range t.messages {
		e.Messages = append(e.Messages, tally.part(t.exposures.messages.list[message]))
	}
	for channel, tally := range t.channels {
		e.Channels = append(e.Channels, tally.part(t.exposures.channels.list[channel]))
	}
	for name, split := range t.splits {
		e.Splits = append(e.Splits, split.report(name))
	}
	slices.SortFunc(e.Messages, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(e.Channels, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(e.Splits, func(a, b Split) int { return cmp.Compare(a.Name, b.Name) })
	return e
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (t *sideTally) part(name string) Part {
	return Part{
		Name:    name,
		Treated: t.sides[groupTreated],
		Holdout: t.sides[groupHoldout],
		First:   timeOf(t.first),
		Follows: t.follows,
	}
}
