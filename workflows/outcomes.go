package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// What most deliveries answer, that the message was accepted, changes nothing for the learner but that the delivery is over. It is decided together
// with what comes next, because a decision is billed.

// mayOutcomeWait reports whether an outcome needs no decision of its own: the message was accepted, that has been published, and nothing waits for it.
func (l *learner) mayOutcomeWait(d *delivery, result *Delivered) bool {
	return l.Version >= versionFewerActions && result.Outcome.Status == engine.OutcomeAccepted && len(result.Published) > len(d.decisions) && slices.Contains(l.mayWait, d.send.ID)
}

// keepWaiting lets an outcome wait for the next decision. Once no delivery is under way, the current details say how things stand.
func (l *learner) keepWaiting(ctx workflow.Context, outcome *engine.Outcome) {
	l.waitingOutcomes = append(l.waitingOutcomes, engine.Input{Outcome: outcome})
	if l.allAccepted() {
		workflow.SetCurrentDetails(ctx, l.accepted.Details)
	}
}

// allAccepted reports whether all that was under way at the last decision has been accepted, and nothing has been decided since.
func (l *learner) allAccepted() bool {
	return l.accepted != nil && len(l.waitingOutcomes) == len(l.mayWait)
}

// shownState returns the state for those who ask: a delivery whose outcome waits is not under way.
func (l *learner) shownState() engine.State {
	state := l.State
	if len(l.waitingOutcomes) == 0 {
		return state
	}
	state.PendingDeliveries = slices.DeleteFunc(slices.Clone(state.PendingDeliveries), func(pending engine.PendingDelivery) bool {
		return slices.ContainsFunc(l.waitingOutcomes, func(in engine.Input) bool { return in.Outcome.SendID == pending.Send.ID })
	})
	if l.allAccepted() {
		state.Runs = slices.DeleteFunc(slices.Clone(state.Runs), func(run engine.Run) bool { return slices.Contains(l.accepted.Over, run.ID) })
	}
	return state
}

// takeWaitingOutcomes puts the outcomes that wait before the inputs that are to be decided.
func (l *learner) takeWaitingOutcomes() {
	if len(l.waitingOutcomes) == 0 {
		return
	}
	l.inputs = append(l.waitingOutcomes, l.inputs...)
	l.waitingOutcomes = nil
}

// decideWaitingOutcomes decides the outcomes that wait, because the run is about to end. That puts off neither rest nor retirement.
func (l *learner) decideWaitingOutcomes(ctx workflow.Context) error {
	decidedAt := l.decidedAt
	wokenToRest := l.wokenToRest
	l.takeWaitingOutcomes()
	err := l.decideInputs(ctx)
	l.decidedAt = decidedAt
	l.wokenToRest = wokenToRest
	return err
}
