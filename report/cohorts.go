package report

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/experiment"
)

// makeExperiments works out the experiments of all rules, by name. A rule without a sign of a goal or of a holdout has none.
func (s *Summary) makeExperiments(method experiment.Method, now time.Time) map[string]*Experiment {
	tallies := map[string]*ruleTally{}
	for segment, cohort := range s.Cohorts {
		t := tallies[segment.Rule]
		if t == nil {
			t = newRuleTally(s.Deliveries > 0, now)
			tallies[segment.Rule] = t
		}
		t.addCohort(&segment, cohort)
	}
	found := map[string]*Experiment{}
	for name, counts := range s.Rules {
		t := tallies[name]
		if t == nil {
			t = newRuleTally(s.Deliveries > 0, now)
		}
		if e := t.makeExperiment(counts); e != nil {
			e.Judge(method, now)
			found[name] = e
		}
	}
	return found
}

// ruleTally puts the cohorts of one rule together.
type ruleTally struct {
	deliveries bool
	now        int64 // Unix seconds
	whole      *sideTally
	messages   map[string]*sideTally
	channels   map[string]*sideTally
	splits     map[string]*splitTally
	weeks      weekTally
}

// sideTally counts people by group.
type sideTally struct {
	sides    [groupCount]Side
	promises map[terms]int // people, by what they were promised
	entries  entries
	follows  bool
}

// entries are the first and the last hour in which people entered.
type entries struct {
	first, last int32 // hours since 1970; the first is after the last if nobody did
	within      int64 // seconds, of those who entered last
}

// splitTally counts the people of one split.
type splitTally struct {
	arms     map[string]*Arm
	promises map[string]int // people, by the arms and shares they were promised
	strata   map[string]*armStrata
	entries  entries
	several  int
}

func newRuleTally(deliveries bool, now time.Time) *ruleTally {
	return &ruleTally{
		deliveries: deliveries,
		now:        now.Unix(),
		whole:      newSideTally(),
		messages:   map[string]*sideTally{},
		channels:   map[string]*sideTally{},
		splits:     map[string]*splitTally{},
		weeks:      weekTally{},
	}
}

func newSideTally() *sideTally {
	return &sideTally{
		promises: map[terms]int{},
		entries:  nobodyEntered(),
	}
}

func nobodyEntered() entries {
	return entries{
		first: math.MaxInt32,
		last:  math.MinInt32,
	}
}

func (t *ruleTally) addCohort(segment *Segment, c *Cohort) {
	switch segment.Part {
	case partRule:
		t.addSide(t.whole, segment, c)
		t.weeks.addCohort(segment, c, t.now)
	case partMessage:
		t.addSide(ensureTally(t.messages, segment.Name, newSideTally), segment, c)
	case partChannel:
		t.addSide(ensureTally(t.channels, segment.Name, newSideTally), segment, c)
	case partSplit:
		t.addArm(ensureTally(t.splits, segment.Name, newSplitTally), segment, c)
	}
}

func newSplitTally() *splitTally {
	return &splitTally{
		arms:     map[string]*Arm{},
		promises: map[string]int{},
		strata:   map[string]*armStrata{},
		entries:  nobodyEntered(),
	}
}

func ensureTally[T any](by map[string]*T, name string, make func() *T) *T {
	if by[name] == nil {
		by[name] = make()
	}
	return by[name]
}

func (t *ruleTally) addSide(into *sideTally, segment *Segment, c *Cohort) {
	people := t.addPeople(&into.sides[segment.Group], &into.entries, segment, c)
	if segment.Terms.Known {
		into.promises[segment.Terms] += people
	}
	into.follows = into.follows || c.Figures.Follows > 0
}

// addPeople counts the people of a cohort. Whoever entered in an hour may reach the goal as long as somebody who entered at its end.
func (t *ruleTally) addPeople(side *Side, into *entries, segment *Segment, c *Cohort) (people int) {
	within := segment.Terms.Within
	for hour, n := range c.Entered {
		people += n
		if isOpen(hour, within, t.now) {
			side.Open += n
		}
		into.addHour(hour, within)
	}
	side.People += people
	if segment.Terms.Known {
		side.Known += people
	}
	side.Reached += c.countReached()
	combineFields(side.Guardrails.listFields(), c.Figures.Guardrails.listFields(), 1)
	if t.deliveries && c.Figures.Reporting > 0 {
		if side.Delivered == nil {
			side.Delivered = new(int)
		}
		*side.Delivered += c.Figures.Delivered
	}
	return people
}

func (e *entries) addHour(hour int32, within int64) {
	e.first = min(e.first, hour)
	if hour > e.last || hour == e.last && within > e.within {
		e.within = within
	}
	e.last = max(e.last, hour)
}

func (e *entries) firstTime() time.Time {
	if e.first > e.last {
		return time.Time{}
	}
	return hourStart(e.first)
}

func (e *entries) lastTime() time.Time {
	if e.first > e.last {
		return time.Time{}
	}
	return hourStart(e.last)
}

// addArm counts the people of an arm, or those who met the split.
func (t *ruleTally) addArm(into *splitTally, segment *Segment, c *Cohort) {
	for _, share := range readArms(segment.Arms) {
		into.ensureArm(share)
	}
	into.several += c.Figures.Several
	if segment.Arm == "" {
		return
	}
	people := t.addPeople(&into.arms[segment.Arm].Side, &into.entries, segment, c)
	into.promises[segment.Arms] += people
	ensureTally(into.strata, segment.Arm, newArmStrata).add(readArms(segment.Arms), segment.Arm, people, c.countReached())
}

// ensureArm returns an arm. It sends something if it did so in any revision.
func (s *splitTally) ensureArm(share engine.ArmShare) *Arm {
	arm := s.arms[share.Name]
	if arm == nil {
		arm = &Arm{Name: share.Name}
		s.arms[share.Name] = arm
	}
	arm.Sends = arm.Sends || share.Sends
	return arm
}

// armsText writes the arms of a split as a segment has them.
func armsText(arms []engine.ArmShare) string {
	text, _ := json.Marshal(arms) // structs of texts and finite numbers
	return string(text)
}

func readArms(text string) (arms []engine.ArmShare) {
	_ = json.Unmarshal([]byte(text), &arms) // as armsText wrote it
	return arms
}

// keepPromises works out how many people were promised to each side. Its order is the same whatever came first, because sums of fractions
// depend on it.
func (t *sideTally) keepPromises() {
	order := slices.SortedFunc(maps.Keys(t.promises), func(a, b terms) int {
		return cmp.Or(cmp.Compare(a.Holdout, b.Holdout), cmp.Compare(a.Control, b.Control), cmp.Compare(a.Within, b.Within))
	})
	for _, p := range order {
		people := float64(t.promises[p])
		control := min(max(p.Control, 0), 100) / 100
		holdout := (1 - control) * min(max(p.Holdout, 0), 100) / 100
		t.sides[groupControl].Promised += people * control
		t.sides[groupHoldout].Promised += people * holdout
		t.sides[groupTreated].Promised += people * (1 - control - holdout)
	}
}

// makeExperiment returns the experiment of a rule; nil: there is no sign of a goal or of a holdout.
func (t *ruleTally) makeExperiment(counts *RuleCounts) *Experiment {
	if counts.Signs == 0 && len(t.splits) == 0 {
		return nil
	}
	t.whole.keepPromises()
	e := &Experiment{
		Treated:       t.whole.sides[groupTreated],
		Holdout:       t.whole.sides[groupHoldout],
		Control:       t.whole.sides[groupControl],
		InBothGroups:  counts.Both,
		First:         t.whole.entries.firstTime(),
		Last:          t.whole.entries.lastTime(),
		WithinSeconds: t.goalSeconds(),
		NoGoal:        counts.Goals == 0,
		Weeks:         t.weeks.listWeeks(t.whole.entries, t.now),
	}
	for _, name := range slices.Sorted(maps.Keys(t.messages)) {
		e.Messages = append(e.Messages, t.messages[name].makePart(name))
	}
	for _, name := range slices.Sorted(maps.Keys(t.channels)) {
		e.Channels = append(e.Channels, t.channels[name].makePart(name))
	}
	for _, name := range slices.Sorted(maps.Keys(t.splits)) {
		e.Splits = append(e.Splits, t.splits[name].makeReport(name))
	}
	return e
}

// goalSeconds returns the goal's time of those who entered last, in seconds. If nobody was exposed to a message, those count who took an arm.
func (t *ruleTally) goalSeconds() int64 {
	latest := t.whole.entries
	if latest.first > latest.last {
		for _, s := range t.splits {
			if s.entries.first <= s.entries.last {
				latest.addHour(s.entries.last, s.entries.within)
			}
		}
	}
	return latest.within
}

func (t *sideTally) makePart(name string) Part {
	t.keepPromises()
	return Part{
		Name:    name,
		Treated: t.sides[groupTreated],
		Holdout: t.sides[groupHoldout],
		First:   t.entries.firstTime(),
		Follows: t.follows,
	}
}

func (s *splitTally) makeReport(name string) Split {
	for _, text := range slices.Sorted(maps.Keys(s.promises)) {
		for _, share := range readArms(text) {
			s.arms[share.Name].Promised += float64(s.promises[text]) * share.Percent / 100
		}
	}
	split := Split{
		Name:      name,
		InSeveral: s.several,
		First:     s.entries.firstTime(),
	}
	for _, name := range slices.Sorted(maps.Keys(s.arms)) {
		arm := *s.arms[name]
		arm.Weighted = s.strata[name].weighArms()
		split.Weighted = split.Weighted || arm.Weighted != nil
		split.Arms = append(split.Arms, arm)
	}
	return split
}
