package triggers_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// storedAt is when the stream stored a message, by the server's clock.
func (w *world) storedAt(seq uint64) time.Time {
	w.t.Helper()
	stream, err := w.js.Stream(context.Background(), subjects.Stream)
	if err != nil {
		w.t.Fatal(err)
	}
	msg, err := stream.GetMsg(context.Background(), seq)
	if err != nil {
		w.t.Fatal(err)
	}
	return msg.Time
}

func TestTheMarkStaysBehindAnEventThatIsNotHandedOver(t *testing.T) {
	w := newWorld(t)
	w.learn.failWith(func(b triggers.Batch) error {
		if b.Learner == "u_42" {
			return errDown
		}
		return nil
	})
	w.run()
	p := store.PartitionOf("u_42")
	stuck := w.storedAt(w.lesson("u_42", 1))
	for i := range 20 {
		w.lesson(sameLane("u_42"), i)
	}
	w.until("the neighbor", func() bool { return len(w.learn.of(sameLane("u_42"))) == 20 })
	// Every other partition moves on, this one must not: wait until the others are past the event.
	other := (p + 1) % subjects.Partitions
	w.store.Control.AwaitHandedOver(context.Background(), other, stuck.Add(200*time.Millisecond), patience)
	if mark := w.store.Control.Watermark(other); mark.Before(stuck) {
		t.Fatalf("the idle partition's mark stands at %v", mark)
	}
	if mark := w.store.Control.Watermark(p); !mark.Before(stuck) {
		t.Fatalf("mark %v is ahead of an event stored at %v", mark, stuck)
	}
	w.learn.failWith(nil)
	if mark := w.store.Control.AwaitHandedOver(context.Background(), p, stuck.Add(time.Millisecond), patience); mark.Before(stuck) {
		t.Errorf("after the hand-over the mark stays at %v", mark)
	}
}

// checked publishes marks on, after checking each against what the fake workflow service has: everything published,
// stored up to the mark, and in that partition.
type checked struct {
	inner triggers.Watermarks
	check func(partition int, at time.Time)
}

func (c checked) PublishWatermark(ctx context.Context, p int, at time.Time) error {
	c.check(p, at)
	return c.inner.PublishWatermark(ctx, p, at)
}

func (c checked) Watermark(p int) time.Time { return c.inner.Watermark(p) }

func TestNoMarkIsEverAheadOfTheHandOver(t *testing.T) {
	w := newWorld(t)
	type stored struct {
		seq uint64
		at  time.Time
	}
	var mu sync.Mutex
	known := map[int][]stored{}
	var wrong []string
	marks := 0
	w.tune = func(o *triggers.Options) {
		o.WatermarkEvery = 2 * time.Millisecond
		o.WatermarkMargin = 25 * time.Millisecond // a busy server takes some milliseconds between a message's time and its place in the stream
		o.Watermarks = checked{w.store.Control, func(p int, at time.Time) {
			mu.Lock()
			defer mu.Unlock()
			marks++
			for _, s := range known[p] {
				if !s.at.After(at) && !w.learn.got(s.seq) {
					wrong = append(wrong, fmt.Sprintf("partition %d: mark %v, but %d stored at %v is not handed over", p, at, s.seq, s.at))
				}
			}
		}}
	}
	n := 0
	w.learn.failWith(func(triggers.Batch) error {
		w.learn.mu.Lock()
		defer w.learn.mu.Unlock()
		if n++; n%3 != 0 {
			return errDown
		}
		return nil
	})
	publish := func(count int) {
		for i := range count {
			learner := "u_" + strconv.Itoa(i%40)
			seq := w.lesson(learner, i)
			at := w.storedAt(seq)
			mu.Lock()
			p := store.PartitionOf(learner)
			known[p] = append(known[p], stored{seq, at})
			mu.Unlock()
		}
	}
	run := w.run()
	publish(200)
	run.crash()
	publish(40)
	w.run()
	publish(200)
	w.until("everything", func() bool { return w.learn.distinct() == 440 })
	mu.Lock()
	defer mu.Unlock()
	if marks == 0 {
		t.Error("no marks at all")
	}
	for _, s := range wrong[:min(5, len(wrong))] {
		t.Error(s)
	}
}
