package engine

import "time"

// eventSchedule is the name of what starts a run of a rule with a schedule.
const eventSchedule = "schedule"

// Schedule starts runs of learners who have been active of late, again and again, by the clock on their wall.
type Schedule struct {
	Every SchedulePeriod
	Days  []time.Weekday // of a week; empty: every day
	Day   int            // of the month, 1 to 28, with EveryMonth
	Clock int            // minutes after local midnight
	// WhileActive is how long after the last activity a learner's runs still start; longer than the period. Afterwards nothing wakes the learner until they are active
	// again.
	WhileActive time.Duration
}

// SchedulePeriod is how often a schedule comes.
type SchedulePeriod string

// The periods.
const (
	EveryDay   SchedulePeriod = "day"
	EveryWeek  SchedulePeriod = "week"
	EveryMonth SchedulePeriod = "month"
)

// Longest returns the longest time between two instants of the period, clock changes included.
func (p SchedulePeriod) Longest() time.Duration {
	const day = 24 * time.Hour
	switch p {
	case EveryDay:
		return day + 3*time.Hour
	case EveryWeek:
		return 7*day + 3*time.Hour
	case EveryMonth:
		return 31*day + 3*time.Hour
	}
	return 0
}

// shortestGap returns the time between the two instants of the schedule that are the closest, with room for a change of the clocks.
func (s *Schedule) shortestGap() time.Duration {
	if len(s.Days) < 2 {
		return s.Every.Longest()
	}
	days := 7
	for _, a := range s.Days {
		for _, b := range s.Days {
			if apart := (int(b) - int(a) + 7) % 7; apart > 0 {
				days = min(days, apart)
			}
		}
	}
	return time.Duration(days)*24*time.Hour + 3*time.Hour
}

// instantAfter returns the first instant of the schedule at or after t in a time zone.
func (s *Schedule) instantAfter(t time.Time, loc *time.Location) time.Time {
	if s.Every != EveryMonth {
		return nextClock(t, s.Clock, s.Days, loc)
	}
	local := t.In(loc)
	for months := range 3 {
		date := time.Date(local.Year(), local.Month()+time.Month(months), s.Day, 0, 0, 0, 0, time.UTC)
		if at := onDay(date.Year(), date.Month(), date.Day(), s.Clock, loc); !at.Before(t) {
			return at.UTC()
		}
	}
	return t
}

// appendScheduled adds the next instant of a rule's schedule at which the learner has been active of late, by what is known of their activity now. Two
// instants of one schedule are at least half as far apart as they would be at home, also for a learner who travels. Instants that lie further back than a
// message may be put off are left out: a rule that is published would otherwise begin for all of them since the learner was last looked at.
func (s *stepper) appendScheduled(list []silence, rule *Rule, bases []base) []silence {
	schedule := rule.When.Schedule
	from := later(s.st.Clock, s.decided.Add(time.Nanosecond))
	missed := max(s.env.Grace, s.env.Current.Settings.Patience)
	switch past := s.pastRun(rule.Name, ""); {
	case past.Armed != 0:
		from = later(from, time.UnixMilli(past.Armed).UTC().Add(schedule.shortestGap()/2))
	case s.published: // it may be the publication that brought the schedule
		missed = s.env.Grace
	}
	from = later(from, s.now.Add(-missed))
	due := schedule.instantAfter(from, s.learnerZone())
	for i, b := range bases {
		if b.exact.After(due) { // nobody was active before it
			due = schedule.instantAfter(later(b.exact, from), s.learnerZone())
		}
		if i+1 < len(bases) && !bases[i+1].exact.After(due) || due.After(b.exact.Add(schedule.WhileActive)) {
			continue
		}
		return append(list, silence{
			rule:  rule,
			key:   pastKey(rule.Name, ""),
			armed: due,
			due:   due,
		})
	}
	return list
}

func (s *stepper) hasSchedules() bool {
	for _, rule := range s.env.Current.Rules {
		if rule.When.Schedule != nil {
			return true
		}
	}
	return false
}

// wantsSchedule reports whether an event may arm a schedule anew: who signs up, and who is active after so long that the last instant may have been passed over. Other
// activity wakes nobody; it is looked up when the next instant comes.
func (r *Rule) wantsSchedule(ev *Event, change Change) bool {
	switch ev.Name {
	case EventSignedUp, EventEnrolled, EventFreeEnrolled:
		return true
	}
	gap := change.PlatformGap
	if lag := ev.StoredAt.Sub(ev.Time); gap > 0 && !ev.StoredAt.IsZero() && lag > 0 {
		gap += lag // what is heard late may be heard after the last instant, although it happened before it
	}
	return change.First || gap >= r.When.Schedule.WhileActive-r.When.Schedule.Every.Longest()
}
