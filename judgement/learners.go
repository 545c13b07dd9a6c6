package judgement

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"homeroom/engine"
)

// Risk is the risk of one learner in one course.
type Risk struct {
	Learner string `json:"learner"`
	Course  string `json:"course"`
	engine.RiskScore
}

// Learners are the standings of learners, as events say. It is for one goroutine.
type Learners struct {
	rules     *engine.Ruleset
	standings map[string]*engine.Standing
	latest    time.Time
}

// NewLearners returns Learners without any learner yet. Of the ruleset it uses the settings, the courses and the keys; risk is kept whether it says so or not.
func NewLearners(rules *engine.Ruleset) *Learners {
	with := *rules
	if with.Settings.Risk == nil {
		with.Settings.Risk = &engine.RiskSettings{Intercept: engine.RiskIntercept}
	}
	return &Learners{
		rules:     &with,
		standings: map[string]*engine.Standing{},
	}
}

// Add takes in an event that a stream stored at an instant.
func (l *Learners) Add(ev *engine.Event, stored time.Time) {
	standing := l.standings[ev.Learner]
	if standing == nil {
		standing = &engine.Standing{}
		l.standings[ev.Learner] = standing
	}
	standing.Apply(ev, l.rules, stored)
	if stored.After(l.latest) {
		l.latest = stored
	}
}

// Latest is when the last event was stored; zero: there was none.
func (l *Learners) Latest() time.Time { return l.latest }

// Risks returns the risk of every learner in every course that is under way at an instant, the greatest first. A course limits it to that course;
// empty: all. The instant must not be before the last event.
func (l *Learners) Risks(at time.Time, course string) []Risk {
	all := []Risk{}
	for _, learner := range slices.Sorted(maps.Keys(l.standings)) {
		standing := l.standings[learner]
		for _, id := range slices.Sorted(maps.Keys(standing.Courses)) {
			if course != "" && id != course {
				continue
			}
			if score, known := l.rules.RiskOf(standing, id, at); known {
				all = append(all, Risk{Learner: learner, Course: id, RiskScore: score})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Risk) int { return cmp.Compare(b.Value, a.Value) })
	return all
}

// CourseOf attributes an event to a course, as far as the events before tell; empty: not known.
func (l *Learners) CourseOf(ev *engine.Event) string {
	standing := l.standings[ev.Learner]
	if standing == nil {
		standing = &engine.Standing{}
	}
	return standing.CourseOf(ev, l.rules.Keys)
}
