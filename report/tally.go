package report

import (
	"cmp"
	"slices"
	"time"

	"homeroom/engine"
)

// exposed is one exposure of a learner to a message of a rule.
type exposed struct {
	at        int64 // Unix milliseconds
	learner   uint32
	run       uint32
	order     uint32 // among the exposures
	rule      uint16
	message   uint16
	terms     uint16
	channel   uint8
	group     group
	delivered bool
}

// segmentIndex is a Segment whose names are numbers.
type segmentIndex struct {
	rule  uint16
	part  part
	group group
	name  uint16
	arm   uint16 // plus one; 0: those who met the split
	arms  uint16
	terms uint16
}

// experimentTally counts the people of all rules.
type experimentTally struct {
	counter   *Counter
	exposures *exposures
	rules     []RuleCounts // by the rules' index; only what experiments count
	cohorts   map[segmentIndex]*Cohort
}

// tallyExperiments counts the people of all rules.
func (c *Counter) tallyExperiments() *experimentTally {
	t := &experimentTally{
		counter:   c,
		exposures: c.attribution.exposures,
		rules:     make([]RuleCounts, len(c.attribution.rules)),
		cohorts:   map[segmentIndex]*Cohort{},
	}
	all := c.listExposures()
	delivered := t.listDelivered(all)
	slices.SortFunc(all, func(a, b exposed) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.learner, b.learner), cmp.Compare(a.at, b.at), cmp.Compare(a.run, b.run), cmp.Compare(a.order, b.order))
	})
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].rule == all[0].rule && all[n].learner == all[0].learner {
			n++
		}
		t.addLearner(all[:n])
		all = all[n:]
	}
	t.addArms(delivered)
	return t
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
			order:     uint32(len(all)),
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
			order:   uint32(len(all)),
			rule:    r.rule,
			message: w.message,
			terms:   w.terms,
			channel: w.channel,
			group:   group,
		})
	}
	return all
}

// addLearner counts a learner in a rule by their exposures, of which the earliest comes first.
func (t *experimentTally) addLearner(all []exposed) {
	counts := &t.rules[all[0].rule]
	goal := false
	sign := false
	both := false
	for i := range all {
		x := &all[i]
		promised := &t.exposures.terms[x.terms]
		goal = goal || !promised.Known || promised.Within > 0
		sign = sign || x.group != groupTreated || t.hasReachedGoal(x.run) || promised.Known && promised.Within > 0
		both = both || x.group != all[0].group
	}
	countIf(&counts.Goals, goal)
	countIf(&counts.Signs, sign)
	countIf(&counts.Both, both)
	if both {
		return
	}
	t.countLearner(partRule, 0, all, func(*exposed) bool { return true })
	for i := range all {
		x := &all[i]
		sameMessage := func(o *exposed) bool { return o.message == x.message }
		if !containsExposure(all[:i], sameMessage) {
			cohort := t.countLearner(partMessage, x.message, all[i:], sameMessage)
			countIf(&cohort.Figures.Follows, i > 0)
		}
		sameChannel := func(o *exposed) bool { return o.channel == x.channel }
		if !containsExposure(all[:i], sameChannel) {
			cohort := t.countLearner(partChannel, uint16(x.channel), all[i:], sameChannel)
			countIf(&cohort.Figures.Follows, i > 0)
		}
	}
}

func containsExposure(all []exposed, fits func(*exposed) bool) bool {
	for i := range all {
		if fits(&all[i]) {
			return true
		}
	}
	return false
}

func countIf(n *int, yes bool) {
	if yes {
		*n++
	}
}

// hasReachedGoal reports whether a run reached its goal. The engine has asked whether it was in time.
func (t *experimentTally) hasReachedGoal(run uint32) bool {
	return t.counter.attribution.runs[run].flags&runConverted != 0
}

// countLearner counts a learner who enters with the first of the exposures. The delivery of those counts that fit.
func (t *experimentTally) countLearner(part part, name uint16, all []exposed, fits func(*exposed) bool) *Cohort {
	x := &all[0]
	cohort := t.ensureCohort(segmentIndex{
		rule:  x.rule,
		part:  part,
		group: x.group,
		name:  name,
		terms: x.terms,
	})
	t.countPerson(cohort, x.learner, x.at, x.run, x.terms)
	if x.group == groupTreated {
		t.countDelivered(cohort, all, fits)
	}
	return cohort
}

func (t *experimentTally) ensureCohort(segment segmentIndex) *Cohort {
	c := t.cohorts[segment]
	if c == nil {
		c = newCohort()
		t.cohorts[segment] = c
	}
	return c
}

// countPerson counts a learner who entered at an instant with a run.
func (t *experimentTally) countPerson(c *Cohort, learner uint32, at int64, run uint32, terms uint16) {
	c.Entered[hourOf(at)]++
	if t.hasReachedGoal(run) {
		c.Reached[hourOf(at)]++
	}
	reactions := t.exposures.reactions[learner]
	if len(reactions) == 0 {
		return
	}
	watched := 1000 * t.exposures.terms[terms].Within
	if watched == 0 {
		watched = (GuardrailDays * 24 * time.Hour).Milliseconds()
	}
	seen := map[reactionKind]bool{}
	for _, r := range reactions {
		if r.at < at || r.at > at+watched || seen[r.what] {
			continue
		}
		seen[r.what] = true
		switch r.what {
		case reactionUnsubscribed:
			c.Figures.Guardrails.Unsubscribed++
		case reactionComplained:
			c.Figures.Guardrails.Complained++
		case reactionBounced:
			c.Figures.Guardrails.Bounced++
		case reactionBackedOff:
			c.Figures.Guardrails.BackedOff++
		}
	}
}

// countDelivered counts a learner to whom a message was delivered, if any of the channels reports that.
func (t *experimentTally) countDelivered(c *Cohort, messages []exposed, fits func(*exposed) bool) {
	reports := false
	delivered := false
	for i := range messages {
		if fits(&messages[i]) {
			reports = reports || t.exposures.reportsDelivery(messages[i].channel)
			delivered = delivered || messages[i].delivered
		}
	}
	countIf(&c.Figures.Reporting, reports)
	countIf(&c.Figures.Delivered, reports && delivered)
}

// listDelivered lists the exposures of runs that took an arm, by run.
func (t *experimentTally) listDelivered(all []exposed) map[uint32][]exposed {
	delivered := map[uint32][]exposed{}
	for i := range t.exposures.assignments {
		delivered[t.exposures.assignments[i].run] = nil
	}
	if len(delivered) == 0 {
		return nil
	}
	for _, x := range all {
		if _, armed := delivered[x.run]; armed && x.group == groupTreated {
			delivered[x.run] = append(delivered[x.run], x)
		}
	}
	return delivered
}

// addArms counts the learners of each split, by the first arm that a run of theirs took. Of those who are held out no arm is compared: they get
// nothing in either.
func (t *experimentTally) addArms(delivered map[uint32][]exposed) {
	runs := t.counter.attribution.runs
	taken := slices.Clone(t.exposures.assignments)
	slices.SortStableFunc(taken, func(a, b assignment) int {
		return cmp.Or(cmp.Compare(runs[a.run].rule, runs[b.run].rule), cmp.Compare(a.split, b.split),
			cmp.Compare(runs[a.run].learner, runs[b.run].learner), cmp.Compare(a.at, b.at), cmp.Compare(a.run, b.run))
	})
	for len(taken) > 0 {
		first := &taken[0]
		run := runs[first.run]
		n := 1
		for n < len(taken) && runs[taken[n].run].rule == run.rule && runs[taken[n].run].learner == run.learner && taken[n].split == first.split {
			n++
		}
		t.addArm(taken[:n], run, delivered[first.run])
		taken = taken[n:]
	}
}

// addArm counts a learner in a split, by the assignments of which the earliest comes first.
func (t *experimentTally) addArm(all []assignment, run run, messages []exposed) {
	first := &all[0]
	countIf(&t.rules[run.rule].Goals, t.exposures.terms[first.terms].Within > 0)
	segment := segmentIndex{
		rule: run.rule,
		part: partSplit,
		name: first.split,
		arms: first.armLists,
	}
	met := t.ensureCohort(segment)
	met.Figures.Met++
	for i := range all {
		if all[i].arm != first.arm || all[i].treated != first.treated {
			met.Figures.Several++
			return
		}
	}
	name := t.exposures.arms.list[first.arm]
	shares := t.exposures.armLists[first.armLists]
	listed := slices.ContainsFunc(shares, func(s engine.ArmShare) bool { return s.Name == name })
	if !first.treated || !listed { // a record that does not list its own arm contradicts itself
		return
	}
	segment.arm = first.arm + 1
	segment.terms = first.terms
	cohort := t.ensureCohort(segment)
	t.countPerson(cohort, run.learner, first.at, first.run, first.terms)
	t.countDelivered(cohort, messages, func(*exposed) bool { return true })
}

// nameSegment writes a segment with its names.
func (t *experimentTally) nameSegment(i segmentIndex) Segment {
	s := Segment{
		Rule:  t.counter.attribution.rules[i.rule],
		Part:  i.part,
		Group: i.group,
		Terms: t.exposures.terms[i.terms],
	}
	switch i.part {
	case partRule:
	case partMessage:
		s.Name = t.exposures.messages.list[i.name]
	case partChannel:
		s.Name = t.exposures.channels.list[i.name]
	case partSplit:
		s.Name = t.exposures.splits.list[i.name]
		s.Arms = armsText(t.exposures.armLists[i.arms])
		if i.arm > 0 {
			s.Arm = t.exposures.arms.list[i.arm-1]
		}
	}
	return s
}
