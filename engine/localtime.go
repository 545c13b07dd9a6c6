package engine

import (
	"slices"
	"time"
	_ "time/tzdata" // the same zones on every machine
)

// learnerZone is the learner's time zone: their own if it is known and valid, else the folder's, else UTC.
func (s *stepper) learnerZone() *time.Location {
	if s.loc == nil {
		s.loc = s.findZone()
	}
	return s.loc
}

func (s *stepper) findZone() *time.Location {
	if name := s.env.Profile.Timezone; name != "" && name != "Local" {
		if loc := s.lookUp(name); loc != nil {
			return loc
		}
	}
	if loc := s.env.Current.Settings.Location; loc != nil {
		return loc
	}
	return time.UTC
}

func (s *stepper) lookUp(name string) *time.Location {
	if s.env.Zone != nil {
		return s.env.Zone(name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return loc
}

// zoneName is the zone's name as conditions see it; unlike zone it does not look the zone up.
func (s *stepper) zoneName() string {
	if name := s.env.Profile.Timezone; name != "" {
		return name
	}
	if loc := s.env.Current.Settings.Location; loc != nil {
		return loc.String()
	}
	return time.UTC.String()
}

// calendar is the calendar on the wall of a step's learner.
type calendar struct{ s *stepper }

// Midnight implements Calendar.
func (c calendar) Midnight(year int, month time.Month, day int) time.Time {
	return onDay(year, month, day, 0, c.s.learnerZone()).UTC()
}

// onDay is the instant at which a clock on the wall of loc shows `minutes` after midnight on the given day. A time
// that the clocks skip moves to the first instant after the gap; a time that they show twice means the first.
func onDay(year int, month time.Month, day, minutes int, loc *time.Location) time.Time {
	wall := time.Date(year, month, day, minutes/60, minutes%60, 0, 0, time.UTC)
	guess := time.Date(year, month, day, minutes/60, minutes%60, 0, 0, loc)
	_, before := guess.Add(-24 * time.Hour).Zone()
	_, after := guess.Add(24 * time.Hour).Zone()
	first := wall.Add(-time.Duration(max(before, after)) * time.Second)
	second := wall.Add(-time.Duration(min(before, after)) * time.Second)
	for _, t := range []time.Time{first, second} {
		if shows(t.In(loc), wall) {
			return t.In(loc)
		}
	}
	if start, _ := second.In(loc).ZoneBounds(); !start.IsZero() {
		return start
	}
	return guess
}

// shows reports whether t's local clock shows the same date and time as wall.
func shows(t, wall time.Time) bool {
	return t.Day() == wall.Day() && t.Hour() == wall.Hour() && t.Minute() == wall.Minute()
}

// nextClock is the first instant at or after t that shows `minutes` after midnight in loc on one of days (none: any).
func nextClock(t time.Time, minutes int, days []time.Weekday, loc *time.Location) time.Time {
	local := t.In(loc)
	for d := 0; d <= 8; d++ {
		date := time.Date(local.Year(), local.Month(), local.Day()+d, 0, 0, 0, 0, time.UTC)
		if len(days) > 0 && !slices.Contains(days, date.Weekday()) {
			continue
		}
		if at := onDay(date.Year(), date.Month(), date.Day(), minutes, loc); !at.Before(t) {
			return at.UTC()
		}
	}
	return t
}

// Covers reports whether t is in quiet hours on a clock in loc.
func (q *QuietHours) Covers(t time.Time, loc *time.Location) bool {
	_, quiet := q.until(t, loc)
	return quiet
}

// surelyAwake reports whether a local time is so far from quiet that no change of the clock, of three hours at most, can matter: most times are, and working out
// instants in a zone is dear.
func (q *QuietHours) surelyAwake(local time.Time) bool {
	const margin = 3 * 60
	minutes := local.Hour()*60 + local.Minute()
	if q.To <= q.From {
		return q.To+margin < minutes && minutes < q.From-margin
	}
	return margin <= minutes && minutes < q.From-margin || q.To+margin < minutes && minutes < 24*60-margin
}

// until reports whether t is quiet in loc, and when that quiet ends.
func (q *QuietHours) until(t time.Time, loc *time.Location) (time.Time, bool) {
	local := t.In(loc)
	if q.surelyAwake(local) {
		return t, false
	}
	return q.untilByInstants(t, local, loc)
}

// untilByInstants is until for any time: it works out when quiet begins and ends on the local day and the day before.
func (q *QuietHours) untilByInstants(t, local time.Time, loc *time.Location) (time.Time, bool) {
	for d := -1; d <= 0; d++ {
		date := time.Date(local.Year(), local.Month(), local.Day()+d, 0, 0, 0, 0, time.UTC)
		next := date
		if q.To <= q.From {
			next = date.AddDate(0, 0, 1)
		}
		start := onDay(date.Year(), date.Month(), date.Day(), q.From, loc)
		end := onDay(next.Year(), next.Month(), next.Day(), q.To, loc)
		if !t.Before(start) && t.Before(end) {
			return end.UTC(), true
		}
	}
	return t, false
}
