package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.temporal.io/api/serviceerror"

	"homeroom/workflows"
)

// A run that no worker serves, or that cannot decide, keeps every signal in its history. Temporal refuses the ten-thousandth signal, and it terminates a
// run of 50 MB or 51,200 events, with everything that Homeroom remembers of the learner. So a run's size is asked for now and then, and a run that
// is far beyond where a healthy one continues as new (4,096 events, 4 MB) is given nothing until it has done so.
const (
	maxRunEvents = 10_000
	maxRunBytes  = 12 << 20
	// The size is asked for after so many signals, or bytes of events, of a learner.
	askAfterSignals = 100
	askAfterBytes   = 2 << 20
	// maxRemembered is how many learners are counted at least; counts of those who were signaled least recently are dropped.
	maxRemembered = 5000
)

// ErrRunFull marks a hand-over that has to wait because the learner's run is not keeping up.
var ErrRunFull = errors.New("the learner's run is full")

// given is what a learner's run was given since its size was last asked for.
type given struct{ signals, bytes int }

// fullness counts what runs are given. The zero value is ready; its methods may be called from any goroutine.
type fullness struct {
	mu            sync.Mutex
	recent, older map[string]given
}

// addSignal counts one signal.
func (f *fullness) addSignal(learner string, bytes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.givenTo(learner)
	f.remember(learner, given{g.signals + 1, g.bytes + bytes})
}

// isDue reports whether the size of the learner's run is to be asked for.
func (f *fullness) isDue(learner string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.givenTo(learner)
	return g.signals >= askAfterSignals || g.bytes >= askAfterBytes
}

// forget begins to count anew for a learner.
func (f *fullness) forget(learner string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.recent, learner)
	delete(f.older, learner)
}

// givenTo returns the count of a learner. The caller holds the lock.
func (f *fullness) givenTo(learner string) given {
	if g, ok := f.recent[learner]; ok {
		return g
	}
	return f.older[learner]
}

// remember stores the count of a learner. The caller holds the lock.
func (f *fullness) remember(learner string, g given) {
	if f.recent == nil || len(f.recent) >= maxRemembered {
		f.older = f.recent
		f.recent = map[string]given{}
	}
	f.recent[learner] = g
}

// checkRoom returns ErrRunFull if the learner's run has no room for more, and nil if it has, or has so far been given little.
func (s *Starter) checkRoom(ctx context.Context, learner string) error {
	if !s.fullness.isDue(learner) {
		return nil
	}
	description, err := s.client.DescribeWorkflowExecution(ctx, workflows.WorkflowID(learner), "")
	var none *serviceerror.NotFound
	switch {
	case errors.As(err, &none):
	case err != nil:
		return fmt.Errorf("asking how large the run of learner %q is (worth trying again): %w", learner, err)
	default:
		info := description.GetWorkflowExecutionInfo()
		if info.GetCloseTime() == nil && (info.GetHistoryLength() > maxRunEvents || info.GetHistorySizeBytes() > maxRunBytes) {
			return fmt.Errorf("%w: learner %q has a run of %d events and %d bytes; its next events wait until it has decided what it was given: see that a worker runs, and what the run says in the Temporal UI",
				ErrRunFull, learner, info.GetHistoryLength(), info.GetHistorySizeBytes())
		}
	}
	s.fullness.forget(learner)
	return nil
}
