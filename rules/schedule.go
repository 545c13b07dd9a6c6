package rules

import (
	"fmt"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// defaultWhileActive is how long after the last activity a schedule goes on if it is not said; of one that comes once a month it is twice a month.
const (
	defaultWhileActive      = 28 * 24 * time.Hour
	defaultMonthWhileActive = 62 * 24 * time.Hour
)

// lastMonthDay is the last day that every month has.
const lastMonthDay = 28

// scheduleSpec is a schedule as written.
type scheduleSpec struct {
	every       engine.SchedulePeriod
	on          *yamlfile.Node
	at          *yamlfile.Node
	whileActive time.Duration
}

// scheduleKeyNames are the keys of when that go with every.
var scheduleKeyNames = []string{"on", "at", "while_active"}

func scheduleKeys() []key[whenSpec] {
	return []key[whenSpec]{
		{name: "every", read: readEvery},
		{name: "on", read: func(_ *decoder, w *whenSpec, _, v *yamlfile.Node) { w.schedule.on = v }},
		{name: "at", read: func(_ *decoder, w *whenSpec, _, v *yamlfile.Node) { w.schedule.at = v }},
		{
			name: "while_active",
			read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) {
				w.schedule.whileActive, _ = d.readDuration(v, "while_active")
			},
		},
	}
}

func readEvery(d *decoder, w *whenSpec, _, v *yamlfile.Node) {
	every, _ := d.oneOf(v, "every", string(engine.EveryDay), string(engine.EveryWeek), string(engine.EveryMonth))
	w.schedule.every = engine.SchedulePeriod(every)
}

// readSchedule makes a schedule of what every and its keys say. ok is false if something is wrong.
func readSchedule(d *decoder, k, v *yamlfile.Node, spec *scheduleSpec) (*engine.Schedule, bool) {
	before := len(*d.Problems)
	s := &engine.Schedule{Every: spec.every, WhileActive: spec.whileActive}
	if s.WhileActive == 0 {
		s.WhileActive = defaultWhileActive
		if s.Every == engine.EveryMonth {
			s.WhileActive = defaultMonthWhileActive
		}
	}
	if n := v.Get("while_active"); n != nil && s.WhileActive <= s.Every.Longest() {
		d.Fail(n.At, fmt.Sprintf("write more than a %s, for example %s", s.Every, engine.FormatDuration(2*s.Every.Longest().Truncate(24*time.Hour))),
			"while_active is not longer than the schedule's %s", s.Every)
	}
	if spec.at == nil {
		d.Fail(k.At, `add at: "17:00", say`, "the schedule does not say at what time of day")
	} else {
		s.Clock, _ = d.readClock(spec.at, "at")
	}
	switch s.Every {
	case engine.EveryDay:
		if spec.on != nil {
			d.Fail(spec.on.At, "take it out, or write every: week", "on goes with a week or a month")
		}
	case engine.EveryWeek:
		if spec.on == nil {
			d.Fail(k.At, "add on: sun, say", "the schedule does not say on which day of the week")
			break
		}
		s.Days = d.readDays(asList(spec.on))
	case engine.EveryMonth:
		if spec.on == nil {
			d.Fail(k.At, "add on: 1, say", "the schedule does not say on which day of the month")
			break
		}
		s.Day, _ = d.readInteger(spec.on, "on", 1, lastMonthDay)
	}
	return s, len(*d.Problems) == before
}

// asList makes a list of one day.
func asList(n *yamlfile.Node) *yamlfile.Node {
	if n.Kind == yamlfile.Sequence {
		return n
	}
	return &yamlfile.Node{Kind: yamlfile.Sequence, At: n.At, Items: []*yamlfile.Node{n}}
}

// scheduleWords says when a schedule comes: "every week on sun at 17:00 where the learner lives".
func scheduleWords(s *engine.Schedule) string {
	on := ""
	switch s.Every {
	case engine.EveryDay:
	case engine.EveryWeek:
		var days []string
		for _, day := range s.Days {
			days = append(days, weekdays[day])
		}
		on = " on " + strings.Join(days, ", ")
	case engine.EveryMonth:
		on = fmt.Sprintf(" on day %d", s.Day)
	}
	return fmt.Sprintf("every %s%s at %02d:%02d where the learner lives, until %s after their last activity", s.Every, on, s.Clock/60, s.Clock%60, engine.FormatDuration(s.WhileActive))
}

// listenedForSchedule are the events that may begin a schedule for a learner.
func listenedForSchedule(s *engine.Schedule) (out []listens) {
	for _, event := range []string{engine.EventSignedUp, engine.EventEnrolled, engine.EventFreeEnrolled} {
		out = append(out, listens{event: event, why: "the schedule begins", wakes: eachTime})
	}
	return append(out, listens{
		event:  "any activity",
		volume: "high",
		why:    "the schedule begins anew",
		wakes:  "after at least " + engine.FormatDuration(s.WhileActive-s.Every.Longest()) + " of silence",
	})
}
