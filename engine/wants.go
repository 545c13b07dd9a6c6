package engine

import (
	"maps"
	"math"
	"slices"
	"time"
)

// WantsOf reports whether the event, which changed the standing as change says, must reach the learner's workflow. It is
// the interest set: everything else costs Temporal nothing. Triggers and the simulator ask the same question, so a
// learner's story is the same in both.
//
// An event of which conditions on counts are asked is given one answer, for good: WantsOf notes it in the standing, and says so in change. So a publisher's repeat of an
// event that was not handed over, which the learner's state cannot recognize, is not handed over either.
func (r *Ruleset) WantsOf(standing *Standing, ev *Event, change *Change) bool {
	var asked, wanted, known bool
	wants := r.wantsEvent(ev, *change, func(m *Match) bool {
		if !asked {
			asked = true
			wanted, known = standing.Answers.answerTo(ev.ID)
		}
		if known {
			return wanted
		}
		return r.mayCount(m, standing, ev)
	})
	if asked && !known {
		standing.Answers.addAnswer(ev.ID, wants)
		change.Changed = true
	}
	return wants
}

// Wants is WantsOf for who does not know how often events happened: those conditions may hold.
func (r *Ruleset) Wants(ev *Event, change Change) bool {
	return r.wantsEvent(ev, change, func(*Match) bool { return true })
}

// WantsWhatever reports whether an event of a course is wanted whatever the standing is. If not, the answer of WantsOf may be another once the standing has changed.
func (r *Ruleset) WantsWhatever(ev *Event, course string) bool {
	return r.wantsEvent(ev, Change{Course: course}, func(*Match) bool { return false })
}

// wantsEvent reports whether a rule wants the event. mayCount says whether the condition on counts of a match, which has one, may hold.
func (r *Ruleset) wantsEvent(ev *Event, change Change, mayCount func(m *Match) bool) bool {
	if change.Profile || ev.Absorbed != nil {
		return true
	}
	in := r.interest
	if in == nil || !in.isOf(r.Rules) {
		in = r.newInterest()
	}
	named := in.byEvent[ev.Name]
	if named.always {
		return true
	}
	if in.mayWantSilence(ev, &change) && slices.ContainsFunc(in.silences, func(r *Rule) bool { return r.wantsSilence(ev, change) }) {
		return true
	}
	return slices.ContainsFunc(named.gated, func(m *Match) bool {
		return (m.Gate == nil || m.mayMatch(ev)) && (m.Counts == nil || mayCount(m))
	})
}

// interest is what a ruleset's rules listen for, by the name of the event.
type interest struct {
	rules   []*Rule // the list it was made of
	byEvent map[string]eventInterest
	// silences are the rules that an inactivity or a schedule starts.
	silences []*Rule
	// shortestInCourse and shortestOnPlatform are how long the shortest inactivities of these rules are; the longest duration if there are none. hasSchedule reports
	// that a schedule is among them.
	shortestInCourse   time.Duration
	shortestOnPlatform time.Duration
	hasSchedule        bool
}

// eventInterest is what is wanted of the events of one name.
type eventInterest struct {
	always bool     // a match without a gate wants every one of them
	gated  []*Match // else one of these wants it; each has a gate or a condition on counts
}

// IndexInterest looks through the rules once, so that Wants need not do it for each event. Who puts another list into Rules afterwards may call
// it again; a rule of the list must not change.
func (r *Ruleset) IndexInterest() { r.interest = r.newInterest() }

func (r *Ruleset) newInterest() *interest {
	in := &interest{
		rules:              r.Rules,
		byEvent:            map[string]eventInterest{},
		shortestInCourse:   math.MaxInt64,
		shortestOnPlatform: math.MaxInt64,
	}
	for _, rule := range r.Rules {
		in.addRule(rule)
	}
	return in
}

// mayWantSilence reports whether a silence may begin or end with an event, so that the rules must be asked. Most events are activity that ends no silence which is
// long enough for any rule.
func (in *interest) mayWantSilence(ev *Event, change *Change) bool {
	return in.hasSchedule || change.First || change.CourseGap >= in.shortestInCourse || change.PlatformGap >= in.shortestOnPlatform || beginsOrEndsSilence(ev.Name)
}

// beginsOrEndsSilence reports whether an event may concern a rule of inactivity whatever silence it ends; see wantsSilence.
func beginsOrEndsSilence(event string) bool {
	switch event {
	case EventEnrolled, EventFreeEnrolled, EventEnrollmentCancelled, EventCourseCompleted, EventCourseUpdated, EventSignedUp:
		return true
	}
	return false
}

// isOf reports whether the interest was made of this very list.
func (in *interest) isOf(rules []*Rule) bool {
	return len(in.rules) == len(rules) && (len(rules) == 0 || &in.rules[0] == &rules[0])
}

func (in *interest) addRule(rule *Rule) {
	switch {
	case rule.When.Inactive > 0, rule.When.Schedule != nil:
		in.addSilence(rule)
	case !rule.When.IsState() && rule.When.Audience == nil && !rule.When.Staff: // what concerns many or nobody is not heard as a learner's own
		in.addMatch(&rule.When.Match)
	}
	in.addDueDates(rule)
	if rule.Goal != nil {
		in.addMatch(&rule.Goal.Match)
	}
	for i := range rule.Until {
		in.addMatch(&rule.Until[i])
	}
	for i := range rule.Program {
		if m := rule.Program[i].Match; m != nil {
			in.addMatch(m)
		}
		if rule.Program[i].Op == OpFallback {
			for _, name := range NudgeAnswers() {
				in.addMatch(&Match{Event: name})
			}
		}
		if c := rule.Program[i].Collect; c != nil {
			for j := range c.Matches {
				in.addMatch(&c.Matches[j])
			}
		}
	}
}

func (in *interest) addSilence(rule *Rule) {
	in.silences = append(in.silences, rule)
	switch {
	case rule.When.Schedule != nil:
		in.hasSchedule = true
	case rule.When.Platform:
		in.shortestOnPlatform = min(in.shortestOnPlatform, rule.When.Inactive)
	default:
		in.shortestInCourse = min(in.shortestInCourse, rule.When.Inactive)
	}
}

func (in *interest) addMatch(m *Match) {
	named := in.byEvent[m.Event]
	if m.Gate == nil && m.Counts == nil {
		named.always = true
	} else {
		named.gated = append(named.gated, m)
	}
	in.byEvent[m.Event] = named
}

// mayMatch asks the gate of a match, the part that needs nothing but the event. An error wants the event too: the engine leaves
// a decision about it.
func (m *Match) mayMatch(ev *Event) bool {
	yes, err := evalBool(m.Gate, &Vars{Event: ev, Now: ev.Time})
	return yes || err != nil
}

// mayCount asks the condition on counts of a match, with the event counted, as of the event's UTC day. Counts are of whole days, so as of the same day the engine will see
// at least as many. If the event was stored on another day than it happened, the engine may ask as of that day, and the event is wanted. An error wants the event too.
func (r *Ruleset) mayCount(m *Match, standing *Standing, ev *Event) bool {
	at := earlier(ev.Time, ev.StoredAt)
	if !ev.StoredAt.IsZero() && dayOf(ev.Time) != dayOf(ev.StoredAt) {
		return true
	}
	yes, err := evalBool(m.Counts, &Vars{
		Event: ev,
		Now:   at,
		Past: countedPast{
			standing: standing,
			keys:     r.Keys,
			origin:   ev,
			at:       at,
		},
	})
	return yes || err != nil
}

// wantsSilence reports whether an event arms an inactivity rule, or may end a run of it or arm it anew: what begins or
// ends a course, and the activity that ends a silence as long as the rule's. Other activity wakes nobody; it is looked
// up when the silence falls due.
func (r *Rule) wantsSilence(ev *Event, change Change) bool {
	if r.When.Schedule != nil {
		return r.wantsSchedule(ev, change)
	}
	switch ev.Name {
	case EventEnrolled, EventFreeEnrolled: // these are all in beginsOrEndsSilence
		return true
	case EventEnrollmentCancelled, EventCourseCompleted, EventCourseUpdated:
		return !r.When.Platform
	case EventSignedUp:
		return r.When.Platform
	}
	if r.When.Platform {
		return change.First || change.PlatformGap >= r.When.Inactive
	}
	return change.CourseGap >= r.When.Inactive
}

// addDueDates adds the events that may bring nearer, or end, what the rule finds overdue or waits for. What is handed in wakes nobody; it is looked up when
// something falls due.
func (in *interest) addDueDates(rule *Rule) {
	var names []string
	if rule.When.Overdue > 0 {
		names = []string{EventEnrolled, EventFreeEnrolled, EventEnrollmentCancelled, EventCourseCompleted, EventCourseUpdated}
	}
	if rule.When.Date != nil {
		names = rule.When.dateEvents()
	}
	if rule.When.Overdue > 0 || rule.readsDueDates() {
		names = append(names, EventAssessmentScheduled, EventAssignmentScheduled)
	}
	for _, name := range names {
		in.addMatch(&Match{Event: name})
	}
}

// Interest is what triggers listen for: the current revision, and every rule of older ones whose runs may still be
// live. Settings and courses are those of current.
func Interest(current *Ruleset, older ...*Ruleset) *Ruleset {
	union := *current
	union.Rules = slices.Clone(current.Rules)
	union.Keys = maps.Clone(current.Keys)
	union.KeptProperties = maps.Clone(current.KeptProperties)
	for _, rs := range older {
		if rs == nil || rs.Hash == current.Hash {
			continue
		}
		union.Rules = append(union.Rules, rs.Rules...)
		for event, days := range rs.Counted {
			if days > union.Counted[event] {
				counted := maps.Clone(union.Counted)
				if counted == nil {
					counted = map[string]int{}
				}
				counted[event] = days
				union.Counted = counted
			}
		}
		union.CountedBy = mergeCountedBy(union.CountedBy, rs.CountedBy)
		mergeNames(&union.Keys, rs.Keys)
		mergeNames(&union.KeptProperties, rs.KeptProperties)
	}
	union.IndexInterest()
	return &union
}

// mergeCountedBy returns what both count by key, each as far back as either looks. It changes neither.
func mergeCountedBy(a, b map[string]map[string]int) map[string]map[string]int {
	merged := map[string]map[string]int{}
	for _, one := range []map[string]map[string]int{a, b} {
		for event, keys := range one {
			if merged[event] == nil {
				merged[event] = map[string]int{}
			}
			for key, days := range keys {
				merged[event][key] = max(merged[event][key], days)
			}
		}
	}
	return merged
}

// mergeNames adds the names that into does not have yet.
func mergeNames(into *map[string][]string, from map[string][]string) {
	if *into == nil {
		*into = map[string][]string{}
	}
	for event, names := range from {
		have := slices.Clip((*into)[event])
		for _, name := range names {
			if !slices.Contains(have, name) {
				have = append(have, name)
			}
		}
		(*into)[event] = have
	}
}
