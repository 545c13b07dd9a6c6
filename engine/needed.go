package engine

import (
	"maps"
	"slices"
)

// EventNeed says which rules need an event, by name and sorted.
type EventNeed struct {
	Starts []string // those that it starts, or without which a silence does not begin
	Heard  []string // those that listen for it otherwise: as a goal, in until, wait_for …
}

// EventsNeeded returns the events that rules listen for by name, with the rules. Homeroom's own, such as email.clicked, are among them; EventBroadcast, which a person
// causes, is not.
func (r *Ruleset) EventsNeeded() map[string]EventNeed {
	needed := map[string]EventNeed{}
	add := func(event, rule string, starts bool) {
		if event == EventBroadcast { // comes from a person, and from no platform
			return
		}
		need := needed[event]
		if starts {
			need.Starts = append(need.Starts, rule)
		} else {
			need.Heard = append(need.Heard, rule)
		}
		needed[event] = need
	}
	for _, rule := range r.Rules {
		begins := rule.beginsWith()
		if begins != "" {
			add(begins, rule.Name, true)
		}
		in := &interest{byEvent: map[string]eventInterest{}}
		in.addRule(rule)
		for event := range maps.Keys(in.byEvent) {
			if event != begins {
				add(event, rule.Name, false)
			}
		}
	}
	for _, need := range needed {
		slices.Sort(need.Starts)
		slices.Sort(need.Heard)
	}
	return needed
}

// beginsWith returns the event without which a rule never starts; "" if there is no single one.
func (r *Rule) beginsWith() string {
	switch {
	case r.When.Inactive > 0 && r.When.Platform:
		return EventSignedUp
	case r.When.Inactive > 0, r.When.Overdue > 0:
		return EventEnrolled
	case r.When.Schedule != nil, r.When.IsState():
		return ""
	}
	return r.When.Match.Event
}
