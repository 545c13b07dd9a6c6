package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// scheduledLearner is a learner on a virtual clock under one rule with a schedule.
type scheduledLearner struct {
	t        *testing.T
	env      Env
	state    State
	wake     time.Time
	started  []string
	standing Standing
}

func newScheduledLearner(t *testing.T, zone string, schedule *Schedule) *scheduledLearner {
	rule := &Rule{
		Name:    "weekly",
		When:    Trigger{Schedule: schedule, Platform: true},
		Again:   Again{Always: true},
		Program: []Instr{{Op: OpStop, ID: "1", Reason: "done"}},
	}
	l := &scheduledLearner{t: t}
	rs := &Ruleset{Hash: "h", Rules: []*Rule{rule}, Settings: Settings{Resolution: time.Minute, Activity: map[string]bool{"lesson.completed": true}, MaxEventAge: 24 * time.Hour}}
	l.env = Env{
		Current:  rs,
		Revision: func(string) *Ruleset { return rs },
		Standing: &l.standing,
		Grace:    time.Minute,
		Profile:  Profile{Timezone: zone},
	}
	l.state.Learner = "u"
	return l
}

func (l *scheduledLearner) step(inputs []Input, now time.Time) {
	l.t.Helper()
	res := Step(l.env, l.state, inputs, now)
	l.state = res.State
	for _, d := range res.Decisions {
		if d.Kind == KindStarted {
			l.started = append(l.started, d.At.In(findZone(l.t, l.env.Profile.Timezone)).Format("01-02 15:04"))
		}
	}
	if !res.WakeAt.IsZero() && !res.WakeAt.After(now) {
		l.t.Fatalf("at %s it wants to be woken at %s", now, res.WakeAt)
	}
	l.wake = res.WakeAt
}

// passTo lets time pass, up to the instant and inclusive.
func (l *scheduledLearner) passTo(until time.Time) {
	l.t.Helper()
	for !l.wake.IsZero() && !l.wake.After(until) {
		l.step(nil, l.wake)
	}
}

// active is activity of the learner; it reaches the engine only if the rules want it, as in production.
func (l *scheduledLearner) active(at time.Time) (woke bool) {
	l.t.Helper()
	l.passTo(at.Add(-1))
	ev := &Event{ID: at.String(), Name: "lesson.completed", Learner: "u", Time: at, StoredAt: at}
	change := l.standing.Apply(ev, l.env.Current, at)
	if !l.env.Current.WantsOf(l.env.Standing, ev, &change) {
		return false
	}
	l.step([]Input{{Event: ev}}, at)
	return true
}

func findZone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestSchedulesKeepTheWallClock: runs start at the hour on the learner's wall, also over both changes of the clocks, at a time that is skipped, and at one that comes twice.
func TestSchedulesKeepTheWallClock(t *testing.T) {
	sunday := []time.Weekday{time.Sunday}
	for _, c := range []struct {
		zone     string
		schedule Schedule
		from, to string
		want     string
	}{
		{"Europe/Berlin", Schedule{Every: EveryWeek, Days: sunday, Clock: 17 * 60}, "2026-03-20", "2026-04-07", "03-22 17:00, 03-29 17:00, 04-05 17:00"},
		{"Europe/Berlin", Schedule{Every: EveryWeek, Days: sunday, Clock: 2*60 + 30}, "2026-03-20", "2026-04-07", "03-22 02:30, 03-29 03:00, 04-05 02:30"},
		{"Europe/Berlin", Schedule{Every: EveryDay, Clock: 2*60 + 30}, "2026-10-24", "2026-10-27", "10-24 02:30, 10-25 02:30, 10-26 02:30"},
		{"America/New_York", Schedule{Every: EveryDay, Clock: 9 * 60}, "2026-10-31", "2026-11-03", "10-31 09:00, 11-01 09:00, 11-02 09:00"},
		{"America/New_York", Schedule{Every: EveryDay, Clock: 9 * 60}, "2026-03-07", "2026-03-10", "03-07 09:00, 03-08 09:00, 03-09 09:00"},
		{"Asia/Tokyo", Schedule{Every: EveryMonth, Day: 28, Clock: 0}, "2026-01-28", "2026-04-30", "01-28 00:00, 02-28 00:00, 03-28 00:00, 04-28 00:00"},
	} {
		t.Run(c.zone+" "+c.from, func(t *testing.T) {
			loc := findZone(t, c.zone)
			day := func(text string) time.Time {
				at, err := time.ParseInLocation(time.DateOnly, text, loc)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			c.schedule.WhileActive = 62 * 24 * time.Hour
			l := newScheduledLearner(t, c.zone, &c.schedule)
			for at := day(c.from); at.Before(day(c.to)); at = at.Add(20 * time.Hour) {
				l.active(at.Add(-time.Minute))
			}
			l.passTo(day(c.to))
			if got := strings.Join(l.started, ", "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestSchedulesLeaveTheAbsentAlone: after while_active nothing wakes the learner any more, and nothing is made up for when they come back; daily activity wakes nobody.
func TestSchedulesLeaveTheAbsentAlone(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) } // a Monday
	l := newScheduledLearner(t, "UTC", &Schedule{Every: EveryWeek, Days: []time.Weekday{time.Sunday}, Clock: 17 * 60, WhileActive: 28 * 24 * time.Hour})
	if !l.active(day(0)) {
		t.Error("the first activity did not arm the schedule")
	}
	for n := 1; n < 20; n++ {
		if l.active(day(n)) {
			t.Errorf("the activity of day %d woke the workflow", n)
		}
	}
	l.passTo(day(19 + 28)) // active for the last time on day 19
	if !l.wake.IsZero() {
		t.Errorf("it still wants to be woken, at %s: the learner never retires", l.wake)
	}
	if want := []string{"03-08 17:00", "03-15 17:00", "03-22 17:00", "03-29 17:00", "04-05 17:00", "04-12 17:00"}; !slices.Equal(l.started, want) {
		t.Errorf("runs started at %s, want %s", l.started, want)
	}
	l.started = nil
	if !l.active(day(100)) {
		t.Error("the activity after a long time did not arm the schedule anew")
	}
	l.passTo(day(107))
	if want := []string{"06-14 17:00"}; !slices.Equal(l.started, want) {
		t.Errorf("after coming back runs started at %s, want %s", l.started, want)
	}
}

// TestATravellersSchedule: who flies west on the day does not get the same digest a second time, and who flies east gets the next one by the new clock.
func TestATravellersSchedule(t *testing.T) {
	at := func(text string) time.Time {
		found, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	l := newScheduledLearner(t, "Europe/Berlin", &Schedule{Every: EveryWeek, Days: []time.Weekday{time.Sunday}, Clock: 17 * 60, WhileActive: 28 * 24 * time.Hour})
	l.active(at("2026-03-06T09:00:00Z"))
	l.passTo(at("2026-03-08T16:30:00Z"))
	l.env.Profile.Timezone = "America/New_York"
	l.step(nil, at("2026-03-08T16:30:00Z"))
	l.passTo(at("2026-03-16T00:00:00Z"))
	l.env.Profile.Timezone = "Asia/Tokyo"
	l.step(nil, at("2026-03-16T00:00:00Z"))
	l.passTo(at("2026-03-23T00:00:00Z"))
	if got := fmt.Sprint(l.started); got != "[03-08 17:00 03-15 17:00 03-22 17:00]" {
		t.Errorf("runs started at %s", got)
	}
}

// TestASchedulesDays: a week's schedule comes on each of its days, however close they are.
func TestASchedulesDays(t *testing.T) {
	for _, c := range []struct {
		days []time.Weekday
		want string
	}{
		{[]time.Weekday{time.Saturday, time.Sunday}, "[03-07 17:00 03-08 17:00 03-14 17:00 03-15 17:00]"},
		{[]time.Weekday{time.Monday, time.Wednesday, time.Friday}, "[03-02 17:00 03-04 17:00 03-06 17:00 03-09 17:00 03-11 17:00 03-13 17:00 03-16 17:00]"},
	} {
		l := newScheduledLearner(t, "UTC", &Schedule{Every: EveryWeek, Days: c.days, Clock: 17 * 60, WhileActive: 28 * 24 * time.Hour})
		monday := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		l.active(monday)
		l.passTo(monday.AddDate(0, 0, 15))
		if got := fmt.Sprint(l.started); got != c.want {
			t.Errorf("runs started at %s, want %s", got, c.want)
		}
	}
}

// TestAScheduleMakesNothingUp: who was not looked at for ten days, because no rule needed it, gets no runs for the instants in between, neither when the schedule is published nor
// when an event comes first.
func TestAScheduleMakesNothingUp(t *testing.T) {
	seen := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		input Input
		want  string
	}{
		{"published", Input{Publication: &Publication{Hash: "h"}}, "[]"},
		{"an event first", Input{Event: &Event{ID: "e", Name: "note.created", Learner: "u", Time: seen.AddDate(0, 0, 10), StoredAt: seen.AddDate(0, 0, 10)}}, "[03-12 12:00]"}, // 3 hours late
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newScheduledLearner(t, "UTC", &Schedule{Every: EveryDay, Clock: 9 * 60, WhileActive: 28 * 24 * time.Hour})
			l.env.Current.Settings.MaxEventAge = 0
			l.env.Current.Settings.Patience = 23 * time.Hour
			l.standing.Apply(&Event{ID: "a", Name: "lesson.completed", Learner: "u", Time: seen}, l.env.Current, seen)
			l.state.Clock = seen
			l.step([]Input{c.input}, seen.AddDate(0, 0, 10))
			if got := fmt.Sprint(l.started); got != c.want {
				t.Errorf("runs started at %s, want %s", got, c.want)
			}
			if want := time.Date(2026, 3, 13, 9, 0, 0, 0, time.UTC); !l.wake.Equal(want) {
				t.Errorf("it wakes at %s, want %s", l.wake, want)
			}
		})
	}
}

// TestAScheduleHearsLate: activity from before the last instant that is heard after it arms the schedule anew; later activity would not, for the pauses are short.
func TestAScheduleHearsLate(t *testing.T) {
	l := newScheduledLearner(t, "UTC", &Schedule{Every: EveryWeek, Days: []time.Weekday{time.Sunday}, Clock: 17 * 60, WhileActive: 28 * 24 * time.Hour})
	began := time.Date(2026, 3, 1, 16, 59, 0, 0, time.UTC)
	l.active(began)
	heard := time.Date(2026, 3, 22, 18, 0, 0, 0, time.UTC)
	l.passTo(heard)
	if !l.wake.IsZero() {
		t.Fatalf("it still wants to be woken, at %s", l.wake)
	}
	ev := &Event{ID: "late", Name: "lesson.completed", Learner: "u", Time: heard.Add(-6 * time.Hour), StoredAt: heard}
	change := l.standing.Apply(ev, l.env.Current, heard)
	if !l.env.Current.WantsOf(l.env.Standing, ev, &change) {
		t.Fatalf("the activity after %s is not wanted, and nothing arms the schedule any more", change.PlatformGap)
	}
	l.step([]Input{{Event: ev}}, heard)
	if want := time.Date(2026, 3, 29, 17, 0, 0, 0, time.UTC); !l.wake.Equal(want) {
		t.Errorf("it wakes at %s, want %s", l.wake, want)
	}
}
