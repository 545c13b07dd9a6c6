package triggers_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

var errDown = errors.New("Temporal is unavailable")

func TestEachLearnersEventsArriveInOrderThroughFailures(t *testing.T) {
	w := newWorld(t)
	dice := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	w.learn.failWith(func(triggers.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		if dice.IntN(3) == 0 {
			return errDown
		}
		return nil
	})
	run := w.run()
	want := map[string][]uint64{}
	for i := range 300 {
		learner := "u_" + strconv.Itoa(i%7)
		want[learner] = append(want[learner], w.lesson(learner, i))
	}
	w.until("all events", func() bool { return w.learn.distinct() == 300 })
	for learner, seqs := range want {
		var got []uint64
		for _, ev := range w.learn.of(learner) {
			got = append(got, ev.Seq)
		}
		if diff := cmp.Diff(seqs, got); diff != "" {
			t.Errorf("%s (-published +handed over):\n%s", learner, diff)
		}
	}
	if s := run.Stats(); s.HandedOver != 300 || s.Retries == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestALearnerWhoCannotBeReachedDelaysNobodyElse(t *testing.T) {
	w := newWorld(t)
	stuck := "u_42"
	neighbor := sameLane(stuck)
	w.learn.failWith(func(b triggers.Batch) error {
		if b.Learner == stuck {
			return errDown
		}
		return nil
	})
	w.run()
	first := w.lesson(stuck, 1)
	for i := range 50 {
		w.lesson(neighbor, i)
	}
	second := w.lesson(stuck, 2)
	w.until("the neighbor's events", func() bool { return len(w.learn.of(neighbor)) == 50 })
	if got := w.learn.of(stuck); len(got) != 0 {
		t.Fatalf("handed over %v", got)
	}
	w.learn.failWith(nil)
	w.until("the stuck learner's events", func() bool { return len(w.learn.of(stuck)) == 2 })
	if got := w.learn.applied(stuck); !slices.Equal(got, []uint64{first, second}) {
		t.Errorf("order %v, want %v", got, []uint64{first, second})
	}
}

// sameLane finds another learner in the same partition.
func sameLane(learner string) string {
	for i := 0; ; i++ {
		other := "n_" + strconv.Itoa(i)
		if store.PartitionOf(other) == store.PartitionOf(learner) {
			return other
		}
	}
}

// TestALearnersEventUnderNobodyIsADeadLetter: what is about a learner and stands under "_" is told, with the way out. What has no learner by nature is
// accepted, whatever its body says.
func TestALearnersEventUnderNobodyIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	run := w.run()
	w.publishRaw("learning._.content.published", []byte(`{"id":"c1","properties":{"content_id":"x"}}`))
	w.publishRaw("learning._.accreditation.milestone_reached", []byte(`not even JSON`))
	w.publishRaw("learning._.user.signed_up", []byte(`{"id":"s1","learner_id":"u_42","traits":{"email":"ada@example.org"}}`))
	w.publishRaw("learning._.lesson.completed", []byte(`{"id":"l1","properties":{"lesson_id":"l1","course_id":"c1"}}`))
	w.publishRaw("learning._.lesson.complete", []byte(`{"id":"l2"}`))
	w.publishRaw("learning._.enrollment.created", []byte(`not even JSON`))
	got := map[string]string{}
	for _, letter := range w.deadLetters(4) {
		got[letter.Subject] = letter.Header.Get(triggers.HeaderReason) + "; " + letter.Header.Get(triggers.HeaderHint)
	}
	want := map[string]string{
		"dead._.user.signed_up":     "bad_learner; publish it under learning.u_42.user.signed_up",
		"dead._.lesson.completed":   "bad_learner; publish it under the learner's own id",
		"dead._.lesson.complete":    "unknown_event; ",
		"dead._.enrollment.created": "unreadable; ",
	}
	for subject, reason := range want {
		if !strings.HasPrefix(got[subject], reason) || len(got) != len(want) {
			t.Errorf("%s: %q, want %q; all: %v", subject, got[subject], reason, got)
		}
	}
	w.until("the rest", func() bool { return run.Stats().NoLearner == 2 })
	w.until("an empty consumer", func() bool { return w.unfinished() == 0 })
	if s := run.Stats(); s.Dead != 4 || s.HandedOver+s.Unneeded != 0 {
		t.Errorf("stats %+v, want 4 dead letters", s)
	}
}

func TestEveryEventIsAccountedFor(t *testing.T) {
	w := newWorld(t)
	run := w.run()
	for i := range 40 {
		learner := "u_" + strconv.Itoa(i%5)
		w.lesson(learner, i)
		w.publish(learner, "video.played", map[string]any{"id": "v" + strconv.Itoa(i), "properties": map[string]any{"video_id": "v1", "lesson_id": "l1"}})
		w.publish(learner, "lesson.complete", map[string]any{"id": "x" + strconv.Itoa(i)})
		w.publish("_", "content.published", map[string]any{"id": "a" + strconv.Itoa(i)})
	}
	w.until("everything", func() bool {
		s := run.Stats()
		return s.HandedOver+s.Unneeded+s.NoLearner+s.Dead == 160
	})
	if s := run.Stats(); s.HandedOver != 40 || s.Unneeded != 40 || s.NoLearner != 40 || s.Dead != 40 {
		t.Errorf("stats %+v, want 40 of each", s)
	}
	if got := w.learn.distinct(); got != 40 {
		t.Errorf("%d events reached the workflows, want 40", got)
	}
	for learner := range 5 {
		for _, ev := range w.learn.of("u_" + strconv.Itoa(learner)) {
			if ev.Name != "lesson.completed" {
				t.Errorf("%s reached a workflow", ev.Name)
			}
		}
	}
	w.until("an empty consumer", func() bool { return w.unfinished() == 0 })
}

// unfinished is how many messages the consumers have not finished.
func (w *world) unfinished() int {
	n, err := natstest.CountUnfinished(context.Background(), w.js, subjects.Stream)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// streamMade is when the stream of events was created, in Unix seconds.
func (w *world) streamMade() int64 {
	w.t.Helper()
	stream, err := w.js.Stream(context.Background(), subjects.Stream)
	if err != nil {
		w.t.Fatal(err)
	}
	return stream.CachedInfo().Created.Unix()
}

func TestWhatIsHandedOver(t *testing.T) {
	w := newWorld(t)
	started := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := clock.New(time.Now(), started, 3600)
	w.tune = func(o *triggers.Options) { o.Clock = c }
	w.run()
	seq := w.publish("auth0|7", "assessment.graded", map[string]any{
		"id": "e1", "time": "2026-03-02T09:00:00Z",
		"properties": map[string]any{"assessment_id": "a1", "score_pct": 40, "passed": false, "grader_type": "auto"},
		"traits":     map[string]any{"email": "ada@example.org", "timezone": "Europe/Berlin"},
	})
	w.until("the event", func() bool { return w.learn.got(seq) })
	got := w.learn.batches[0]
	if got.Learner != "auth0|7" || got.Partition != store.PartitionOf("auth0|7") {
		t.Errorf("batch for %s in partition %d", got.Learner, got.Partition)
	}
	ev := got.Events[0]
	want := engine.Event{
		ID:         "e1",
		Name:       "assessment.graded",
		Learner:    "auth0|7",
		Time:       started,
		Seq:        seq,
		Properties: map[string]any{"assessment_id": "a1", "score_pct": 40.0},
		StoredAt:   ev.StoredAt,
		Stream:     w.streamMade(),
	}
	if diff := cmp.Diff(want, ev); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if ev.StoredAt.Before(started) || ev.StoredAt.After(c.Now()) {
		t.Errorf("stored at %v, want it in the scaled time since %v", ev.StoredAt, started)
	}
	if !got.Watermark.Before(ev.StoredAt) || ev.StoredAt.Sub(got.Watermark) > time.Second {
		t.Errorf("mark %v for an event stored at %v", got.Watermark, ev.StoredAt)
	}
	p, err := w.store.Profiles.Get(context.Background(), "auth0|7")
	if err != nil || p.Email != "ada@example.org" || p.Timezone != "Europe/Berlin" {
		t.Errorf("profile %+v, %v", p, err)
	}
	st, err := w.store.Standings.Get(context.Background(), "auth0|7")
	if err != nil || st.FirstSeenAt.IsZero() {
		t.Errorf("standing %+v, %v", st, err)
	}
}

func TestABurstIsOneHandOver(t *testing.T) {
	w := newWorld(t)
	const linger = 300 * time.Millisecond
	w.tune = func(o *triggers.Options) { o.Linger = linger }
	for i := range 100 {
		w.lesson("u_1", i)
	}
	began := time.Now()
	w.run()
	w.until("the burst", func() bool { return w.learn.distinct() == 100 })
	most := int(time.Since(began)/linger) + 1 // a slow server delivers the burst in more time than one hand-over waits for
	if n := len(w.learn.batches); n > most {
		t.Errorf("a burst of one learner was %d hand-overs, want at most %d", n, most)
	}
}

func TestBatchesAreSplit(t *testing.T) {
	w := newWorld(t)
	w.rules.KeptProperties["lesson.completed"] = []string{"essay"}
	w.tune = func(o *triggers.Options) { o.Linger = 300 * time.Millisecond }
	for i := range 6 {
		w.publish("u_1", "lesson.completed", map[string]any{
			"id": strconv.Itoa(i), "properties": map[string]any{"lesson_id": "l1", "course_id": "c1", "essay": strings.Repeat("x", 100<<10)},
		})
	}
	w.run()
	w.until("all", func() bool { return w.learn.distinct() == 6 })
	for _, b := range w.learn.batches {
		if len(b.Events) > 2 {
			t.Errorf("a batch of %d events of 100 KB", len(b.Events))
		}
	}
	if got := w.learn.of("u_1"); !slices.IsSortedFunc(got, func(a, b engine.Event) int { return int(a.Seq) - int(b.Seq) }) {
		t.Error("split batches are out of order")
	}
}

func TestRefusedForGood(t *testing.T) {
	w := newWorld(t)
	w.learn.failWith(func(b triggers.Batch) error {
		if b.Events[0].ID == "u_1-1" {
			return fmt.Errorf("blob too large: %w", triggers.ErrRefused)
		}
		return nil
	})
	w.run()
	w.lesson("u_1", 1)
	if got := w.deadLetters(1)[0].Header.Get(triggers.HeaderReason); got != triggers.CodeRefused {
		t.Errorf("reason %s", got)
	}
	w.lesson("u_1", 2)
	w.until("the next event", func() bool { return w.learn.distinct() == 1 })
}

func TestAPanicHurtsOnlyItself(t *testing.T) {
	w := newWorld(t)
	w.rules.Rules = append(w.rules.Rules, &engine.Rule{Name: "bad", When: engine.Trigger{Match: engine.Match{Event: "certificate.earned", Gate: explosive{}}}})
	var once sync.Once
	w.learn.failWith(func(b triggers.Batch) error {
		once.Do(func() { panic("the starter fell over") })
		return nil
	})
	w.run()
	w.lesson("u_1", 1)
	w.publish("u_1", "certificate.earned", map[string]any{"id": "c", "properties": map[string]any{"certificate_id": "x", "course_id": "c1"}})
	w.lesson("u_1", 2)
	w.until("the sound events", func() bool { return w.learn.distinct() == 2 })
	if got := w.deadLetters(1)[0].Header.Get(triggers.HeaderReason); got != triggers.CodeCrashed {
		t.Errorf("reason %s", got)
	}
}

type explosive struct{}

func (explosive) Eval(*engine.Vars) (any, error) { panic("boom") }
func (explosive) Source() string                 { return "boom" }

func TestNothingMovesBeforeTheFirstRuleset(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var rs *engine.Ruleset
	w.tune = func(o *triggers.Options) {
		o.Ruleset = func() *engine.Ruleset { mu.Lock(); defer mu.Unlock(); return rs }
	}
	run := w.run()
	w.lesson("u_1", 1)
	w.until("failed tries", func() bool { return run.Stats().Retries > 2 })
	mu.Lock()
	rs = w.rules
	mu.Unlock()
	w.until("the event", func() bool { return w.learn.distinct() == 1 })
}
