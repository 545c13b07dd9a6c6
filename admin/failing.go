package admin

import (
	"context"
	"time"

	"homeroom/worker"
)

// LearnerFailing is a learner whose events were handed over, and whose workflow gets nowhere with them. It holds ids, and no address or
// name.
type LearnerFailing struct {
	Learner  string    `json:"learner"`
	Since    time.Time `json:"since,omitzero"` // zero: not known
	Step     string    `json:"step"`           // what fails: "deciding" or "the workflow task"
	Error    string    `json:"error,omitempty"`
	Attempts int       `json:"attempts,omitempty"` // 0: not known
}

// maxFailing is how many learners of each kind are listed.
const maxFailing = 50

// failingTime bounds what is asked of Temporal.
const failingTime = 15 * time.Second

// LearnersFailing returns learners whose workflows get nowhere, at most 50 of each kind, and how many there are.
func (i *Installation) LearnersFailing(ctx context.Context) (learners []LearnerFailing, count int, err error) {
	ctx, cancel := context.WithTimeout(ctx, failingTime)
	defer cancel()
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, 0, err
	}
	found, err := worker.FindFailing(ctx, temporal, maxFailing)
	for _, f := range found.Some {
		learners = append(learners, LearnerFailing{
			Learner:  f.Learner,
			Since:    f.Since,
			Step:     f.Step,
			Error:    f.Cause,
			Attempts: f.Attempts,
		})
	}
	return learners, found.Count, err
}
