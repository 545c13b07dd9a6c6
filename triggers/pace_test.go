package triggers_test

import (
	"slices"
	"testing"
	"time"

	"homeroom/triggers"
)

// TestABurstIsHandedOverInLargeBatches: the first event goes at once, and what comes within Pace of a hand-over goes together.
func TestABurstIsHandedOverInLargeBatches(t *testing.T) {
	const pace = 300 * time.Millisecond
	const events = 400
	w := newWorld(t)
	w.tune = func(o *triggers.Options) { o.Pace = pace }
	w.run()
	began := time.Now()
	published := []uint64{w.lesson("u_1", 0)}
	w.until("the first event", func() bool { return len(w.learn.of("u_1")) == 1 })
	for n := 1; n < events; n++ {
		published = append(published, w.lesson("u_1", n))
	}
	other := w.lesson("u_2", 0)
	w.until("the other learner, who waits for nobody", func() bool { return w.learn.got(other) })
	w.until("everything", func() bool { return w.learn.distinct() == events+1 })
	most := int(time.Since(began)/pace) + 3
	if got := w.learn.applied("u_1"); !slices.Equal(got, published) {
		t.Errorf("%d events were applied in order, want %d", len(got), len(published))
	}
	if n := len(w.learn.batches); n > most {
		t.Errorf("%d events were %d hand-overs, want at most %d", events, n, most)
	}
}
