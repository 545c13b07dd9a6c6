package triggers

import (
	"context"
	"time"
)

// noteRewind has it recorded for the operator, without waiting, that a partition's stream went back in time, and counts it unless a worker of this or of
// another process has recorded it already, and counted it. A rewind that cannot be recorded is counted.
func (t *Triggers) noteRewind(partition int, r rewind) {
	if t.o.Rewinds == nil {
		t.count.rewinds.Add(1)
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		isNew, err := t.o.Rewinds.NoteRewind(ctx, partition, r.from, r.to, t.o.Clock.At(r.fromAt), t.o.Clock.At(r.at))
		if err != nil {
			t.o.Log.Warn("record that the stream went back", "partition", partition, "error", err)
		}
		if isNew || err != nil {
			t.count.rewinds.Add(1)
		}
	}()
}
