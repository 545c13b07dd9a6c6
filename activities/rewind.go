package activities

import (
	"context"
	"time"

	"homeroom/engine"
	"homeroom/workflows"
)

// Rewinds records that the stream went back in time, for the operator; see store.Control.
type Rewinds interface {
	// NoteRewind records that a partition's sequence `to` was given out again after `from`, unless a rewind is recorded that came after fromAt: then it
	// is that one. It reports whether it recorded it.
	NoteRewind(ctx context.Context, partition int, from, to uint64, fromAt, at time.Time) (bool, error)
}

// rewindTime is how long recording a rewind may take.
const rewindTime = 2 * time.Second

// noteRewind records a rewind that the learner's inputs show. Triggers that were started after the stream had gone back do not see it. An error is not
// reported: the decision must not wait, and the next learner of the partition shows the same rewind.
func (d *Decide) noteRewind(ctx context.Context, st *engine.State, in workflows.DecideInput) {
	if d.o.Rewinds == nil {
		return
	}
	r, found := engine.FindRewind(st, in.Inputs)
	if !found {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, rewindTime)
	defer cancel()
	isNew, err := d.o.Rewinds.NoteRewind(ctx, in.Partition, r.From, r.To, r.FromAt, r.At)
	if err == nil && isNew {
		d.rewinds.Add(1)
	}
}

// CountRewinds returns how many rewinds of the stream this process has recorded because a learner's inputs showed them.
func (d *Decide) CountRewinds() int64 { return d.rewinds.Load() }
