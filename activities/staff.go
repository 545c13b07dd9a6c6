package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/workflows"
)

// StaffLedger knows which messages were sent.
type StaffLedger interface {
	Get(ctx context.Context, sendID string) (delivery.Entry, error)
}

// DecideStaff is the activity that decides what staff hear of an event without a learner.
type DecideStaff struct {
	Rulesets Rulesets
	Ledger   StaffLedger
	Clock    Clock
}

// pausedStaffFor is how long a message to staff waits, on the learners' clock, before it is asked again whether its rule is paused.
const pausedStaffFor = 5 * time.Minute

// Run decides. Every error is worth another try.
func (d *DecideStaff) Run(ctx context.Context, in workflows.StaffInput) (workflows.DecideStaffResult, error) {
	now := d.Clock.Now()
	env, failed, err := d.readEnv(ctx)
	if err != nil {
		return workflows.DecideStaffResult{}, err
	}
	inputs := in.Inputs
	state := in.State
	if state.Version > engine.StateVersion {
		return workflows.DecideStaffResult{}, fmt.Errorf("deciding what staff hear: the state was written by a newer Homeroom (version %d, this worker knows %d): deploy the newer worker again", state.Version, engine.StateVersion)
	}
	if state.Version == 0 {
		state.Learner = engine.NoLearner
		ev := in.Event
		ev.Learner = engine.NoLearner
		inputs = []engine.Input{{Event: &ev}}
	}
	if now.Before(state.Clock) { // another worker's clock was ahead
		now = state.Clock
	}
	res := engine.Step(env, state, inputs, now)
	if *failed != nil {
		return workflows.DecideStaffResult{}, *failed
	}
	out := workflows.DecideStaffResult{
		State:     res.State,
		Decisions: res.Decisions,
		Over:      res.State.IsOver(),
	}
	for _, effect := range res.Effects {
		if effect.Kind != engine.EffectDeliver {
			continue
		}
		heard, err := d.heardBefore(ctx, &effect.Send)
		if err != nil {
			return workflows.DecideStaffResult{}, err
		}
		if heard {
			out.Heard = append(out.Heard, engine.HeardBefore(&effect.Send))
		} else {
			out.Effects = append(out.Effects, effect)
		}
	}
	wake := res.WakeAt
	if wake.IsZero() {
		wake = now.Add(pausedStaffFor)
	}
	if !out.Over {
		out.Sleep = max(d.Clock.Timer(wake.Sub(now)), time.Millisecond)
	}
	return out, nil
}

// readEnv returns what a decision looks at. The step itself looks revisions up: failed is where an error of that is put, nil until then.
func (d *DecideStaff) readEnv(ctx context.Context) (env engine.Env, failed *error, err error) {
	current, err := d.Rulesets.Current(ctx)
	if err != nil {
		return engine.Env{}, nil, fmt.Errorf("deciding what staff hear: %w", err)
	}
	if current == nil {
		return engine.Env{}, nil, errors.New("deciding what staff hear: no rules are in force")
	}
	failed = new(error)
	env = engine.Env{
		Current: current,
		Grace:   DefaultGrace,
		Revision: func(hash string) *engine.Ruleset {
			if hash == current.Hash {
				return current
			}
			found, err := d.Rulesets.Revision(ctx, hash)
			if err != nil {
				*failed = fmt.Errorf("deciding what staff hear: %w", err)
			}
			return found
		},
	}
	return env, failed, nil
}

// heardBefore reports whether somebody may have got the same message from a run of another event, which there is only with `per`. What was refused or not taken
// has not been heard.
func (d *DecideStaff) heardBefore(ctx context.Context, send *engine.Send) (bool, error) {
	entry, err := d.Ledger.Get(ctx, send.ID)
	if err != nil {
		return false, fmt.Errorf("asking whether staff have heard of it: %w", err)
	}
	mayHave := entry.Phase == delivery.PhaseCalling || entry.Phase == delivery.PhaseUncertain ||
		entry.Phase == delivery.PhaseSettled && entry.Outcome.Status == engine.OutcomeAccepted
	return mayHave && entry.Send.Run != send.Run, nil
}
