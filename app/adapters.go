package app

import (
	"context"
	"errors"
	"fmt"

	"homeroom/triggers"
	"homeroom/worker"
	"homeroom/workflows"
)

// starter hands a batch of the triggers to the learner's workflow.
type starter struct{ *worker.Starter }

// HandOver implements triggers.Starter.
func (s starter) HandOver(ctx context.Context, b triggers.Batch) error {
	err := s.Starter.HandOver(ctx, workflows.Batch{Learner: b.Learner, Partition: b.Partition, Events: b.Events, Watermark: b.Watermark})
	if errors.Is(err, worker.ErrRefused) {
		return fmt.Errorf("%w: %w", triggers.ErrRefused, err)
	}
	if errors.Is(err, worker.ErrUnavailable) {
		return fmt.Errorf("%w: %w", triggers.ErrUnavailable, err)
	}
	return err
}
