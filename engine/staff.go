package engine

import "slices"

// NoLearner stands in the learner's place where an event has none. The state of such an event is that of one run of each rule of which staff hear.
const NoLearner = "_"

// ConcernsStaff reports whether staff may hear of an event of this name that has no learner.
func (r *Ruleset) ConcernsStaff(name string) bool {
	return slices.ContainsFunc(r.Rules, func(rule *Rule) bool { return rule.When.Staff && rule.When.Match.Event == name })
}

// StaffRules returns the rules of which staff hear that an event without a learner may start, as far as the event alone tells.
func (r *Ruleset) StaffRules(ev *Event) []*Rule {
	var found []*Rule
	for _, rule := range r.Rules {
		if rule.When.Staff && rule.When.Match.Event == ev.Name && (rule.When.Match.Gate == nil || rule.When.Match.mayMatch(ev)) {
			found = append(found, rule)
		}
	}
	return found
}

// HeardBefore is the outcome of a message to staff that a run of another event has sent: with `per`, they hear of each value once.
func HeardBefore(send *Send) Outcome {
	return Outcome{
		SendID: send.ID,
		Status: OutcomeSuppressed,
		Reason: ReasonAgain,
		Detail: "staff have heard of it",
	}
}

// IsOver reports whether nothing is left to be done in a state: no run goes on and no delivery is out.
func (st *State) IsOver() bool { return len(st.Runs) == 0 && len(st.PendingDeliveries) == 0 }
