package triggers_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// quickly sets learners aside after a tenth of a second, and tries them again when they are told to.
func quickly(o *triggers.Options) {
	o.SetAsideAfter = 100 * time.Millisecond
	o.SetAsideRetryMin = time.Hour
	o.SetAsideRetryMax = time.Hour
}

// failFor lets the hand-overs of some learners fail.
func (w *world) failFor(learners ...string) {
	w.learn.failWith(func(b triggers.Batch) error {
		if slices.Contains(learners, b.Learner) {
			return errors.New("the run is full")
		}
		return nil
	})
}

// untilSetAside waits until a learner is set aside and returns the record.
func (w *world) untilSetAside(learner string) (s store.SetAside) {
	w.t.Helper()
	w.until(learner+" to be set aside", func() (found bool) {
		s, found = w.setAside(learner)
		return found
	})
	return s
}

func (w *world) setAside(learner string) (store.SetAside, bool) {
	w.t.Helper()
	s, found, err := w.store.Control.ReadSetAside(context.Background(), learner)
	if err != nil {
		w.t.Fatal(err)
	}
	return s, found
}

// waiting is how many events are in the stream of those that are set aside.
func (w *world) waiting() uint64 {
	w.t.Helper()
	stream, err := w.js.Stream(context.Background(), subjects.SetAsideStream)
	if err != nil {
		w.t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

// retry has a learner tried again at once.
func (w *world) retry(learner string) {
	w.t.Helper()
	_, err := w.store.Control.ChangeSetAside(context.Background(), learner, func(s *store.SetAside, exists bool) bool {
		s.Next = time.Now()
		return exists
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// untilTriedAgain waits until so many tries of a learner who is set aside have failed.
func (w *world) untilTriedAgain(learner string, attempts int) {
	w.t.Helper()
	w.until("another try", func() bool {
		s, _ := w.setAside(learner)
		return s.Attempts >= attempts
	})
}

func TestALearnerWhoFailsForLongIsSetAsideAndHoldsNobodyUp(t *testing.T) {
	w := newWorld(t)
	w.tune = quickly
	w.failFor("u_42")
	run := w.run()
	var want []uint64
	for i := range 5 {
		want = append(want, w.lesson("u_42", i))
	}
	neighbor := sameLane("u_42")
	w.lesson(neighbor, 1)
	record := w.untilSetAside("u_42")
	if record.First != want[0] || record.Step != "handing over" || record.Error != "the run is full" || record.Since.IsZero() {
		t.Errorf("record %+v", record)
	}
	now := time.Now()
	p := store.PartitionOf("u_42")
	if at := w.store.Control.AwaitHandedOver(t.Context(), p, now, patience); at.Before(now) {
		t.Errorf("the others' watermark is %v, which is before %v", at, now)
	}
	want = append(want, w.lesson("u_42", 5), w.lesson("u_42", 6))
	w.until("all to wait", func() bool { return w.waiting() == 7 })
	w.retry("u_42")
	w.untilTriedAgain("u_42", 1)
	if len(w.learn.of("u_42")) != 0 || w.waiting() != 7 {
		t.Fatalf("%d were handed over, %d wait", len(w.learn.of("u_42")), w.waiting())
	}
	w.failFor()
	w.retry("u_42")
	w.until("the record to go", func() bool { _, found := w.setAside("u_42"); return !found })
	want = append(want, w.lesson("u_42", 7))
	w.until("everything", func() bool { return len(w.learn.of("u_42")) >= 8 })
	if got := w.learn.applied("u_42"); !slices.Equal(got, want) {
		t.Errorf("the workflow applies %v, want %v", got, want)
	}
	if w.waiting() != 0 || run.Stats().SetAside != 1 {
		t.Errorf("%d wait; stats %+v", w.waiting(), run.Stats())
	}
}

func TestALearnerIsTriedAgainByItself(t *testing.T) {
	w := newWorld(t)
	w.tune = func(o *triggers.Options) {
		quickly(o)
		o.SetAsideRetryMin = 10 * time.Millisecond
		o.SetAsideRetryMax = 40 * time.Millisecond
	}
	w.failFor("u_42")
	w.run()
	seq := w.lesson("u_42", 1)
	w.untilTriedAgain("u_42", 4)
	w.failFor()
	w.until("the event", func() bool { return w.learn.got(seq) })
	w.until("the record to go", func() bool { _, found := w.setAside("u_42"); return !found })
}

// TestWhatWaitsSurvivesACrash: the successor hands over first what waited, then what came while nobody ran, then what is new.
func TestWhatWaitsSurvivesACrash(t *testing.T) {
	w := newWorld(t)
	w.tune = quickly
	w.failFor("u_42")
	first := w.run()
	var want []uint64
	for i := range 3 {
		want = append(want, w.lesson("u_42", i))
	}
	w.untilSetAside("u_42")
	w.until("all to wait", func() bool { return w.waiting() == 3 })
	first.crash()
	for i := range 3 {
		want = append(want, w.lesson("u_42", 10+i))
	}
	w.failFor()
	w.run()
	w.until("what came meanwhile to wait too", func() bool { return w.waiting() == 6 })
	if got := w.learn.of("u_42"); len(got) != 0 {
		t.Fatalf("%d events overtook those that wait", len(got))
	}
	w.retry("u_42")
	w.until("everything", func() bool { return w.learn.distinct() == 6 })
	if got := w.learn.applied("u_42"); !slices.Equal(got, want) {
		t.Errorf("the workflow applies %v, want %v", got, want)
	}
}

// TestNobodyIsSetAsideWhenNobodyCanBeHandedOver: it is no learner's fault.
func TestNobodyIsSetAsideWhenNobodyCanBeHandedOver(t *testing.T) {
	for _, tc := range []struct {
		name     string
		learners int
		err      error
	}{
		{"everybody's hand-over is refused", 10, errors.New("namespace is not known")},
		{"the service does not answer", 1, fmt.Errorf("hand over: %w", triggers.ErrUnavailable)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.tune = quickly
			w.learn.failWith(func(triggers.Batch) error { return tc.err })
			run := w.run()
			for i := range tc.learners {
				w.lesson(fmt.Sprint("u_", i), 1)
			}
			w.until("many tries", func() bool { return run.Stats().Retries > int64(60*tc.learners) })
			if n := run.Stats().SetAside; n != 0 {
				t.Errorf("%d learners were set aside", n)
			}
			w.failFor()
			w.until("everything", func() bool { return w.learn.distinct() == tc.learners })
		})
	}
}

// TestOneWhoFailsWhileOthersDoNotIsSetAsideWhateverTheError: time counts while others are handed over.
func TestOneWhoFailsWhileOthersDoNotIsSetAsideWhateverTheError(t *testing.T) {
	w := newWorld(t)
	w.tune = quickly
	w.learn.failWith(func(b triggers.Batch) error {
		if b.Learner == "u_42" {
			return triggers.ErrUnavailable
		}
		return nil
	})
	w.run()
	w.lesson("u_42", 1)
	for i := 0; ; i++ {
		w.lesson("u_1", i)
		if _, found := w.setAside("u_42"); found {
			return
		}
	}
}

// TestWhatIsSetAsideIsWhatWasPublished: a dead letter tells of the body, the headers and the subject as they came.
func TestWhatIsSetAsideIsWhatWasPublished(t *testing.T) {
	w := newWorld(t)
	w.tune = quickly
	w.failFor("u_42")
	w.run()
	w.lesson("u_42", 1)
	w.untilSetAside("u_42")
	msg := &nats.Msg{
		Subject: subjects.Publish("u_42", "lesson.completed"),
		Header:  nats.Header{"Nats-Msg-Id": {"u_42:e9"}, "Traceparent": {"00-1"}, "Homeroom-Sequence": {"1"}},
		Data:    []byte(`{"properties":`),
	}
	ack, err := w.js.PublishMsg(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	w.until("both to wait", func() bool { return w.waiting() == 2 })
	w.failFor()
	w.retry("u_42")
	letter := w.deadLetters(1)[0]
	if string(letter.Data) != `{"properties":` || letter.Header.Get("Traceparent") != "00-1" ||
		letter.Header.Get(triggers.HeaderSequence) != fmt.Sprint(ack.Sequence) || letter.Header.Get(triggers.HeaderReason) != "unreadable" {
		t.Errorf("dead letter %s %v", letter.Data, letter.Header)
	}
}

// TestOrderHoldsWhoeverRuns: two replicas come and go, hand-overs of one learner fail for a while again and again, and every event arrives after those
// before it.
func TestOrderHoldsWhoeverRuns(t *testing.T) {
	w := newWorld(t)
	w.tune = func(o *triggers.Options) {
		o.SetAsideAfter = 20 * time.Millisecond
		o.SetAsideRetryMin = 5 * time.Millisecond
		o.SetAsideRetryMax = 50 * time.Millisecond
		o.AckWait = 500 * time.Millisecond
		o.PinTTL = time.Second
	}
	dice := rand.New(rand.NewPCG(3, 5))
	var mu sync.Mutex
	w.learn.failWith(func(triggers.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		if dice.IntN(20) > 0 {
			return errors.New("not now")
		}
		return nil
	})
	a := w.run()
	b := w.run()
	var want []uint64
	sets := int64(0)
	for i := range 300 {
		want = append(want, w.lesson("u_42", i))
		if i%20 == 0 {
			w.until("some of them", func() bool { return w.learn.distinct() >= i-20 })
		}
		switch {
		case i%100 == 40:
			sets += a.Stats().SetAside
			a.crash()
			a = w.run()
		case i%100 == 90:
			sets += b.Stats().SetAside
			b.stop()
			b = w.run()
		}
	}
	w.until("everything", func() bool { return w.learn.distinct() == 300 })
	if got := w.learn.applied("u_42"); !slices.Equal(got, want) {
		t.Errorf("the workflow applies %d of %d events: %v", len(got), len(want), missing(want, got))
	}
	w.until("nothing to wait", func() bool { _, found := w.setAside("u_42"); return !found && w.waiting() == 0 })
	if sets += a.Stats().SetAside + b.Stats().SetAside; sets == 0 {
		t.Error("the learner was never set aside")
	}
}

func missing(want, got []uint64) (lost []uint64) {
	for _, seq := range want {
		if !slices.Contains(got, seq) {
			lost = append(lost, seq)
		}
	}
	return lost
}
