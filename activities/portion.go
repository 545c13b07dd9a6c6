package activities

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
	"homeroom/workflows"
)

const (
	// maxResult is the most bytes of JSON that a result may have: Temporal terminates a workflow that records more than 2 MiB.
	maxResult = 1_900_000
	// maxNews is how many bytes beside the state a result may have while its inputs can still be split.
	maxNews = 256 << 10
)

// TooLarge is the type of the error that says that a single input makes a result that no workflow may record. Trying again does not help; other rules do.
const TooLarge = "TooLarge"

// stepInputs decides as many of the inputs as have room in one result, from the first: all, or half of them, or a quarter, and at least one.
func (d *Decide) stepInputs(env engine.Env, state engine.State, in workflows.DecideInput, now time.Time) (workflows.DecideResult, error) {
	handedOver := env.Watermark
	for n := len(in.Inputs); ; n = (n + 1) / 2 {
		env.Watermark = watermarkBefore(handedOver, in, n)
		answer := d.decideFirst(env, state, in, n, now)
		fits, err := measureResult(&answer)
		if err != nil {
			return answer, fmt.Errorf("learner %q: %w", in.Learner, err)
		}
		switch {
		case n <= 1 && answer.Size > maxResult:
			return answer, tooLarge(in.Learner, &answer)
		case n <= 1 || fits:
			return answer, nil
		}
	}
}

// decideFirst decides the first n inputs.
func (d *Decide) decideFirst(env engine.Env, state engine.State, in workflows.DecideInput, n int, now time.Time) workflows.DecideResult {
	res := d.o.Step(env, state, in.Inputs[:n], now)
	unpublished := engine.FoldSkips(withoutPublished(res.Decisions, in.AlreadyPublished))
	scene := Scene{Env: env, State: res.State, Now: now, WakeAt: res.WakeAt}
	answer := workflows.DecideResult{
		State:       res.State,
		Effects:     res.Effects,
		Unpublished: unpublished,
		Urgent:      d.o.Prompt || slices.ContainsFunc(unpublished, engine.Decision.Urgent),
		Now:         now,
		WakeAt:      res.WakeAt,
		Sleep:       d.sleepDuration(in.Learner, now, res.WakeAt, env.Watermark),
		Rest:        d.restAfter(),
		Retire:      d.retireAfter(res),
		Next:        scene.Next(),
		Card:        scene.Card(),
	}
	d.foreseeAccepted(&answer, env, res.State, now)
	if n < len(in.Inputs) {
		answer.Taken = n
	}
	return answer
}

// watermarkBefore returns the watermark that holds while only the first n inputs are decided: it stays before the first event that is still to be
// decided, which may be the one that ends a run.
func watermarkBefore(handedOver time.Time, in workflows.DecideInput, n int) time.Time {
	next := in.NextStoredAt
	for i := n; i < len(in.Inputs); i++ {
		if ev := in.Inputs[i].Event; ev != nil {
			next = ev.StoredAt
			break
		}
	}
	if before := next.Add(-time.Nanosecond); !next.IsZero() && before.Before(handedOver) {
		return before
	}
	return handedOver
}

// measureResult sets the size of a result and reports whether it has room in a workflow's history. Most results are obviously small, and are not measured.
func measureResult(answer *workflows.DecideResult) (fits bool, err error) {
	s := &answer.State
	if len(s.Runs)+len(s.PendingDeliveries) == 0 && len(answer.Unpublished) < 50 { // runs and deliveries hold events; the rest is small
		return true, nil
	}
	all, err := json.Marshal(answer)
	if err != nil {
		return false, err
	}
	answer.Size = len(all)
	if len(all) <= maxNews {
		return true, nil
	}
	state, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	return len(all)-len(state) <= maxNews && len(all) <= maxResult, nil
}

// tooLarge returns the error for a result that Temporal would answer by terminating the workflow, which would lose everything that Homeroom remembers of
// the learner. With the error the input waits, and what is remembered stays.
func tooLarge(learner string, answer *workflows.DecideResult) error {
	s := &answer.State
	text := fmt.Sprintf("learner %q: %d runs and %d deliveries take %d bytes, more than a workflow may record: let rules and messages read fewer or shorter properties, or publish with --in-flight cancel",
		learner, len(s.Runs), len(s.PendingDeliveries), answer.Size)
	return temporal.NewNonRetryableApplicationError(text, TooLarge, nil)
}
