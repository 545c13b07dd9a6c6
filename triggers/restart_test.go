package triggers_test

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/subjects"
	"homeroom/triggers"
)

func TestAfterACrashOldEventsGoBeforeNewOnes(t *testing.T) {
	w := newWorld(t)
	w.learn.failWith(func(b triggers.Batch) error {
		if b.Learner == "u_42" {
			return errDown
		}
		return nil
	})
	first := w.run()
	neighbor := sameLane("u_42")
	var want []uint64
	for i := range 5 {
		want = append(want, w.lesson("u_42", i))
		w.lesson(neighbor, i)
	}
	w.until("the neighbor", func() bool { return len(w.learn.of(neighbor)) == 5 })
	w.until("failed tries", func() bool { return first.Stats().Retries > 2 })
	first.crash()

	// Down: more is published. The unacknowledged ones come again only after AckWait, these at once.
	for i := range 5 {
		want = append(want, w.lesson("u_42", 10+i))
	}
	w.learn.failWith(nil)
	second := w.run()
	w.until("everything", func() bool { return len(w.learn.applied("u_42")) >= 10 })
	if got := w.learn.applied("u_42"); !slices.Equal(got, want) {
		t.Errorf("the workflow applies %v, want %v", got, want)
	}
	if second.Stats().Parkings == 0 {
		t.Error("new messages did not wait for the old ones")
	}
}

func TestAfterACleanStopTheNextOneGoesOnAtOnce(t *testing.T) {
	w := newWorld(t)
	w.tune = func(o *triggers.Options) { o.AckWait = time.Minute; o.PinTTL = time.Minute }
	w.learn.failWith(func(triggers.Batch) error { return errDown })
	first := w.run()
	var want []uint64
	for i := range 20 {
		want = append(want, w.lesson("u_1", i))
	}
	w.until("failed tries", func() bool { return first.Stats().Retries > 2 })
	first.stop()
	w.learn.failWith(nil)
	w.run()
	w.until("everything, long before AckWait", func() bool { return w.learn.distinct() == 20 })
	if got := w.learn.applied("u_1"); !slices.Equal(got, want) {
		t.Errorf("the workflow applies %v, want %v", got, want)
	}
}

func TestStopFinishesWhatIsInHand(t *testing.T) {
	w := newWorld(t)
	begun := make(chan struct{})
	goOn := make(chan struct{})
	w.learn.failWith(func(triggers.Batch) error { close(begun); <-goOn; return nil })
	run := w.run()
	seq := w.lesson("u_1", 1)
	<-begun
	stopped := make(chan struct{})
	go func() { run.stop(); close(stopped) }()
	close(goOn)
	<-stopped
	if !w.learn.got(seq) {
		t.Error("the hand-over that had begun was not finished")
	}
	w.until("its acknowledgement", func() bool { return w.unfinished() == 0 })
}

func TestCrashesUnderLoadLoseNothingAndKeepTheOrder(t *testing.T) {
	w := newWorld(t)
	want := map[string][]uint64{}
	published := 0
	publish := func(n int) {
		for range n {
			learner := "u_" + strconv.Itoa(published%11)
			want[learner] = append(want[learner], w.lesson(learner, published))
			published++
		}
	}
	n := 0
	w.learn.failWith(func(b triggers.Batch) error {
		w.learn.mu.Lock()
		defer w.learn.mu.Unlock()
		if n++; n%4 == 0 {
			return errDown
		}
		return nil
	})
	for range 3 {
		before := w.learn.distinct()
		run := w.run()
		publish(60)
		w.until("some events", func() bool { return w.learn.distinct() > before })
		run.crash()
		publish(20)
	}
	w.run()
	w.until("everything", func() bool { return w.learn.distinct() == published })
	for learner, seqs := range want {
		if got := w.learn.applied(learner); !slices.Equal(got, seqs) {
			t.Errorf("%s: the workflow applies %v, want %v", learner, got, seqs)
		}
	}
}

// Which events are wanted may depend on what they changed in the standing, and the standing is written before the
// hand-over. A crash in between must not make the event look as if nothing had happened.
func TestAnEventThatEndedASilenceIsStillWantedAfterACrash(t *testing.T) {
	w := newWorld(t)
	w.rules = rules()
	w.rules.Rules = []*engine.Rule{{Name: "back-again", When: engine.Trigger{Inactive: 24 * time.Hour, Platform: true}}}
	w.learn.failWith(func(triggers.Batch) error { return errDown })
	first := w.run()
	seq := w.lesson("u_1", 1) // the first activity ever
	w.until("failed tries", func() bool { return first.Stats().Retries > 2 })
	if st, err := w.store.Standings.Get(context.Background(), "u_1"); err != nil || st.FirstSeenAt.IsZero() {
		t.Fatalf("the standing was not written before the hand-over: %+v, %v", st, err)
	}
	first.crash()
	w.learn.failWith(nil)
	w.run()
	w.until("the event", func() bool { return w.learn.got(seq) })
}

// A backlog is noted many events at a time. A crash before their hand-over must make none of them look unneeded.
func TestManyEventsThatEndedSilencesAreStillWantedAfterACrash(t *testing.T) {
	w := newWorld(t)
	w.rules = rules()
	w.rules.Rules = []*engine.Rule{{Name: "back-again", When: engine.Trigger{Inactive: time.Hour, Platform: true}}}
	var want []uint64
	began := time.Now().Add(-1000 * time.Hour)
	for i := range 200 {
		want = append(want, w.publish("u_1", "lesson.completed", map[string]any{
			"id": strconv.Itoa(i), "time": began.Add(time.Duration(i) * 2 * time.Hour).Format(time.RFC3339), "properties": map[string]any{"lesson_id": "l1", "course_id": "c1"},
		}))
	}
	w.tune = func(o *triggers.Options) { o.Linger = 300 * time.Millisecond } // they come into hand together
	w.learn.failWith(func(triggers.Batch) error { return errDown })
	first := w.run()
	w.until("failed tries", func() bool { return first.Stats().Retries > 2 })
	first.crash()
	w.learn.failWith(nil)
	w.run()
	w.until("everything", func() bool { return w.unfinished() == 0 })
	if got := w.learn.applied("u_1"); !slices.Equal(got, want) {
		t.Errorf("%d events were handed over: %v, want %d: %v", len(got), got, len(want), want)
	}
}

// clockFromNoon returns a clock that runs from today's noon on, by UTC. What is read and what happened an hour before are on one day, whenever a test runs.
func clockFromNoon() clock.Clock {
	now := time.Now()
	return clock.New(now, now.UTC().Truncate(24*time.Hour).Add(12*time.Hour), 1)
}

// firstLesson is count("lesson.completed", "7d") == 1.
type firstLesson struct{}

func (firstLesson) Eval(v *engine.Vars) (any, error) {
	return v.Past.Count("lesson.completed", 7) == 1, nil
}
func (firstLesson) Source() string { return "count == 1" }

// A count that held when an event was noted may hold no more when it is read again after a crash, because the next event is counted then too.
func TestAnEventWantedByItsCountIsStillWantedAfterACrash(t *testing.T) {
	w := newWorld(t)
	w.rules = rules()
	w.rules.Counted = map[string]int{"lesson.completed": 7}
	w.rules.Rules = []*engine.Rule{{Name: "first-lesson", When: engine.Trigger{Match: engine.Match{Event: "lesson.completed", If: firstLesson{}, Counts: firstLesson{}}}}}
	noon := clockFromNoon()
	w.tune = func(o *triggers.Options) {
		o.Clock = noon
		o.Linger = 300 * time.Millisecond // they come into hand together
	}
	var seqs []uint64
	for i := range 3 {
		seqs = append(seqs, w.publish("u_1", "lesson.completed", map[string]any{"id": strconv.Itoa(i), "properties": map[string]any{"lesson_id": "l1", "course_id": "c1"}}))
	}
	w.learn.failWith(func(triggers.Batch) error { return errDown })
	first := w.run()
	w.until("failed tries", func() bool { return first.Stats().Retries > 2 })
	first.crash()
	w.learn.failWith(nil)
	w.run()
	w.until("everything", func() bool { return w.unfinished() == 0 })
	if got := w.learn.applied("u_1"); !slices.Equal(got, seqs[:1]) {
		t.Errorf("handed over: %v, want the first of %v alone", got, seqs)
	}
}

// thirdLesson is count("lesson.completed", "7d") == 3.
type thirdLesson struct{}

func (thirdLesson) Eval(v *engine.Vars) (any, error) {
	return v.Past.Count("lesson.completed", 7) == 3, nil
}
func (thirdLesson) Source() string { return "count == 3" }

// An event whose count did not hold when it was noted is not wanted later, when the count holds: neither read again after a crash, nor published again under its id. The one
// whose count held is handed over in both cases, also if its standing was written and the process died before the hand-over.
func TestTheAnswerOfACountStands(t *testing.T) {
	w := newWorld(t)
	w.rules = rules()
	w.rules.Counted = map[string]int{"lesson.completed": 7}
	w.rules.Rules = []*engine.Rule{{Name: "third-lesson", When: engine.Trigger{Match: engine.Match{Event: "lesson.completed", If: thirdLesson{}, Counts: thirdLesson{}}}}}
	noon := clockFromNoon()
	w.tune = func(o *triggers.Options) {
		o.Clock = noon
		o.Linger = 300 * time.Millisecond // they come into hand together
	}
	at := noon.Now().Add(-time.Hour).Format(time.RFC3339) // on the day on which they are stored: others are handed over unasked
	publish := func() (seqs []uint64) {
		for i := range 3 {
			seqs = append(seqs, w.publish("u_1", "lesson.completed", map[string]any{"id": strconv.Itoa(i), "time": at, "properties": map[string]any{"lesson_id": "l1", "course_id": "c1"}}))
		}
		return seqs
	}
	first := publish()
	w.learn.failWith(func(triggers.Batch) error { return errDown })
	dying := w.run()
	w.until("failed tries", func() bool { return dying.Stats().Retries > 2 })
	if st, err := w.store.Standings.Get(context.Background(), "u_1"); err != nil || len(st.Counts) == 0 {
		t.Fatalf("the standing was not written before the hand-over: %+v, %v", st, err)
	}
	dying.crash()
	w.learn.failWith(nil)
	w.run()
	w.until("everything", func() bool { return w.unfinished() == 0 })
	if got := w.learn.applied("u_1"); !slices.Equal(got, first[2:]) {
		t.Errorf("handed over: %v, want the third of %v alone", got, first)
	}
	repeats := publish()
	w.until("the repeats", func() bool { return w.unfinished() == 0 })
	// The workflow recognizes the repeat of the third by its id.
	if got, want := w.learn.applied("u_1"), []uint64{first[2], repeats[2]}; !slices.Equal(got, want) {
		t.Errorf("handed over: %v, want %v", got, want)
	}
}

func TestTheServersRestartIsSurvived(t *testing.T) {
	w := newWorld(t)
	w.run()
	var want []uint64
	for i := range 20 {
		want = append(want, w.lesson("u_1", i))
	}
	w.until("the first events", func() bool { return w.learn.distinct() > 0 })
	w.srv.Restart()
	w.awaitServer()
	for i := range 20 {
		want = append(want, w.lesson("u_1", 100+i))
	}
	w.until("everything", func() bool { return len(w.learn.applied("u_1")) == 40 })
	if got := w.learn.applied("u_1"); !slices.Equal(got, want) {
		t.Errorf("the workflow applies %v, want %v", got, want)
	}
}

func TestAStandbyTakesOver(t *testing.T) {
	w := newWorld(t)
	n := 0
	w.learn.failWith(func(triggers.Batch) error {
		w.learn.mu.Lock()
		defer w.learn.mu.Unlock()
		if n++; n%3 == 0 {
			return errDown
		}
		return nil
	})
	want := map[string][]uint64{}
	published := 0
	publish := func(count int) {
		for range count {
			learner := "u_" + strconv.Itoa(published%11)
			want[learner] = append(want[learner], w.lesson(learner, published))
			published++
		}
	}
	first := w.run()
	publish(50)
	w.until("the first replica's work", func() bool { return w.learn.distinct() > 20 })
	second := w.run()
	publish(100)
	first.crash()
	publish(50)
	w.until("everything", func() bool { return w.learn.distinct() == published })
	third := w.run()
	publish(50)
	second.stop()
	publish(50)
	w.until("everything", func() bool { return w.learn.distinct() == published })
	for learner, seqs := range want {
		if got := w.learn.applied(learner); !slices.Equal(got, seqs) {
			t.Errorf("%s: the workflow applies %v, want %v", learner, got, seqs)
		}
	}
	if third.Stats().HandedOver == 0 {
		t.Error("the third replica was never served")
	}
}

// The first message of a partition waits until it is known whether another replica was served before. That is asked at once, not when the next watermark
// is due.
func TestTheFirstEventOfAPartitionDoesNotWaitForAWatermark(t *testing.T) {
	w := newWorld(t)
	var published atomic.Int64
	w.tune = func(o *triggers.Options) {
		o.WatermarkEvery = time.Hour
		o.Watermarks = checked{w.store.Control, func(int, time.Time) { published.Add(1) }}
	}
	running := w.run()
	w.until("the first watermark of each partition", func() bool { return published.Load() == subjects.Partitions })
	seq := w.lesson("u_1", 1)
	w.until("the event", func() bool { return w.learn.got(seq) })
	if running.Stats().Parkings == 0 {
		t.Error("the event did not wait for older ones, so this test shows nothing")
	}
}
