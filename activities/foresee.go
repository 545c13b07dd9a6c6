package activities

import (
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/workflows"
)

// foreseeAccepted notes in an answer which outcomes may wait for the next decision, and how things stand if all that is under way is accepted: what is
// shown, and when the learner may retire.
func (d *Decide) foreseeAccepted(answer *workflows.DecideResult, env engine.Env, state engine.State, now time.Time) {
	answer.MayWait = engine.OutcomesThatMayWait(&state)
	if n := len(answer.MayWait); n == 0 || n < len(state.PendingDeliveries) {
		return
	}
	accepted := make([]engine.Input, 0, len(answer.MayWait))
	for _, send := range answer.MayWait {
		accepted = append(accepted, engine.Input{Outcome: &engine.Outcome{SendID: send, Status: engine.OutcomeAccepted}})
	}
	res := engine.Step(env, state, accepted, now)
	scene := Scene{Env: env, State: res.State, Now: now, WakeAt: res.WakeAt}
	answer.Accepted = &workflows.Accepted{Details: scene.Card().Details, Over: runsOver(&state, &res.State)}
	answer.Retire = d.retireAfter(res)
}

// runsOver returns the ids of the runs that are kept before and not after.
func runsOver(before, after *engine.State) []string {
	var over []string
	for i := range before.Runs {
		id := before.Runs[i].ID
		if !slices.ContainsFunc(after.Runs, func(run engine.Run) bool { return run.ID == id }) {
			over = append(over, id)
		}
	}
	return over
}
