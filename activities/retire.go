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

// Retire is the local activity that puts a learner's state away. What it is given holds no personal data.
func (d *Decide) Retire(ctx context.Context, in workflows.RetireInput) (kept bool, err error) {
	if d.o.Retired == nil { // another worker has put this learner on the way; this one would not find the state again
		return false, nil
	}
	if kept, err = d.o.Retired.Put(ctx, in.Learner, in.State, in.At); err != nil {
		return false, fmt.Errorf("learner %q retires: %w", in.Learner, err)
	}
	return kept, nil
}

// begin returns the state that a learner's first decision in a new workflow goes on from: what their last retirement left
// behind, or that of a stranger. A store that does not answer is an error, never a stranger.
func (d *Decide) begin(ctx context.Context, learner string) (engine.State, error) {
	stranger := engine.State{Version: engine.StateVersion, Learner: learner}
	if d.o.Retired == nil {
		return stranger, nil
	}
	state, found, err := d.o.Retired.Get(ctx, learner)
	if err != nil {
		return engine.State{}, fmt.Errorf("looking whether learner %q has retired: %w", learner, err)
	}
	if !found {
		return stranger, nil
	}
	return state, nil
}

// retire is how long, for real, the run is to go on if nothing wakes it; 0: for good. Runs that are live keep it, those that
// are held by a pause too, because a sweep finds them by their workflow.
func (d *Decide) retire(res engine.Result) time.Duration {
	s := &res.State
	live := slices.ContainsFunc(s.Runs, func(r engine.Run) bool { return !r.Ended })
	if d.o.Retired == nil || d.o.RetireAfter < 0 || live || len(s.PendingDeliveries) > 0 || !res.WakeAt.IsZero() {
		return 0
	}
	return max(d.o.Clock.Wait(d.o.RetireAfter), time.Millisecond)
}
