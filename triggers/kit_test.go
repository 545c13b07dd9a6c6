package triggers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// patience is how long a test waits for what it expects, on a machine that is busy with other things.
const patience = 90 * time.Second

// world is one NATS server with everything set up, and a fake workflow service.
type world struct {
	t     testing.TB
	srv   *natstest.Server
	nc    *nats.Conn
	js    jetstream.JetStream
	store *store.Store
	learn *starter
	rules *engine.Ruleset
	tune  func(*triggers.Options)
}

func newWorld(t testing.TB) *world {
	srv, js, st := natstest.Open(t)
	w := &world{t: t, srv: srv, nc: js.Conn(), js: js, store: st, learn: newStarter(), rules: rules("lesson.completed", "assessment.graded")}
	return w
}

// rules are a ruleset that wants the named events and keeps score_pct.
func rules(events ...string) *engine.Ruleset {
	rs := &engine.Ruleset{
		Hash:           "test",
		Keys:           map[string][]string{"lesson.completed": {"lesson_id"}, "assessment.graded": {"assessment_id"}},
		KeptProperties: map[string][]string{"assessment.graded": {"score_pct"}},
	}
	rs.Settings.Resolution = 10 * time.Minute
	rs.Settings.Activity = map[string]bool{"lesson.completed": true}
	for _, name := range events {
		rs.Rules = append(rs.Rules, &engine.Rule{Name: name, When: engine.Trigger{Match: engine.Match{Event: name}}})
	}
	return rs
}

// running are triggers at work.
type running struct {
	*triggers.Triggers
	nc      *nats.Conn
	crashed *atomic.Bool
	stop    func() // cleanly
}

// crash takes the connection away: neither acknowledgements nor anything else get through any more, as with kill -9.
func (r *running) crash() {
	r.crashed.Store(true)
	r.nc.Close()
	r.stop()
}

// run starts triggers on a connection of their own.
func (w *world) run() *running {
	w.t.Helper()
	nc, js := w.srv.Connect()
	// A store of its own: a new process has no caches.
	st, err := store.Open(context.Background(), js, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		w.t.Fatal(err)
	}
	cat, err := catalog.Default()
	if err != nil {
		w.t.Fatal(err)
	}
	o := triggers.Options{
		JS:              js,
		Catalog:         func() *catalog.Catalog { return cat },
		Ruleset:         func() *engine.Ruleset { return w.rules },
		Starter:         w.learn,
		Standings:       st.Standings,
		Paths:           st.Paths,
		Profiles:        st.Profiles,
		Watermarks:      st.Control,
		AckWait:         2 * time.Second,
		PinTTL:          3 * time.Second,
		WatermarkEvery:  20 * time.Millisecond,
		WatermarkMargin: 5 * time.Millisecond,
		SetAsides:       st.Control,
		Pace:            -1,
		RetryMin:        time.Millisecond,
		RetryMax:        20 * time.Millisecond,
		Grace:           2 * time.Second,
		Log:             slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if w.tune != nil {
		w.tune(&o)
	}
	tr, err := triggers.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tr.Run(ctx) }()
	crashed := new(atomic.Bool)
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil && !crashed.Load() {
				w.t.Error(err)
			}
		case <-time.After(patience):
			w.t.Error("triggers do not stop")
		}
		st.Control.Close()
	})
	w.t.Cleanup(stop)
	return &running{Triggers: tr, nc: nc, crashed: crashed, stop: stop}
}

// publish stores one event and returns its stream sequence.
func (w *world) publish(learner, event string, body map[string]any) uint64 {
	w.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.publishRaw(subjects.Publish(learner, event), data)
}

func (w *world) publishRaw(subject string, body []byte) uint64 {
	w.t.Helper()
	ack, err := w.js.Publish(context.Background(), subject, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return ack.Sequence
}

// lesson publishes a wanted event.
func (w *world) lesson(learner string, n int) uint64 {
	w.t.Helper()
	return w.publish(learner, "lesson.completed", map[string]any{
		"id": fmt.Sprintf("%s-%d", learner, n), "properties": map[string]any{"lesson_id": fmt.Sprintf("l%d", n), "course_id": "c1"},
	})
}

// deadLetters waits for n dead letters and returns all there are.
func (w *world) deadLetters(n int) []*jetstream.RawStreamMsg {
	w.t.Helper()
	stream, err := w.js.Stream(context.Background(), subjects.DeadStream)
	if err != nil {
		w.t.Fatal(err)
	}
	var last uint64
	w.until("dead letters", func() bool {
		info, err := stream.Info(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		last = info.State.LastSeq
		return last >= uint64(n)
	})
	var letters []*jetstream.RawStreamMsg
	for seq := uint64(1); seq <= last; seq++ {
		msg, err := stream.GetMsg(context.Background(), seq)
		if err != nil {
			w.t.Fatal(err)
		}
		letters = append(letters, msg)
	}
	return letters
}

// until polls a condition that the server decides.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("still waiting for %s", what)
		}
	}
}

// awaitServer waits until the restarted server answers. That the client says it is connected is not enough: it may not have noticed yet that the
// server was gone, and what it publishes then is lost.
func (w *world) awaitServer() {
	w.t.Helper()
	w.until("the server's answer", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := w.js.Stream(ctx, subjects.Stream)
		return err == nil
	})
}

// starter is the workflow service: it remembers what it was handed, and fails when told to.
type starter struct {
	mu      sync.Mutex
	batches []triggers.Batch
	events  map[string][]engine.Event // by learner, as accepted
	seqs    map[uint64]int            // how often each was accepted
	fail    func(triggers.Batch) error
	total   int
}

func newStarter() *starter {
	return &starter{events: map[string][]engine.Event{}, seqs: map[uint64]int{}}
}

func (s *starter) HandOver(_ context.Context, b triggers.Batch) error {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		if err := fail(b); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, b)
	s.events[b.Learner] = append(s.events[b.Learner], b.Events...)
	for _, ev := range b.Events {
		s.seqs[ev.Seq]++
		s.total++
	}
	return nil
}

func (s *starter) failWith(f func(triggers.Batch) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

func (s *starter) of(learner string) []engine.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[learner])
}

// applied is what the workflow makes of it: an event at or below the last applied sequence is a repeat.
func (s *starter) applied(learner string) []uint64 {
	var seqs []uint64
	var last uint64
	for _, ev := range s.of(learner) {
		if ev.Seq > last {
			last = ev.Seq
			seqs = append(seqs, ev.Seq)
		}
	}
	return seqs
}

func (s *starter) distinct() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seqs)
}

func (s *starter) got(seq uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seqs[seq] > 0
}
