package admin

import (
	"context"
	"fmt"

	"homeroom/internal/spelling"
	"homeroom/setaside"
	"homeroom/store"
	"homeroom/subjects"
)

// LearnerSetAside is a learner whose events wait because they could not be handed over. It holds ids, and no address or name.
type LearnerSetAside struct {
	setaside.Record
	Waiting uint64 `json:"waiting"` // events
}

// LearnersSetAside returns who is set aside, those longest first.
func (i *Installation) LearnersSetAside(ctx context.Context) ([]LearnerSetAside, error) {
	learners := []LearnerSetAside{}
	for _, record := range i.store.Control.SetAside() {
		waiting, err := store.NewLearnerData(i.js).CountSetAside(ctx, record.Learner)
		if err != nil {
			return nil, err
		}
		learners = append(learners, LearnerSetAside{Record: record, Waiting: waiting})
	}
	return learners, nil
}

// findSetAside returns the learner's record and how many events wait, or nil if the learner is not set aside.
func (i *Installation) findSetAside(ctx context.Context, learner string) (*LearnerSetAside, error) {
	record, found, err := i.store.Control.ReadSetAside(ctx, learner)
	if err != nil || !found {
		return nil, err
	}
	waiting, err := store.NewLearnerData(i.js).CountSetAside(ctx, learner)
	return &LearnerSetAside{Record: record, Waiting: waiting}, err
}

// RetryLearner has a learner who is set aside tried again at once, by whichever process has the role triggers. It returns what was recorded before.
func (i *Installation) RetryLearner(ctx context.Context, learner string) (LearnerSetAside, error) {
	if err := subjects.ValidLearner(learner); err != nil {
		return LearnerSetAside{}, inputError(err)
	}
	before, err := i.findSetAside(ctx, learner)
	if err != nil {
		return LearnerSetAside{}, err
	}
	if before == nil {
		return LearnerSetAside{}, inputError(fmt.Errorf("learner %s is not set aside%s; `homeroom learner stuck` lists who is", learner, i.nearestSetAside(learner)))
	}
	now := i.opts.Now().UTC()
	err = i.recordLearner(ctx, store.ActionRetryLearner, learner, func() error {
		_, err := i.store.Control.ChangeSetAside(ctx, learner, func(s *store.SetAside, exists bool) bool {
			s.Next = now
			return exists
		})
		return err
	})
	return *before, err
}

// nearestSetAside says which learner who is set aside a person may have meant; empty: none is near.
func (i *Installation) nearestSetAside(learner string) string {
	var ids []string
	for _, record := range i.store.Control.SetAside() {
		ids = append(ids, record.Learner)
	}
	if near := spelling.Nearest(learner, ids); near != "" {
		return ", did you mean " + near + "?"
	}
	return ""
}
