package triggers

import (
	"context"
	"time"
)

// noteRewind counts that a partition's stream went back in time and has it recorded for the operator, without waiting.
func (t *Triggers) noteRewind(partition int, r rewind) {
	t.count.rewinds.Add(1)
	if t.o.Rewinds == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := t.o.Rewinds.NoteRewind(ctx, partition, r.from, r.to, t.o.Clock.At(r.at)); err != nil {
			t.o.Log.Warn("record that the stream went back", "partition", partition, "error", err)
		}
	}()
}
