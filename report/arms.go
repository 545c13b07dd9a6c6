package report

import (
	"cmp"
	"slices"
	"strings"

	"homeroom/engine"
)

// splitTally counts the people of one split.
type splitTally struct {
	arms    map[string]*Arm
	first   int64 // Unix milliseconds
	several int
}

// addArms counts the learners of each split, by the first arm that a run of theirs took. Of those who are held out no arm is compared: they get
// nothing in either.
func (c *Counter) addArms(tallies []*ruleTally) {
	l := c.attribution
	taken := slices.Clone(l.exposures.assignments)
	splitOf := func(a *assignment) string {
		name, _, _ := strings.Cut(l.exposures.arms.list[a.arm], "=")
		return name
	}
	slices.SortFunc(taken, func(a, b assignment) int {
		return cmp.Or(cmp.Compare(l.runs[a.run].rule, l.runs[b.run].rule), cmp.Compare(splitOf(&a), splitOf(&b)),
			cmp.Compare(l.runs[a.run].learner, l.runs[b.run].learner), cmp.Compare(a.at, b.at), cmp.Compare(a.run, b.run))
	})
	delivered := map[uint32][]exposed{} // by run, of the runs that took an arm
	for i := range taken {
		delivered[taken[i].run] = nil
	}
	for _, x := range c.listExposures() {
		if _, armed := delivered[x.run]; armed && x.group == groupTreated {
			delivered[x.run] = append(delivered[x.run], x)
		}
	}
	for len(taken) > 0 {
		first := &taken[0]
		run := l.runs[first.run]
		n := 1
		for n < len(taken) && l.runs[taken[n].run].rule == run.rule && l.runs[taken[n].run].learner == run.learner && splitOf(&taken[n]) == splitOf(first) {
			n++
		}
		tallies[run.rule].addArm(splitOf(first), taken[:n], run.learner, delivered[first.run])
		taken = taken[n:]
	}
}

// addArm counts a learner in a split, by the assignments of which the earliest comes first.
func (t *ruleTally) addArm(split string, all []assignment, learner uint32, messages []exposed) {
	s := t.splits[split]
	if s == nil {
		s = &splitTally{arms: map[string]*Arm{}}
		t.splits[split] = s
	}
	first := &all[0]
	promised := t.exposures.terms[first.terms]
	t.goal = t.goal || promised.within > 0
	if t.whole.first == 0 {
		t.within = promised.within
	}
	for _, share := range t.exposures.armLists[first.armLists] {
		s.ensureArm(share)
	}
	for i := range all {
		if all[i].arm != first.arm || all[i].treated != first.treated {
			s.several++
			return
		}
	}
	if !first.treated {
		return
	}
	if s.first == 0 || first.at < s.first {
		s.first = first.at
	}
	_, name, _ := strings.Cut(t.exposures.arms.list[first.arm], "=")
	var taken *Arm
	for _, share := range t.exposures.armLists[first.armLists] {
		arm := s.ensureArm(share)
		arm.Promised += share.Percent / 100
		if share.Name == name {
			taken = arm
		}
	}
	if taken == nil { // a record that contradicts itself
		return
	}
	taken.Known++
	t.countPerson(&taken.Side, learner, first.at, first.run, promised.within)
	t.countDelivered(&taken.Side, messages)
}

func (s *splitTally) ensureArm(share engine.ArmShare) *Arm {
	if s.arms[share.Name] == nil {
		s.arms[share.Name] = &Arm{
			Name:  share.Name,
			Sends: share.Sends,
		}
	}
	return s.arms[share.Name]
}

func (s *splitTally) report(name string) Split {
	split := Split{
		Name:      name,
		InSeveral: s.several,
		First:     timeOf(s.first),
	}
	for _, arm := range s.arms {
		split.Arms = append(split.Arms, *arm)
	}
	slices.SortFunc(split.Arms, func(a, b Arm) int { return cmp.Compare(a.Name, b.Name) })
	return split
}
