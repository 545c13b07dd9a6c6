package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/workflows"
)

// Retired keeps the states of learners whose workflow has ended because nothing was due.
type Retired interface {
	// Get returns the state that the last retirement left behind; found is false if there is none.
	Get(ctx context.Context, learner string) (state engine.State, found bool, err error)
	// Put stores the state of a learner who retires at `at`; kept is false if what is stored is newer.
	Put(ctx context.Context, learner string, state engine.State, at time.Time) (kept bool, err error)
}

// Retire is the local activity that stores the state of a learner whose workflow ends. The state holds no personal data.
func (d *Decide) Retire(ctx context.Context, in workflows.RetireInput) (kept bool, err error) {
	if d.o.Retired == nil { // another worker started the retirement; this one has no store and would not find the state again
		return false, nil
	}
	if kept, err = d.o.Retired.Put(ctx, in.Learner, in.State, in.At); err != nil {
		return false, fmt.Errorf("learner %q retires: %w", in.Learner, err)
	}
	return kept, nil
}

// loadState returns the state from which the first decision of a new workflow continues: the one stored at the learner's last retirement, or an empty
// one. If the store cannot be read, it returns an error; it never treats the learner as new.
func (d *Decide) loadState(ctx context.Context, learner string) (engine.State, error) {
	empty := engine.State{Version: engine.StateVersion, Learner: learner}
	if d.o.Retired == nil {
		return empty, nil
	}
	state, found, err := d.o.Retired.Get(ctx, learner)
	if err != nil {
		return engine.State{}, fmt.Errorf("looking whether learner %q has retired: %w", learner, err)
	}
	if !found {
		return empty, nil
	}
	return state, nil
}

// retireAfter is after how long, in real time, the workflow ends if nothing wakes it; 0: never. A live run keeps the workflow, also one that a pause
// holds, because a sweep finds learners by their workflow.
func (d *Decide) retireAfter(res engine.Result) time.Duration {
	s := &res.State
	if s.MergedInto != "" && d.o.Retired != nil && len(s.PendingDeliveries) == 0 {
		return time.Millisecond
	}
	live := slices.ContainsFunc(s.Runs, func(r engine.Run) bool { return !r.Ended })
	if d.o.Retired == nil || d.o.RetireAfter < 0 || live || len(s.PendingDeliveries) > 0 || !res.WakeAt.IsZero() {
		return 0
	}
	return max(d.o.Clock.Wait(d.o.RetireAfter), time.Millisecond)
}
