package publish

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
	"homeroom/subjects"
)

// StreamLearners names the learners of whom the stream of events holds something, partition by partition, and then those who were
// imported: they have a profile.
type StreamLearners struct{ JS jetstream.JetStream }

// Each implements Learners. It holds the subjects of one partition in memory at a time.
func (s StreamLearners) Each(ctx context.Context, yield func(learner string) error) error {
	stream, err := s.JS.Stream(ctx, subjects.Stream)
	if err != nil {
		return fmt.Errorf("looking for learners in the stream: %w", err)
	}
	for p := range subjects.Partitions {
		info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subjects.Partition(p)))
		if err != nil {
			return fmt.Errorf("looking for learners in partition %d of the stream: %w", p, err)
		}
		known := map[string]bool{subjects.NoLearner: true}
		for subject := range info.State.Subjects {
			_, learner, _, err := subjects.ParseStored(subject)
			if err != nil || known[learner] {
				continue
			}
			known[learner] = true
			if err := yield(learner); err != nil {
				return err
			}
		}
	}
	return s.eachImported(ctx, yield)
}

func (s StreamLearners) eachImported(ctx context.Context, yield func(learner string) error) error {
	err := store.EachKey(ctx, s.JS, store.BucketProfiles, func(key string) error {
		learner, err := subjects.Unescape(key)
		if err != nil {
			return nil // no learner's
		}
		return yield(learner)
	})
	if err != nil {
		return fmt.Errorf("looking for learners with a profile: %w", err)
	}
	return nil
}
