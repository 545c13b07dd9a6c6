package triggertest

import (
	"bytes"
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
	"github.com/nats-io/nats.go"

	"homeroom/catalog"
	"homeroom/clock"
	"homeroom/engine"
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

// unfinished is what JetStream still has for the consumers.
func (w *world) unfinished() int {
	n := 0
	stream, err := w.js.Stream(context.Background(), subjects.Stream)
	if err != nil {
		w.t.Fatal(err)
	}
	list := stream.ListConsumers(context.Background())
	for info := range list.Info() {
		n += info.NumAckPending + int(info.NumPending)
	}
	return n
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
		ID: "e1", Name: "assessment.graded", Learner: "auth0|7", Time: started, Seq: seq,
		Properties: map[string]any{"assessment_id": "a1", "score_pct": 40.0}, StoredAt: ev.StoredAt,
	}
	if diff := cmp.Diff(want, ev); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if ev.StoredAt.Before(started) || ev.StoredAt.After(c.Now()) {
		t.Errorf("stored at %v, want it in the scaled time since %v", ev.StoredAt, started)
	}
	if !got.MarkTime.Before(ev.StoredAt) || ev.StoredAt.Sub(got.MarkTime) > time.Second {
		t.Errorf("mark %v for an event stored at %v", got.MarkTime, ev.StoredAt)
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
	w.tune = func(o *triggers.Options) { o.Linger = 300 * time.Millisecond }
	for i := range 100 {
		w.lesson("u_1", i)
	}
	w.run()
	w.until("the burst", func() bool { return w.learn.distinct() == 100 })
	if n := len(w.learn.batches); n > 2 {
		t.Errorf("%d hand-overs for a burst of one learner", n)
	}
}

func TestBatchesAreSplit(t *testing.T) {
	w := newWorld(t)
	w.rules.Keep["lesson.completed"] = []string{"essay"}
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

func TestDeadLetters(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		name, subject, body string
		reason, hint, says  string
		dead                string // subject of the dead letter
	}{
		{"a misspelled event", "learning.u_1.lesson.complete", `{"id":"1"}`,
			catalog.CodeUnknownEvent, "", "did you mean lesson.completed?", "dead.u_1.lesson.complete"},
		{"not JSON", "learning.u_1.lesson.completed", `{"id":`,
			catalog.CodeUnreadable, "", "not JSON", "dead.u_1.lesson.completed"},
		{"a number as text", "learning.u_1.assessment.graded", `{"id":"1","properties":{"assessment_id":"a","score_pct":"40"}}`,
			catalog.CodeWrongType, "", "score_pct", "dead.u_1.assessment.graded"},
		{"no entity key", "learning.u_1.assessment.graded", `{"id":"1","properties":{}}`,
			catalog.CodeMissingKey, "", "assessment_id", "dead.u_1.assessment.graded"},
		{"somebody else's event", "learning.auth0=7C7.lesson.completed", `{"id":"1","learner_id":"u_2","properties":{"lesson_id":"l","course_id":"c"}}`,
			catalog.CodeLearnerMismatch, "agree", "", "dead.auth0=7C7.lesson.completed"},
		{"a time far in the future", "learning.u_1.lesson.completed", `{"id":"1","time":"2099-01-01T00:00:00Z","properties":{"lesson_id":"l","course_id":"c"}}`,
			catalog.CodeBadTime, "clock", "", "dead.u_1.lesson.completed"},
		{"1 MB", "learning.u_1.lesson.completed", `{"id":"1","x":"` + strings.Repeat("x", 1<<20) + `"}`,
			catalog.CodeTooLarge, "", "", "dead.u_1.lesson.completed"},
		{"a subject that cannot be read", "learning.u=zz.lesson.completed", `{"id":"1"}`,
			triggers.CodeBadSubject, "publish to learning.<learner>.<event>", "u=zz", "dead.u=3Dzz.lesson.completed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w.t = t
			purge(t, w)
			seq := w.publishRaw(tc.subject, []byte(tc.body))
			run := w.run()
			defer run.stop()
			letter := w.deadLetters(1)[0]
			if letter.Subject != tc.dead {
				t.Errorf("subject %s, want %s", letter.Subject, tc.dead)
			}
			if got := letter.Header.Get(triggers.HeaderReason); got != tc.reason {
				t.Errorf("reason %s, want %s", got, tc.reason)
			}
			if got := letter.Header.Get(triggers.HeaderHint); !strings.Contains(got, tc.hint) {
				t.Errorf("hint %q, want %q", got, tc.hint)
			}
			if got := letter.Header.Get(triggers.HeaderMessage); !strings.Contains(got, tc.says) {
				t.Errorf("message %q, want %q", got, tc.says)
			}
			if got := letter.Header.Get(triggers.HeaderSequence); got != strconv.FormatUint(seq, 10) {
				t.Errorf("sequence %s, want %d", got, seq)
			}
			if !bytes.Equal(letter.Data, []byte(tc.body)) {
				t.Errorf("the body is not the original: %d bytes, want %d", len(letter.Data), len(tc.body))
			}
			w.until("its acknowledgement", func() bool { return w.unfinished() == 0 })
			if w.learn.distinct() != 0 {
				t.Error("it reached a workflow")
			}
		})
	}
}

func purge(t *testing.T, w *world) {
	t.Helper()
	stream, err := w.js.Stream(context.Background(), subjects.DeadStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.js.DeleteStream(context.Background(), subjects.DeadStream); err != nil {
		t.Fatal(err)
	}
	if _, err := w.js.CreateStream(context.Background(), stream.CachedInfo().Config); err != nil {
		t.Fatal(err)
	}
}

func TestADeadLetterThatDoesNotFitIsCut(t *testing.T) {
	w := newWorld(t)
	body := bytes.Repeat([]byte("x"), 2<<20-200) // the server takes 2 MB, headers included
	w.publishRaw("learning.u_1.lesson.completed", body)
	w.run()
	letter := w.deadLetters(1)[0]
	if got := letter.Header.Get(triggers.HeaderTruncated); got != strconv.Itoa(len(body)) || len(letter.Data) == 0 {
		t.Errorf("truncated %q, %d bytes kept", got, len(letter.Data))
	}
}

func TestADeadLetterKeepsItsHeaders(t *testing.T) {
	w := newWorld(t)
	msg := &nats.Msg{Subject: "learning.u_1.nonsense", Data: []byte("{}"), Header: nats.Header{"Ce-Type": {"nonsense"}, "Nats-Msg-Id": {"u_1:1"}}}
	if _, err := w.js.PublishMsg(context.Background(), msg); err != nil {
		t.Fatal(err)
	}
	w.run()
	letter := w.deadLetters(1)[0]
	if letter.Header.Get("Ce-Type") != "nonsense" || letter.Header.Get("Nats-Msg-Id") == "u_1:1" {
		t.Errorf("headers %v", letter.Header)
	}
}

// The stream takes 64 KiB of headers, and a dead letter has some more than its original.
func TestADeadLetterWhoseHeadersDoNotFitGoesWithoutThem(t *testing.T) {
	w := newWorld(t)
	msg := &nats.Msg{Subject: "learning.u_1.nonsense", Data: []byte("{}"), Header: nats.Header{"Ce-Type": {strings.Repeat("x", 65_400)}}}
	if _, err := w.js.PublishMsg(context.Background(), msg); err != nil {
		t.Fatal(err)
	}
	w.run()
	letter := w.deadLetters(1)[0]
	if letter.Header.Get("Ce-Type") != "" || letter.Header.Get(triggers.HeaderReason) != catalog.CodeUnknownEvent || letter.Header.Get(triggers.HeaderTruncated) == "" {
		t.Errorf("headers %v", letter.Header)
	}
}

func TestNoDeadLetterIsLostOrDoubled(t *testing.T) {
	w := newWorld(t)
	stream, err := w.js.Stream(context.Background(), subjects.DeadStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.js.DeleteStream(context.Background(), subjects.DeadStream); err != nil {
		t.Fatal(err)
	}
	run := w.run()
	w.publish("u_1", "nonsense", map[string]any{"id": "1"})
	w.until("failed tries", func() bool { return run.Stats().Retries > 3 })
	if w.unfinished() != 1 {
		t.Fatalf("%d unfinished, want 1: nothing may be acknowledged yet", w.unfinished())
	}
	if _, err := w.js.CreateStream(context.Background(), stream.CachedInfo().Config); err != nil {
		t.Fatal(err)
	}
	w.deadLetters(1)
	run.crash() // perhaps before the acknowledgement arrived
	again := w.run()
	w.lesson("u_1", 1)
	w.until("the next event", func() bool { return w.learn.distinct() == 1 })
	if letters := w.deadLetters(1); len(letters) != 1 {
		t.Errorf("%d dead letters for one event", len(letters))
	}
	again.stop()
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
