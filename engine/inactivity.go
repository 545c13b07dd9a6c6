package engine

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// silence is what may begin a run without an event: an inactivity, something overdue, an hour of a schedule, or a date.
type silence struct {
	rule   *Rule
	course string // empty: platform
	unit   string // what is overdue, such as assessment_id=a1; empty: it is a silence
	scope  string
	key    uint64    // of the past run; see pastKey
	armed  time.Time // the last activity before an inactivity; otherwise the due date, the scheduled hour or the date itself
	due    time.Time
}

// nextSilence returns the inactivity trigger that falls due first, nil if none is armed. A step calls it several times.
// The list is made once, from what a step does not change (rules, profile, standing); the clock, the runs and the past runs, which
// do change, are asked each time.
func (s *stepper) nextSilence() *silence {
	if !s.listed {
		s.silences = s.listSilences(s.silences)
		s.listed = true
	}
	for i := range s.silences {
		if si := &s.silences[i]; !s.decidedUpTo(si.due) && s.mayStart(si) {
			return si
		}
	}
	return nil
}

// mayStart reports whether no run and no memory of one stands against a silence.
func (s *stepper) mayStart(si *silence) bool {
	past := s.pastRunByKey(si.key)
	again := &si.rule.Again
	switch {
	case past.Started != 0 && !again.Always && !again.Restart && again.After == 0:
		return false
	case past.Armed != 0 && si.armed.UnixMilli() <= past.Armed:
		return false
	case past.Armed != 0 && si.rule.When.Date != nil && !si.rule.When.isOtherDate(si.armed, time.UnixMilli(past.Armed)):
		return false
	}
	return s.liveRun(si.rule.Name, si.scope) == nil
}

// listSilences lists, in the room of list, the silences of the standing that are not decided yet, in the order in which
// they fall due; at a tie by rule and course.
func (s *stepper) listSilences(list []silence) []silence {
	list = list[:0]
	if !slices.ContainsFunc(s.env.Current.Rules, func(r *Rule) bool { return r.When.IsState() }) {
		return list
	}
	s.putOff = slices.ContainsFunc(s.st.PastRuns, func(p PastRun) bool { return p.Armed < 0 })
	var room baseRoom
	bases := s.env.Standing.platformBases(&room)
	for _, rule := range s.env.Current.Rules {
		switch {
		case rule.When.Schedule != nil:
			list = s.appendScheduled(list, rule, bases)
		case rule.When.Date != nil && rule.When.Platform:
			list = s.appendDated(list, rule, silentPlace{})
		case rule.When.Inactive > 0 && rule.When.Platform:
			list = s.appendSilences(list, rule, silentPlace{longestGap: longestGap(bases)}, bases)
		}
	}
	for id, c := range s.env.Standing.Courses {
		if !c.overAt(s.st.Clock) {
			list = s.appendCourseSilences(list, id, c)
		}
	}
	slices.SortFunc(list, func(a, b silence) int {
		return cmp.Or(a.due.Compare(b.due), strings.Compare(a.rule.Name, b.rule.Name), strings.Compare(a.course, b.course))
	})
	return list
}

// silentPlace is where a learner can be silent: a course, or the whole platform.
type silentPlace struct {
	course string  // empty: the platform
	scope  string  // of a run about the place; empty: the platform
	record *Course // nil: the platform
	ends   time.Time
	// longestGap is the longest time between two bases that follow each other.
	longestGap time.Duration
}

// appendCourseSilences adds the silences of all rules in one course.
func (s *stepper) appendCourseSilences(list []silence, course string, c *Course) []silence {
	starts, ends := s.env.Current.courseDates(course, c)
	last := later(s.env.Standing.lastCourseBase(c), starts)
	place := silentPlace{
		course: course,
		scope:  s.courseScope(course),
		record: c,
		ends:   ends,
	}
	var room baseRoom
	var bases []base // nil: no rule needed them yet
	for _, rule := range s.env.Current.Rules {
		switch {
		case rule.When.Overdue > 0:
			list = s.appendOverdue(list, rule, place)
			continue
		case rule.When.Date != nil && !rule.When.Platform:
			list = s.appendDated(list, rule, place)
			continue
		case rule.When.Inactive <= 0, rule.When.Platform:
			continue
		case rule.When.AtRisk == 0 && s.decidedPast(last, rule) && s.putOffUntil(rule, place.scope, last).IsZero():
			continue
		}
		if bases == nil {
			bases = s.env.Standing.courseBases(c, starts, &room)
			place.longestGap = longestGap(bases)
		}
		list = s.appendSilences(list, rule, place, bases)
	}
	return list
}

// appendSilences adds the silences of one rule in one place, after the moments from which inactivity counts there.
func (s *stepper) appendSilences(list []silence, rule *Rule, place silentPlace, bases []base) []silence {
	c := place.record
	shortest := rule.shortestSilence(c)
	if n := len(bases); n > 0 && !s.putOff && place.longestGap <= shortest {
		bases = bases[n-1:] // no earlier silence was long enough; nearly always
	}
	for i, b := range bases {
		until := s.putOffUntil(rule, place.scope, b.exact)
		if until.IsZero() && i+1 < len(bases) && bases[i+1].exact.Sub(b.exact) <= shortest {
			continue // active again in time; most are
		}
		due := s.dueOf(rule, c, b, i+1 == len(bases))
		if !until.IsZero() {
			// After later activity it is not known any more when an earlier silence was due; it is known until when it was put off.
			if i+1 == len(bases) {
				until = later(until, due)
			}
			due = until
		}
		switch {
		case due.IsZero(): // at no time
			continue
		case i+1 < len(bases) && !bases[i+1].exact.After(due): // active again in time
			continue
		case s.decidedUpTo(due):
			continue
		case c != nil && !c.openAt(due), !place.ends.IsZero() && due.After(place.ends):
			continue
		}
		list = append(list, silence{
			rule:   rule,
			course: place.course,
			scope:  place.scope,
			key:    pastKey(rule.Name, place.scope),
			armed:  b.exact,
			due:    due,
		})
	}
	return list
}

// shortestSilence returns how long a silence that ended must at least have been for the rule to have fallen due in it. With a risk only the longest that it waits
// counts: what the risk was during an earlier silence is not known any more.
func (r *Rule) shortestSilence(c *Course) time.Duration {
	switch {
	case r.When.AtRisk == 0 || c == nil:
		return r.When.Inactive
	case r.When.OrSilent > 0:
		return r.When.OrSilent
	}
	return math.MaxInt64
}

// dueOf returns when the silence after a base falls due; zero: never. With a risk it is the first instant, to a step of the resolution, at which the
// learner has been silent for as long as the rule says and the risk is as great as it says. What the risk was during an earlier
// silence is not known any more.
func (s *stepper) dueOf(rule *Rule, c *Course, b base, last bool) time.Time {
	counted := s.countsFrom(b)
	due := counted.Add(rule.When.Inactive)
	if rule.When.AtRisk == 0 || c == nil {
		return due
	}
	latest := due.Add(riskMaxSilence)
	if rule.When.OrSilent > 0 {
		latest = counted.Add(rule.When.OrSilent)
	}
	if last {
		step := max(s.env.Current.Settings.Resolution, time.Second)
		crossing := s.env.Standing.riskRecord(c).firstCrossing(rule.When.AtRisk, roundUp(due, step), latest, step, b.exact, s.env.Current.Settings.RiskIntercept())
		if !crossing.IsZero() {
			return crossing
		}
	}
	if rule.When.OrSilent > 0 {
		return latest
	}
	return time.Time{}
}

// putOffUntil returns until when what armed a rule in a scope was put off because the rule may not start again yet; zero: it was not.
func (s *stepper) putOffUntil(rule *Rule, scope string, since time.Time) time.Time {
	if !s.putOff || rule.Again.After <= 0 {
		return time.Time{}
	}
	armed := -since.UnixMilli()
	if !slices.ContainsFunc(s.st.PastRuns, func(p PastRun) bool { return p.Armed == armed }) {
		return time.Time{}
	}
	past := s.pastRun(rule.Name, scope)
	if past.Armed >= 0 || past.Armed != armed {
		return time.Time{}
	}
	return rule.Again.allowedFrom(past)
}

// decidedUpTo reports whether everything up to an instant has been decided, so that nothing falls due there any more.
func (s *stepper) decidedUpTo(due time.Time) bool {
	return due.Before(s.st.Clock) || !due.After(s.decided)
}

// decidedPast reports whether even the silence after the last base has been decided. Rounding up errs on the side of looking.
func (s *stepper) decidedPast(last time.Time, rule *Rule) bool {
	return s.decidedUpTo(roundUp(last, s.env.Current.Settings.Resolution).Add(rule.When.Inactive))
}

// countsFrom returns the instant from which inactivity counts after b: an activity is rounded up to the resolution, an enrollment is not.
func (s *stepper) countsFrom(b base) time.Time {
	if b.enrolled {
		return b.exact
	}
	return roundUp(b.exact, s.env.Current.Settings.Resolution)
}

// startSilent starts the run of an inactivity that has fallen due at `at`. If the rule may not start again yet, the silence is put off: it starts
// a run when it may, unless the learner has been active by then.
func (s *stepper) startSilent(si *silence, at time.Time) {
	if si.rule.When.Schedule != nil {
		next := *si // the list is made anew in the same room
		si = &next
		s.listed = false
	}
	ev := s.silenceEvent(si)
	s.changePastRun(si.rule.Name, si.scope, func(p PastRun) PastRun {
		p.Armed = si.armed.UnixMilli()
		return p
	})
	fits, err := s.fitsSilence(si, ev, at)
	if err != nil {
		s.recordDecision(Decision{
			At:     s.decisionTime(at),
			Rule:   si.rule.Name,
			Scope:  si.scope,
			Kind:   KindSkipped,
			Reason: ReasonConditionError,
			Detail: err.Error(),
		}, ev.ID)
	}
	if !fits {
		return
	}
	if past := s.pastRunByKey(si.key); !si.rule.Again.allows(past, at) {
		s.putOffSilence(si, si.rule.Again.allowedFrom(past), at, ev)
		return
	}
	s.startRun(si.rule, si.scope, si.course, ev, at, si.armed)
}

// fitsSilence is fitsTrigger for the event that a silence makes.
func (s *stepper) fitsSilence(si *silence, ev *Event, at time.Time) (bool, error) {
	cond := si.rule.When.Match.If
	if cond == nil {
		s.traceTrigger(si.rule, ev, nil, at, true, nil)
		return true, nil
	}
	vars := s.exprVars(nil, ev, si.course, at)
	yes, err := evalBool(cond, vars)
	s.traceTrigger(si.rule, ev, vars, at, yes, err)
	return yes, err
}

// silenceEvent is the event that a silence makes. It is good until the next call.
func (s *stepper) silenceEvent(si *silence) *Event {
	ev := &s.spareMemory().silence
	properties := ev.Properties
	if properties == nil {
		properties = map[string]any{}
	}
	clear(properties)
	if si.course != "" {
		properties[KeyCourse] = si.course
	}
	var room [64]byte
	*ev = Event{
		ID:         string(si.due.UTC().AppendFormat(append(room[:0], "inactive:"...), time.RFC3339)),
		Name:       "inactivity",
		Learner:    s.st.Learner,
		Time:       si.due,
		Properties: properties,
	}
	switch {
	case si.rule.When.Schedule != nil:
		ev.Name = eventSchedule
	case si.rule.When.Date != nil:
		ev.Name = eventDate
		ev.Time = si.armed
	case si.rule.When.AtRisk > 0:
		ev.Name = eventAtRisk
	case si.unit != "":
		ev.Name = eventOverdue
		s.addOverdue(properties, si)
	}
	return ev
}

func (s *stepper) putOffSilence(si *silence, until, at time.Time, ev *Event) {
	rule := si.rule
	s.traceStart(rule, si.scope, "", ev, at, Answer{
		Kind:   AnswerDefer,
		Reason: ReasonAgain,
		Detail: rule.Again.String(),
		Until:  until,
	})
	s.recordDecision(Decision{
		At:     s.decisionTime(at),
		Rule:   rule.Name,
		Scope:  si.scope,
		Kind:   KindDeferred,
		Reason: ReasonAgain,
		Until:  until,
		Rev:    s.env.Current.Hash,
		Detail: rule.Again.String(),
	}, ev.ID)
	s.changePastRun(rule.Name, si.scope, func(p PastRun) PastRun {
		p.Armed = -si.armed.UnixMilli()
		return p
	})
	s.listed = false // it falls due again
}

// silenceOver returns why a run that silence or something overdue began has nothing left to say as of `at`; empty: it has.
func (s *stepper) silenceOver(run *Run, at time.Time) Reason {
	if run.Armed.IsZero() || run.Trigger.Name == eventSchedule {
		return ""
	}
	if run.Trigger.Name == eventDate {
		return s.dateOver(run, at)
	}
	var room baseRoom
	standing := s.env.Standing
	bases := []base(nil)
	if run.Course == "" {
		bases = standing.platformBases(&room)
	} else if c := standing.Courses[run.Course]; c != nil {
		switch present := c.presentRun(at); {
		case !present.completedAt.IsZero():
			return ReasonCompleted
		case !present.cancelledAt.IsZero():
			return ReasonCancelled
		}
		starts, ends := s.env.Current.courseDates(run.Course, c)
		if !ends.IsZero() && at.After(ends) {
			return ReasonCourseEnded
		}
		if run.Trigger.Name == eventOverdue {
			return s.overdueEnd(run, c, at)
		}
		bases = standing.courseBases(c, starts, &room)
	}
	for _, b := range bases {
		if b.exact.UnixMilli() > run.Armed.UnixMilli() && !b.exact.After(at) {
			return ReasonActive
		}
	}
	return ""
}
