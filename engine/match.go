package engine

import (
	"slices"
	"strconv"
	"time"
)

// matchesRun asks whether an event reaches a run and fulfils a match.
func (s *stepper) matchesRun(m *Match, rule *Rule, run *Run, ev *Event, course string, at time.Time) bool {
	if m.Event != ev.Name || !s.concernsRun(m, rule, run, ev, course) {
		return false
	}
	if m.If == nil {
		return true
	}
	yes, err := evalBool(m.If, s.runVars(ev, run, at))
	if err != nil {
		s.recordDecision(Decision{
			At:     s.decisionTime(at),
			Rule:   run.Rule,
			Scope:  run.Scope,
			Kind:   KindSkipped,
			Reason: ReasonConditionError,
			Run:    run.ID,
			Rev:    run.Revision,
			Detail: err.Error(),
		}, ev.ID, m.If.Source())
	}
	return yes
}

// concernsRun reports whether an event concerns a run, as the match's mode asks: by the `per` keys that it carries; if it carries none, by the entity keys
// that it shares with the trigger.
func (s *stepper) concernsRun(m *Match, rule *Rule, run *Run, ev *Event, course string) bool {
	if m.Mode == MatchAny {
		return true
	}
	some, equal := s.compareKeys(rule.Per, run, ev, course)
	if !some {
		keys := s.env.Current.Keys[run.Trigger.Name]
		if !slices.Contains(keys, KeyCourse) {
			keys = append(slices.Clip(keys), KeyCourse)
		}
		some, equal = s.compareKeys(keys, run, ev, course)
	}
	switch {
	case m.Mode == MatchOther:
		return some && !equal
	case some:
		return equal
	}
	return len(rule.Per) == 0
}

// compareKeys looks at the keys that both the run and the event have: some reports that there are some, equal that they agree.
func (s *stepper) compareKeys(keys []string, run *Run, ev *Event, course string) (some, equal bool) {
	for _, key := range keys {
		ours := keyValue(&run.Trigger, key, run.Course)
		theirs := keyValue(ev, key, course)
		if ours == "" || theirs == "" {
			continue
		}
		if ours != theirs {
			return true, false
		}
		some = true
	}
	return some, some
}

// keyValue is an event's value of a key as text; empty: it has none.
func keyValue(ev *Event, key, course string) string {
	switch v := ev.Properties[key].(type) {
	case string:
		if v != "" {
			return v
		}
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	if key == KeyCourse {
		return course
	}
	return ""
}
