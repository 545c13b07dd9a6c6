package engine

import "slices"

// OutcomesThatMayWait returns the ids of the sends under way whose outcome changes nothing if they are accepted, but that they are no longer under way: no
// run waits for them, and they do not settle what was uncertain. Such an outcome may be taken in together with the inputs that come next.
func OutcomesThatMayWait(state *State) []string {
	var ids []string
	for i := range state.PendingDeliveries {
		f := &state.PendingDeliveries[i]
		if f.ExitReason == "" && f.SettleAt.IsZero() && !f.Send.Settles && !awaitsOutcome(state, f.Send.Run) {
			ids = append(ids, f.Send.ID)
		}
	}
	return ids
}

// awaitsOutcome reports whether a run is at a send and waits for the outcome of the one before.
func awaitsOutcome(state *State, run string) bool {
	return slices.ContainsFunc(state.Runs, func(r Run) bool { return r.ID == run && !r.Ended && !r.FirstDue.IsZero() })
}
