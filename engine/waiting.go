package engine

import "slices"

// OutcomesThatMayWait returns the ids of the pending deliveries whose run goes on without waiting for them, and which are not uncertain and settle nothing. If one of them is
// accepted, the only change is that it is pending no longer, so its outcome may be taken in together with the inputs that come next.
func OutcomesThatMayWait(state *State) []string {
	var ids []string
	for i := range state.PendingDeliveries {
		pending := &state.PendingDeliveries[i]
		if pending.ExitReason == "" && pending.SettleAt.IsZero() && !pending.Send.Settles && !awaitsOutcome(state, pending.Send.Run) {
			ids = append(ids, pending.Send.ID)
		}
	}
	return ids
}

// awaitsOutcome reports whether a run is at a send and waits for the outcome of the one before.
func awaitsOutcome(state *State, run string) bool {
	return slices.ContainsFunc(state.Runs, func(r Run) bool { return r.ID == run && !r.Ended && !r.FirstDue.IsZero() })
}
